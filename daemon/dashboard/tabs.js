// Tabs: one stop for Tab, arrow keys within; a panel is built when it is first looked at.

import {make, setAttribute, setText, show} from './elements.js';

export class Tabs {
  // panels: [{key, title, counts, build() -> element}]; chosen(key) is called when another one is looked at.
  constructor(label, panels, chosen = () => {}) {
    this.panels = panels;
    this.chosen = chosen;
    this.key = null;
    this._buttons = panels.map((panel) =>
      make(
        'button',
        {
          class: 'tab',
          attributes: {
            type: 'button',
            role: 'tab',
            id: `tab-${panel.key}`,
            'aria-controls': `panel-${panel.key}`,
            tabindex: '-1',
          },
          on: {click: () => this.choose(panel.key)},
        },
        make('span', {text: panel.title}),
        ...(panel.counts ? [make('span', {class: 'count'})] : []),
      ),
    );
    this._rooms = panels.map((panel) =>
      make('div', {
        class: 'tab-panel',
        attributes: {
          role: 'tabpanel',
          id: `panel-${panel.key}`,
          'aria-labelledby': `tab-${panel.key}`,
          hidden: '',
        },
      }),
    );
    this.list = make(
      'div',
      {class: 'tabs', attributes: {role: 'tablist', 'aria-label': label}},
      ...this._buttons,
    );
    this.list.addEventListener('keydown', (event) => this._pressed(event));
    this.element = make('div', {}, this.list, ...this._rooms);
  }

  choose(key) {
    const index = Math.max(
      0,
      this.panels.findIndex((panel) => panel.key === key),
    );
    this.key = this.panels[index].key;
    this._buttons.forEach((button, i) => {
      setAttribute(button, 'aria-selected', String(i === index));
      setAttribute(button, 'tabindex', i === index ? '0' : '-1');
      show(this._rooms[i], i === index);
    });
    if (!this._rooms[index].firstChild) this._rooms[index].append(this.panels[index].build());
    this.chosen(this.key);
  }

  setCount(key, count) {
    const index = this.panels.findIndex((panel) => panel.key === key);
    setText(this._buttons[index].lastChild, count);
  }

  _pressed(event) {
    const index = this.panels.findIndex((panel) => panel.key === this.key);
    const last = this.panels.length - 1;
    const to = {
      ArrowRight: index === last ? 0 : index + 1,
      ArrowLeft: index === 0 ? last : index - 1,
      Home: 0,
      End: last,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.choose(this.panels[to].key);
    this._buttons[to].focus();
  }
}
