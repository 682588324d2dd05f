// One job: how far it is and when it ends, its ledger as it is filled and split, why it is as it is, what has
// failed.

import {make, setAttribute, setText, show} from './elements.js';
import {eventsTable} from './events_table.js';
import {FailedSpans} from './failed_spans.js';
import {compact, grouped, percent, rangeText} from './figures.js';
import {icon, setIcon} from './icons.js';
import {makeFacts} from './job_facts.js';
import {JobLogs} from './job_logs.js';
import {makeProgress} from './job_progress.js';
import {LedgerStrip} from './ledger_strip.js';
import {Question} from './questions.js';
import {keepInAddress, readRoute} from './routes.js';
import {leasesTable, spansTable} from './spans_tables.js';
import {Tabs} from './tabs.js';
import {latest, Throughput} from './throughput.js';
import {hasEnded, JOB_STATES, jobTitle, toneOf} from './words.js';

const LEDGER_MS = 1000;
const EXPLANATION_MS = 2000;
const HISTORY_MS = 5000;

export class JobPage {
  constructor(live, id) {
    this.live = live;
    this.id = Number(id);
    this.title = `Job #${id}`;
    this.back = '#/jobs';
    this._ask(`jobs/${encodeURIComponent(id)}`); // the head knows what is no number, and says so
    this._build(id);
  }

  leave() {
    for (const question of this.questions) question.stop();
    for (const part of [this.strip, this.throughput, this.leases, this.spans, this.events]) part.leave();
  }

  _ask(path) {
    const silent = () => {};
    this.report = new Question(
      this.live,
      path,
      null,
      (job) => {
        this._asked = job;
        this.update();
      },
      (sentence) => this._refuse(sentence),
    );
    this.ledger = new Question(
      this.live,
      `${path}/ledger`,
      LEDGER_MS,
      (ledger) => this._showLedger(ledger),
      silent,
    );
    this.explanation = new Question(
      this.live,
      `${path}/explanation`,
      EXPLANATION_MS,
      (answer) => this._explain(answer),
      silent,
    );
    this.history = new Question(
      this.live,
      `${path}/history`,
      HISTORY_MS,
      (answer) => this._showHistory(answer),
      silent,
    );
    this.pastEvents = new Question(
      this.live,
      `events?job=${this.id}`,
      null,
      (answer) => this.live.addEvents(answer.events),
      silent,
    );
    this.failed = new FailedSpans(this.live, this.id);
    this.logs = new JobLogs(this.live, this.id);
    this.questions = [
      this.report,
      this.ledger,
      this.explanation,
      this.history,
      this.pastEvents,
      this.failed.question,
      this.logs.question,
    ];
  }

  _build(id) {
    this.heading = make('h1', {text: `Job ${id}`, attributes: {tabindex: '-1'}});
    this.drawing = icon('queued');
    this.state = make('span');
    this.chip = make('span', {class: 'chip', attributes: {id: 'job-state'}}, this.drawing, this.state);
    this.subtitle = make('p', {class: 'subtitle'});
    this.error = make('p', {class: 'notice bad', attributes: {hidden: ''}});
    this.missing = make('p', {class: 'notice', attributes: {hidden: ''}});
    this.throughput = new Throughput('Throughput of this job');
    this.rateNow = make('span', {class: 'muted numbers'});
    this.strip = new LedgerStrip();
    this.reasons = make('ul', {
      class: 'reasons',
      attributes: {'aria-live': 'polite', tabindex: '0', role: 'list', 'aria-label': 'Explanation'},
    });
    this.facts = makeFacts();
    this.leases = leasesTable(this.live, this.strip);
    this.spans = spansTable();
    this.events = eventsTable(this.live, {
      withJob: false,
      empty: () => 'Nothing has happened to it that the head remembers.',
    });
    const panel = (content) => () => content;
    this.tabs = new Tabs(
      'More of this job',
      [
        {key: 'leases', counts: true, title: 'Leases', build: panel(this.leases.element)},
        {
          key: 'failed',
          counts: true,
          title: 'Failed spans',
          build: panel(make('div', {class: 'failed'}, this.failed.element, this.logs.element)),
        },
        {key: 'spans', counts: true, title: 'All spans', build: panel(this.spans.element)},
        {key: 'events', title: 'Events', build: panel(this.events.element)},
        {key: 'facts', title: 'Facts', build: panel(this.facts.element)},
      ],
      (key) => {
        keepInAddress({tab: key === 'leases' ? null : key});
        this._drawTab();
      },
    );
    const card = (name, title, side, ...content) =>
      make(
        'section',
        {class: `card ${name}`},
        make('header', {class: 'card-head'}, make('h2', {text: title}), side),
        ...content,
      );
    this.progress = makeProgress();
    this.body = make(
      'div',
      {attributes: {hidden: ''}},
      this.progress.element,
      card('ledger', 'Ledger', this.strip.summary, this.strip.element),
      make(
        'div',
        {class: 'job-how'},
        card('job-chart', 'Throughput', this.rateNow, this.throughput.element),
        card('why', 'Explanation', '', this.reasons),
      ),
      make('section', {class: 'card'}, this.tabs.element),
    );
    this.element = make(
      'div',
      {class: 'page job'},
      make('p', {class: 'crumbs'}, make('a', {text: 'Jobs', href: '#/jobs'})),
      make('div', {class: 'heading'}, this.heading, this.chip),
      this.subtitle,
      this.missing,
      this.error,
      this.body,
    );
  }

