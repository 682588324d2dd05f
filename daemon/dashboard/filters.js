// What narrows a list: a search field, and choices of which one or several are on. Each keeps its choice in
// the address.

import {make, setAttribute, setText, show} from './elements.js';
import {keepInAddress, readRoute} from './routes.js';

export class Search {
  constructor({key, label, placeholder, changed}) {
    this.input = make('input', {
      attributes: {
        type: 'search',
        'aria-label': label,
        placeholder,
        autocomplete: 'off',
        spellcheck: 'false',
        maxlength: '200',
        'data-search': key,
      },
    });
    this.input.value = readRoute().query.get(key) ?? '';
    this.element = make('span', {class: 'search'}, this.input);
    this.input.addEventListener('input', () => {
      keepInAddress({[key]: this.input.value});
      changed();
    });
    this.input.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || !this.input.value) return;
      event.stopPropagation();
      event.preventDefault();
      this.input.value = '';
      keepInAddress({[key]: null});
      changed();
    });
  }

  // All words must be somewhere in the text.
  get words() {
    return this.input.value.toLowerCase().split(/\s+/).filter(Boolean);
  }
}

export const hasWords = (text, words) => {
  if (words.length === 0) return true;
  const lower = text.toLowerCase();
  return words.every((word) => lower.includes(word));
};

// Buttons of which one is on ("show": all | active | ended), or, with `many`, any number (none on: all are
// shown).
export class Choice {
  constructor({key, label, options, changed, many = false, preset = ''}) {
    Object.assign(this, {key, options, changed, many, preset});
    const kept = readRoute().query.get(key) ?? preset;
    this.on = new Set(many ? kept.split(',').filter(Boolean) : [kept]);
    this._buttons = options.map(([value, text]) =>
      make(
        'button',
        {
          class: 'button small',
          attributes: {type: 'button', 'data-value': value || 'all'},
          on: {click: () => this._pressed(value)},
        },
        make('span', {text}),
        make('span', {class: 'count'}),
      ),
    );
    this.element = make(
      'div',
      {class: 'choice', attributes: {role: 'group', 'aria-label': label, 'data-choice': key}},
      ...this._buttons,
    );
    this._say();
  }

  has(value) {
    return this.on.size === 0 || this.on.has('') || this.on.has(value);
  }

  setCounts(counts) {
    this.options.forEach(([value], i) =>
      setText(this._buttons[i].lastChild, counts[value] === undefined ? '' : String(counts[value])),
    );
  }

  _pressed(value) {
    if (!this.many) this.on = new Set([value]);
    else if (!this.on.delete(value)) this.on.add(value);
    const text = [...this.on].join(',');
    keepInAddress({[this.key]: text === this.preset ? null : text});
    this._say();
    this.changed();
  }

  _say() {
    this.options.forEach(([value], i) =>
      setAttribute(this._buttons[i], 'aria-pressed', String(this.on.has(value))),
    );
  }
}

// One of the names that the list itself has, or all. With fewer than two there is nothing to pick.
export class Pick {
  constructor({key, label, all, changed}) {
    Object.assign(this, {all, picked: readRoute().query.get(key) ?? ''});
    this.element = make('select', {attributes: {'aria-label': label, 'data-pick': key, hidden: ''}});
    this.element.addEventListener('change', () => {
      this.picked = this.element.value;
      keepInAddress({[key]: this.picked || null});
      changed();
    });
  }

  has(name) {
    return this.picked === '' || this.picked === name;
  }

  // What is picked stays, also while nothing of it is there.
  setNames(names) {
    const all = [...new Set([...names, this.picked])].filter(Boolean).sort();
    const mark = JSON.stringify(all);
    if (mark === this._mark) return;
    this._mark = mark;
    this.element.replaceChildren(
      ...[['', this.all], ...all.map((name) => [name, name])].map(([value, text]) =>
        make('option', {text, attributes: {value}}),
      ),
    );
    this.element.value = this.picked;
    show(this.element, all.length > 1 || this.picked !== '');
  }
}

// "-rate" in the address: by rate, the highest first.
export function keptSort(preset) {
  const text = readRoute().query.get('sort');
  return text ? {key: text.replace(/^-/, ''), descending: text.startsWith('-')} : preset;
}

export const keepSort = (sort) => keepInAddress({sort: `${sort.descending ? '-' : ''}${sort.key}`});
