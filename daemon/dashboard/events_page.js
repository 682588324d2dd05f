// What happened, as it happens: to whom, how bad, and in which job.

import {make, setText, show} from './elements.js';
import {eventsTable, eventText} from './events_table.js';
import {grouped} from './figures.js';
import {Choice, hasWords, Search} from './filters.js';
import {Question} from './questions.js';
import {keepInAddress, readRoute} from './routes.js';
import {EVENT_KINDS} from './words.js';

export class EventsPage {
  constructor(live) {
    this.live = live;
    this.title = 'Events';
    const changed = () => this.update();
    this.severity = new Choice({
      key: 'severity',
      label: 'Severity',
      many: true,
      changed,
      options: [
        ['info', 'info'],
        ['warning', 'warning'],
        ['error', 'error'],
      ],
    });
    this.kind = this._makeKindChoice();
    this.job = new Search({
      key: 'job',
      label: "Job's number",
      placeholder: 'job',
      changed: () => this._ask(),
    });
    this.agent = new Search({key: 'agent', label: "Agent's name", placeholder: 'agent', changed});
    this.search = new Search({key: 'find', label: 'Search in events', placeholder: 'search  ( / )', changed});
    this.count = make('span', {class: 'muted numbers', attributes: {role: 'status'}});
    this.newer = make('button', {
      class: 'button newer',
      attributes: {type: 'button', hidden: ''},
      on: {click: () => scrollTo(0, 0)},
    });
    this.table = eventsTable(live, {
      empty: () => (this.live.events.length === 0 ? 'Nothing has happened yet.' : 'No event is like that.'),
    });
    this.element = make(
      'div',
      {class: 'page'},
      make('h1', {text: 'Events', attributes: {tabindex: '-1'}}),
      make(
        'div',
        {class: 'toolbar'},
        this.severity.element,
        this.kind,
        this.job.element,
        this.agent.element,
        this.search.element,
        this.count,
      ),
      make('section', {class: 'card flush'}, this.table.element),
      this.newer,
    );
    this.job.element.classList.add('narrow');
    addEventListener(
      'scroll',
      (this._scrolled = () => {
        if (scrollY < 40) this._seen();
      }),
      {passive: true},
    );
    this._ask();
  }

  leave() {
    this.table.leave();
    this.question.stop();
    removeEventListener('scroll', this._scrolled);
  }

  update() {
    this.question.poll();
    const {events} = this.live;
    const kind = this.kind.value;
    const job = this.job.input.value.replace(/[^0-9]/g, '');
    const agent = this.agent.input.value.trim().toLowerCase();
    const {words} = this.search;
    const shown = events.filter(
      (event) =>
        this.severity.has(event.severity) &&
        (!kind || event.what === kind) &&
        (!job || String(event.job) === job) &&
        (!agent || (event.agent ?? '').toLowerCase().includes(agent)) &&
        hasWords(eventText(event), words),
    );
    shown.reverse();
    this.table.setRows(shown);
    this.severity.setCounts(tally(events));
    setText(
      this.count,
      shown.length === events.length
        ? `${grouped(shown.length)} events`
        : `${grouped(shown.length)} of ${grouped(events.length)} events`,
    );
    this._tellNewer(shown);
  }

  // Who reads further down is told, and not moved.
  _tellNewer(shown) {
    const newest = shown[0]?.number;
    if (scrollY < 40 || this._seenNumber === undefined) this._seenNumber = newest;
    const count = shown.findIndex((event) => event.number === this._seenNumber);
    show(this.newer, count > 0);
    if (count > 0) setText(this.newer, `↑ ${grouped(count)} new`);
  }

  _seen() {
    this._seenNumber = undefined;
    this.newer.hidden = true;
  }

  _makeKindChoice() {
    const select = make(
      'select',
      {attributes: {'aria-label': 'Kind of event', 'data-choice': 'what'}},
      make('option', {text: 'every kind', attributes: {value: ''}}),
    );
    for (const [group, kinds] of EVENT_KINDS) {
      const options = Object.entries(kinds).map(([value, text]) =>
        make('option', {text, attributes: {value}}),
      );
      const element = make('optgroup', {}, ...options);
      element.label = group;
      select.append(element);
    }
    select.value = readRoute().query.get('what') ?? '';
    if (select.selectedIndex < 0) select.selectedIndex = 0;
    select.addEventListener('change', () => {
      keepInAddress({what: select.value});
      this._ask();
    });
    return select;
  }

  // The stream brings the newest; what the head has kept of one job or one kind goes further back.
  _ask() {
    this.question?.stop();
    const terms = new URLSearchParams();
    const job = this.job.input.value.replace(/[^0-9]/g, '');
    if (job) terms.set('job', job);
    if (this.kind.value) terms.set('what', this.kind.value);
    const query = terms.toString();
    this.question = new Question(this.live, `events${query ? `?${query}` : ''}`, null, (answer) =>
      this.live.addEvents(answer.events),
    );
    this.update();
  }
}

function tally(events) {
  const counts = {info: 0, warning: 0, error: 0};
  for (const event of events) if (event.severity in counts) counts[event.severity] += 1;
  return counts;
}
