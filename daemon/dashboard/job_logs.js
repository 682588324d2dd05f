// What the failed runs of a job printed. It is text of strangers: shown as it is, with what no screen shows
// made visible.

import {copyable, make} from './elements.js';
import {clockOrDay, grouped} from './figures.js';
import {Question} from './questions.js';
import {agentHref} from './words.js';

const PAUSE_MS = 3000; // between two questions, however fast a program fails

export class JobLogs {
  constructor(live, id) {
    this.live = live;
    this.id = id;
    this.element = make('div', {class: 'logs'});
    this.question = new Question(live, `jobs/${id}/logs`, PAUSE_MS, (answer) => this._show(answer));
    this._failures = null;
  }

  update(job) {
    if (job.attempts_failed === 0 || job.attempts_failed === this._failures) return;
    if (this.question.poll()) this._failures = job.attempts_failed;
  }

  _show(answer) {
    const mark = JSON.stringify(answer.entries);
    if (mark === this._shown) return;
    this._shown = mark;
    const head = answer.entries.length
      ? [make('h3', {text: answer.more ? 'What they printed (the latest)' : 'What they printed'})]
      : [];
    this.element.replaceChildren(
      ...head,
      ...runs(answer.entries).map((run) => this._makeRun(run)),
      make('p', {}, 'All of it: ', copyable(`pq-logs ${this.id} --failed`)),
    );
  }

  _makeRun(run) {
    const title = make(
      'p',
      {class: 'log-title'},
      make('span', {class: 'numbers', text: `${grouped(run.begin)} : ${grouped(run.end)}`}),
      make('a', {text: run.agent, href: agentHref(run.agent)}),
      make('span', {
        class: 'muted',
        text: `attempt ${run.attempt} · ${clockOrDay(run.unix_ms, this.live.now())}`,
      }),
    );
    const printed = run.text ? [make('pre', {text: visible(run.text), attributes: {tabindex: '0'}})] : [];
    const verdict = run.verdict ? [make('p', {class: 'log-verdict', text: visible(run.verdict)})] : [];
    return make('article', {class: 'log'}, title, ...printed, ...verdict);
  }
}

// Each run's parts joined, whichever stream they came by, and what pq says of its end; the latest run first.
function runs(entries) {
  const joined = new Map();
  for (const entry of entries) {
    const key = `${entry.begin}/${entry.end}/${entry.attempt}/${entry.agent}`;
    const run = joined.get(key) ?? {...entry, text: '', verdict: ''};
    run[entry.stream === 'pq' ? 'verdict' : 'text'] += entry.text;
    joined.set(key, run);
  }
  return [...joined.values()].reverse();
}

// eslint-disable-next-line no-control-regex -- these are what is looked for
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f]/g;

// Control characters as their pictures: a log cannot colour, hide or turn around anything.
function visible(text) {
  return text
    .replace(CONTROLS, (c) => (c === '\u007f' ? '\u2421' : String.fromCharCode(0x2400 + c.charCodeAt(0))))
    .replace(/[\u202a-\u202e\u2066-\u2069\u200e\u200f]/g, '\ufffd');
}
