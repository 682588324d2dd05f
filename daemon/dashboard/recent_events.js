// The latest events in a few words each.

import {make, setAttribute, setText, show} from './elements.js';
import {eventText} from './events_table.js';
import {ago} from './figures.js';
import {icon, setIcon} from './icons.js';
import {eventIcon, kindName, SEVERITIES, toneOf} from './words.js';

const EVENTS_SHOWN = 7;

export class RecentEvents {
  constructor() {
    this.quiet = make('p', {class: 'muted', text: 'Nothing has happened yet.'});
    this.list = make('ol', {class: 'recent'});
    this.element = make('div', {}, this.quiet, this.list);
  }

  // Oldest first.
  setEvents(all, nowMs) {
    const events = all.slice(-EVENTS_SHOWN).reverse();
    show(this.quiet, events.length === 0);
    while (this.list.children.length < events.length) this.list.append(makeItem());
    [...this.list.children].forEach((item, i) => {
      show(item, i < events.length);
      if (i < events.length) writeItem(item, events[i], nowMs);
    });
  }
}

function makeItem() {
  return make(
    'li',
    {class: 'recent-item'},
    icon('info'),
    make('span', {class: 'recent-text'}),
    make('span', {class: 'muted numbers recent-ago'}),
  );
}

function writeItem(item, event, now) {
  const [drawing, text, when] = item.children;
  setIcon(drawing, eventIcon(event));
  setAttribute(item, 'data-tone', toneOf(SEVERITIES, event.severity));
  const whom = [event.agent, event.job === null ? null : `#${event.job}`].filter(Boolean).join(', ');
  setText(text, `${kindName(event.what)}${whom ? ` · ${whom}` : ''}`);
  setAttribute(item, 'title', eventText(event));
  setText(when, ago(event.unix_ms, now));
}