  get job() {
    return this.live.jobs.get(this.id) ?? this._asked;
  }

  update() {
    const {job} = this;
    // The list may have no room for it: then it is asked for, until it has ended.
    if (!this.live.jobs.has(this.id) && !(this._asked && hasEnded(this._asked))) this.report.poll(3000);
    if (!job) return;
    if (this.body.hidden) {
      this.body.hidden = false;
      this.missing.hidden = true;
      this.tabs.choose(readRoute().query.get('tab') ?? (BigInt(job.failed) > 0n ? 'failed' : 'leases'));
    }
    this._pollWhatChanges(job);
    this._showJob(job);
    this._drawTab();
  }

  // A job that has ended is asked about once more, and then left in peace.
  _pollWhatChanges(job) {
    const ended = hasEnded(job);
    if (ended && this._wasActive)
      for (const question of [this.ledger, this.explanation, this.history]) question.ask();
    this._wasActive = !ended;
    this.ledger.poll(ended ? null : LEDGER_MS);
    this.explanation.poll(ended ? null : EXPLANATION_MS);
    this.history.poll(ended ? null : HISTORY_MS);
    this.pastEvents.poll();
    this.failed.update(job);
    this.logs.update(job);
  }

  _showJob(job) {
    const title = jobTitle(job);
    this.title = `${hasEnded(job) ? job.state : percent(job.done, job.width)} · ${title}`;
    setText(this.heading, `${title}`);
    setIcon(this.drawing, job.state);
    setText(this.state, job.state);
    setAttribute(this.chip, 'data-tone', toneOf(JOB_STATES, job.state));
    const command = job.program?.command && job.name ? ` · ${job.program.command}` : '';
    const subtitle = `#${job.id} · ${job.kernel} over ${rangeText(job.begin, job.end)} · ${job.fold}${command}`;
    setText(this.subtitle, subtitle);
    setAttribute(this.subtitle, 'title', subtitle);
    show(this.error, Boolean(job.error));
    setText(this.error, job.error ?? '');
    this.progress.set(job, this.live.now());
    this.facts.set(job);
    this.tabs.setCount('failed', job.failed === '0' ? '' : compact(job.failed));
  }

  _showLedger(ledger) {
    this._spans = ledger.spans;
    this.strip.setLedger(ledger, this.live.now());
    const leased = ledger.spans.filter((span) => span.state === 'leased');
    this.tabs.setCount('leases', leased.length ? grouped(leased.length) : '');
    this.tabs.setCount('spans', grouped(ledger.spans_in_all ?? ledger.spans.length));
    this._drawTab();
  }

  _drawTab() {
    if (!this.tabs?.key) return;
    const spans = this._spans ?? [];
    if (this.tabs.key === 'leases') this.leases.setRows(spans.filter((span) => span.state === 'leased'));
    if (this.tabs.key === 'spans') this.spans.setRows(spans);
    if (this.tabs.key === 'events')
      this.events.setRows(this.live.events.filter((event) => event.job === this.id).reverse());
  }

  _explain(answer) {
    const mark = JSON.stringify(answer.reasons);
    if (mark === this._reasonsShown) return;
    this._reasonsShown = mark;
    const items = answer.reasons.map((reason) =>
      make(
        'li',
        {attributes: {'data-word': reason.word}},
        make('p', {text: reason.text}),
        ...(reason.advice ? [make('p', {class: 'advice', text: reason.advice})] : []),
      ),
    );
    this.reasons.replaceChildren(
      ...(items.length ? items : [make('li', {class: 'muted', text: 'Nothing to say.'})]),
    );
  }

  _showHistory(answer) {
    this.throughput.setSamples(answer.samples);
    latest(this.rateNow, hasEnded(this.job) ? [] : answer.samples);
  }

  _refuse(sentence) {
    if (this.job) return;
    this.missing.hidden = false;
    setText(this.missing, sentence);
  }
}
