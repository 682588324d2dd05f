// The spans of a job that are given up, with the last words of the program on each, and how to give them
// another chance.

import {copyable, make} from './elements.js';
import {grouped, plural} from './figures.js';
import {Question} from './questions.js';

const PAUSE_MS = 2000; // between two questions, however fast a program fails

export class FailedSpans {
  constructor(live, id) {
    this.id = id;
    this.element = make('div', {class: 'failed-list'});
    // Lists of jobs are told without them.
    this.question = new Question(live, `jobs/${id}`, PAUSE_MS, (job) => this._show(job.failed_spans ?? []));
    this._show([]);
  }

  update(job) {
    const mark = `${job.failed}/${job.state}`;
    if (mark === this._told) return;
    if (job.failed === '0') this._show([]);
    else if (!this.question.poll()) return;
    this._told = mark;
  }

  _show(spans) {
    const items = spans.map((span) =>
      make(
        'li',
        {class: 'failed-span'},
        make('span', {class: 'numbers', text: `${grouped(span.begin)} : ${grouped(span.end)}`}),
        make('span', {class: 'muted', text: plural(span.attempts, 'attempt')}),
        make('code', {text: span.error}),
      ),
    );
    if (items.length === 0) {
      this.element.replaceChildren(make('p', {class: 'nothing', text: 'No span has failed.'}));
      return;
    }
    this.element.replaceChildren(
      make('ul', {}, ...items),
      make('p', {}, 'Another chance for them: ', copyable(`pq-retry ${this.id}`)),
    );
  }
}
