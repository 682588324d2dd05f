// A table of thousands of rows of which only those in view exist. The page itself scrolls, not the table.
// Rows keep their elements, and a cell is written only where it differs, so a tick costs what it changes.
//
// A column: {key, title, min (px), grow, rank (1 is always there; higher ones go first where it is narrow),
// align, sort(row) (or null), live (its order changes by itself), create(cell) -> update(row)}.

import {make, setAttribute, setClass, setText, show} from './elements.js';
import {icon, setIcon} from './icons.js';

const ROW_PX = 34;
const OVERSCAN = 6;
const REARRANGE_MS = 4000; // an order that changes by itself is not chased each second
const CARDS_BELOW_PX = 640;
const GAP_PX = 14;
const TOP_PX = 48; // of the page's own head, which stays above

export class Table {
  constructor({name, label, columns, keyOf, open, sort, cardPx, empty, onSort = () => {}, follows = false}) {
    Object.assign(this, {name, columns, keyOf, open, cardPx, empty, onSort, follows});
    this.sort = sort; // {key, descending}
    this.rows = [];
    this.shown = [];
    this._lines = new Map(); // key -> {element, cells, row}
    this._ranks = new Map();
    this._arrangedAt = -Infinity;
    this._focused = null;
    this._width = 0;
    this._build(label);
  }

  setRows(rows) {
    this.rows = rows;
    this._arrange();
    this._draw();
  }

  // For the page that goes: nothing of it listens on.
  leave() {
    this._abort.abort();
    this._sizes.disconnect();
  }

  _build(label) {
    this.head = make('div', {class: 'table-head', attributes: {role: 'row'}});
    this._titles = this.columns.map((column) => this._makeTitle(column));
    this.head.append(...this._titles.map((title) => title.element));
    this.body = make('div', {class: 'table-body', attributes: {role: 'rowgroup'}});
    this.nothing = make('p', {class: 'nothing', attributes: {hidden: ''}});
    this.grid = make(
      'div',
      {class: 'table-grid', attributes: {role: 'grid', 'aria-label': label}},
      make('div', {class: 'table-top', attributes: {role: 'rowgroup'}}, this.head),
      this.body,
    );
    this.element = make(
      'div',
      {class: `table table-${this.name}`},
      this._makeSortChoice(),
      this.grid,
      this.nothing,
    );
    this.body.addEventListener('keydown', (event) => this._pressed(event));
    this.body.addEventListener('focusin', (event) => this._focusedOn(event));
    this.body.addEventListener('click', (event) => this._clicked(event));
    this._abort = new AbortController();
    const {signal} = this._abort;
    addEventListener('scroll', () => this._later(), {signal, passive: true});
    addEventListener('resize', () => this._later(), {signal});
    this._sizes = new ResizeObserver(([entry]) => this._fit(entry.contentRect.width));
    this._sizes.observe(this.element);
  }

  _makeTitle(column) {
    const element = make('div', {
      class: `cell ${column.align === 'right' ? 'right' : ''}`,
      attributes: {role: 'columnheader'},
    });
    if (!column.sort) {
      element.append(make('span', {text: column.title}));
      return {element, column, arrow: null};
    }
    const arrow = icon('up');
    const button = make(
      'button',
      {class: 'sort', attributes: {type: 'button'}, on: {click: () => this.sortBy(column)}},
      make('span', {text: column.title}),
      arrow,
    );
    element.append(button);
    return {element, column, arrow};
  }

  // Cards have no titles to click on.
  _makeSortChoice() {
    this._choice = make('select', {attributes: {'aria-label': 'Sort by'}});
    for (const column of this.columns.filter((one) => one.sort)) {
      this._choice.append(
        make('option', {text: column.title || column.key, attributes: {value: column.key}}),
      );
    }
    this._choice.addEventListener('change', () =>
      this.sortBy(this.columns.find((one) => one.key === this._choice.value)),
    );
    this._choiceLine = make(
      'label',
      {class: 'sort-choice', attributes: {hidden: ''}},
      make('span', {text: 'Sort by'}),
      this._choice,
    );
    return this._choiceLine;
  }

  sortBy(column) {
    const descending =
      this.sort.key === column.key ? !this.sort.descending : column.align === 'right' && !column.ascending;
    this.sort = {key: column.key, descending};
    this.onSort(this.sort);
    this._arrangedAt = -Infinity;
    this._arrange();
    this._draw();
  }

  // ------------------------------------------------------------ order

  _arrange() {
    const column = this.columns.find((one) => one.key === this.sort.key);
    for (const {element, arrow, column: of} of this._titles) {
      const isIt = of.key === this.sort.key;
      setAttribute(
        element,
        'aria-sort',
        isIt && of.sort ? (this.sort.descending ? 'descending' : 'ascending') : null,
      );
      if (arrow) {
        setClass(arrow, 'on', isIt);
        setIcon(arrow, isIt && this.sort.descending ? 'down' : 'up');
      }
    }
    if (column) this._choice.value = column.key;
    if (!column?.sort) {
      this.shown = this.rows;
      return;
    }
    const now = performance.now();
    const mayMove = !column.live || (now - this._arrangedAt > REARRANGE_MS && !this._isWatched());
    const sign = this.sort.descending ? -1 : 1;
    const keyed = this.rows.map((row, i) => ({
      row,
      i,
      rank: mayMove ? 0 : (this._ranks.get(this.keyOf(row)) ?? Infinity),
      by: column.sort(row),
    }));
    keyed.sort((a, b) => a.rank - b.rank || sign * compare(a.by, b.by) || a.i - b.i);
    this.shown = keyed.map((one) => one.row);
    this._ranks = new Map(this.shown.map((row, i) => [this.keyOf(row), i]));
    if (mayMove) this._arrangedAt = now;
  }

  // What somebody points at or has the keyboard in stays where it is.
  _isWatched() {
    return this.body.matches(':hover') || this.body.contains(document.activeElement);
  }

  // ------------------------------------------------------------ size

  _fit(width) {
    if (width === this._width || width === 0) return;
    this._width = width;
    this.isCards = this.cardPx !== undefined && width < CARDS_BELOW_PX;
    this.rowPx = this.isCards ? this.cardPx : ROW_PX;
    setClass(this.element, 'cards', this.isCards);
    show(this._choiceLine, this.isCards && this.columns.some((column) => column.sort));
    let left = width + GAP_PX - 24;
    const fitting = new Set();
    for (const column of [...this.columns].sort((a, b) => a.rank - b.rank)) {
      left -= column.min + GAP_PX;
      if (left < 0 && column.rank > 1) break;
      fitting.add(column);
    }
    this._fitting = this.columns.map((column) => this.isCards || fitting.has(column));
    this._template = this.columns
      .filter((_, i) => this._fitting[i])
      .map((column) => (column.grow ? `minmax(${column.min}px, ${column.grow}fr)` : `${column.min}px`))
      .join(' ');
    this.grid.style.setProperty('--columns', this._template);
    setAttribute(this.grid, 'aria-colcount', String(this.columns.length));
    this._titles.forEach(({element}, i) => show(element, this._fitting[i]));
    for (const line of this._lines.values()) this._fitLine(line);
    this._draw();
  }

  _fitLine(line) {
    line.cells.forEach((cell, i) => show(cell, this._fitting[i]));
  }

  // ------------------------------------------------------------ rows

  _later() {
    if (this._isDue) return;
    this._isDue = true;
    requestAnimationFrame(() => {
      this._isDue = false;
      if (!this._abort.signal.aborted) this._draw();
    });
  }

  _window() {
    const top = this.body.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(-top / this.rowPx) - OVERSCAN);
    const count = Math.ceil(innerHeight / this.rowPx) + 2 * OVERSCAN;
    return [first, Math.min(this.shown.length, first + count)];
  }

  _draw() {
    if (!this._width || !this.element.isConnected) return;
    this._keepPlace();
    const height = `${this.shown.length * this.rowPx}px`;
    if (this.body.style.height !== height) this.body.style.height = height;
    setAttribute(this.grid, 'aria-rowcount', String(this.shown.length + 1));
    show(this.nothing, this.shown.length === 0);
    show(this.grid, this.shown.length > 0 || this.empty === undefined);
    if (this.shown.length === 0) setText(this.nothing, this.empty?.() ?? '');
    const [first, end] = this._window();
    const before = document.activeElement;
    const wanted = this.shown.slice(first, end);
    const keys = new Set(wanted.map(this.keyOf));
    for (const [key, line] of this._lines) {
      if (keys.has(key)) continue;
      line.element.remove();
      this._lines.delete(key);
    }
    let place = this.body.firstChild;
    wanted.forEach((row, i) => {
      const line = this._line(row);
      this._write(line, row, first + i);
      if (line.element === place) place = place.nextSibling;
      else this.body.insertBefore(line.element, place);
    });
    this._keepTabStop(wanted);
    // Moving a row in the document takes the focus from it.
    if (before !== document.activeElement && before?.isConnected && this.body.contains(before))
      before.focus({preventScroll: true});
  }

  // Rows that come above what one reads do not push it away.
  _keepPlace() {
    if (!this.follows) return;
    const isAbove = this.body.getBoundingClientRect().top < -this.rowPx;
    const key = this._firstKey;
    if (isAbove && key !== undefined) {
      const index = this.shown.findIndex((row) => this.keyOf(row) === key);
      if (index > 0) {
        this.body.style.height = `${this.shown.length * this.rowPx}px`;
        scrollBy(0, index * this.rowPx);
      }
    }
    this._firstKey = this.shown.length ? this.keyOf(this.shown[0]) : undefined;
  }

  _line(row) {
    const key = this.keyOf(row);
    let line = this._lines.get(key);
    if (line) return line;
    const cells = this.columns.map((column) =>
      make('div', {
        class: `cell cell-${column.key} ${column.align === 'right' ? 'right' : ''}`,
        attributes: {role: 'gridcell'},
      }),
    );
    const element = make(
      'div',
      {class: 'row', attributes: {role: 'row', tabindex: '-1', 'data-key': String(key)}},
      ...cells,
    );
    line = {element, cells, updates: this.columns.map((column, i) => column.create(cells[i]))};
    this._lines.set(key, line);
    this._fitLine(line);
    return line;
  }

  _write(line, row, index) {
    const y = `translateY(${index * this.rowPx}px)`;
    if (line.y !== y) line.element.style.transform = line.y = y;
    setAttribute(line.element, 'aria-rowindex', String(index + 2));
    line.row = row;
    line.updates.forEach((update, i) => {
      if (this._fitting[i]) update(row);
    });
  }

  // ------------------------------------------------------------ keyboard and pointer

  _keepTabStop(wanted) {
    const stop = this._lines.has(this._focused)
      ? this._focused
      : wanted.length
        ? this.keyOf(wanted[0])
        : null;
    for (const [key, line] of this._lines) setAttribute(line.element, 'tabindex', key === stop ? '0' : '-1');
  }

  _keyOfElement(target) {
    const element = target.closest?.('.row');
    for (const [key, line] of this._lines) if (line.element === element) return key;
    return null;
  }

  _focusedOn(event) {
    this._focused = this._keyOfElement(event.target);
    this._keepTabStop(this.shown);
  }

  focusRow(index) {
    const bounded = Math.max(0, Math.min(this.shown.length - 1, index));
    if (this.shown.length === 0) return;
    const y = this.body.getBoundingClientRect().top + bounded * this.rowPx;
    const headPx = TOP_PX + (this.isCards ? 0 : ROW_PX);
    if (y < headPx) scrollBy(0, y - headPx);
    else if (y + this.rowPx > innerHeight) scrollBy(0, y + this.rowPx - innerHeight);
    this._focused = this.keyOf(this.shown[bounded]);
    this._draw();
    this._lines.get(this._focused)?.element.focus({preventScroll: true});
  }

  _pressed(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const key = this._keyOfElement(event.target);
    if (key === null) return;
    const index = this.shown.findIndex((row) => this.keyOf(row) === key);
    const page = Math.max(1, Math.floor(innerHeight / this.rowPx) - 4);
    const steps = {ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity};
    if (event.key in steps) {
      event.preventDefault();
      this.focusRow(index + steps[event.key]);
    } else if (event.key === 'Enter' && event.target.closest('a, button') === null) {
      event.preventDefault();
      this.open?.(this.shown[index]);
    }
  }

  _clicked(event) {
    if (event.target.closest('a, button') || event.button !== 0 || String(getSelection())) return;
    const key = this._keyOfElement(event.target);
    const line = key === null ? null : this._lines.get(key);
    if (line) this.open?.(line.row);
  }
}

function compare(a, b) {
  if (a === b) return 0;
  if (a === null || a === undefined) return -1;
  if (b === null || b === undefined) return 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
