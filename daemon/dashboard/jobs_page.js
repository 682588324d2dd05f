// The first page: how much is computed, by how many, what has just happened, and all jobs.

import {make, setText, show} from './elements.js';
import {grouped, plural, rangeText} from './figures.js';
import {Choice, hasWords, keepSort, keptSort, Pick, Search} from './filters.js';
import {makeTiles} from './fleet_tiles.js';
import {jobColumns} from './job_columns.js';
import {Question} from './questions.js';
import {RecentEvents} from './recent_events.js';
import {Table} from './table.js';
import {latest, Throughput} from './throughput.js';
import {makeWelcome} from './welcome.js';
import {hasEnded, jobHref} from './words.js';

export class JobsPage {
  constructor(live) {
    this.live = live;
    this.title = 'Jobs';
    // The stream begins with the newest events; an hour may have had more.
    this.pastEvents = new Question(live, 'events', null, (answer) => live.addEvents(answer.events));
    const changed = () => this.update();
    this.tiles = makeTiles();
    this.throughput = new Throughput('Throughput of all agents over the last hour');
    this.now = make('span', {class: 'muted numbers'});
    this.recent = new RecentEvents();
    this.show = new Choice({
      key: 'show',
      label: 'Which jobs',
      changed,
      options: [
        ['', 'all'],
        ['active', 'active'],
        ['ended', 'ended'],
      ],
    });
    this.by = new Pick({key: 'by', label: 'Submitter', all: 'all submitters', changed});
    this.search = new Search({key: 'find', label: 'Search in jobs', placeholder: 'search  ( / )', changed});
    this.count = make('span', {class: 'muted numbers', attributes: {role: 'status'}});
    this.table = new Table({
      name: 'jobs',
      label: 'Jobs',
      columns: jobColumns(live),
      keyOf: (job) => job.id,
      open: (job) => {
        location.hash = jobHref(job.id);
      },
      sort: keptSort({key: 'state', descending: false}),
      onSort: keepSort,
      cardPx: 92,
      empty: () => 'No job is like that.',
    });
    this.welcome = makeWelcome();
    this.lists = make(
      'section',
      {class: 'list', attributes: {'aria-label': 'Jobs'}},
      make('div', {class: 'toolbar'}, this.show.element, this.by.element, this.search.element, this.count),
      make('div', {class: 'card flush'}, this.table.element),
    );
    const chart = make(
      'section',
      {class: 'card chart-card'},
      make('header', {class: 'card-head'}, make('h2', {text: 'Throughput'}), this.now),
      this.throughput.element,
    );
    const recent = make(
      'section',
      {class: 'card recent-card'},
      make(
        'header',
        {class: 'card-head'},
        make('h2', {text: 'Just now'}),
        make('a', {text: 'all events', href: '#/events'}),
      ),
      this.recent.element,
    );
    this.element = make(
      'div',
      {class: 'page'},
      make('h1', {class: 'unseen', text: 'Jobs', attributes: {tabindex: '-1'}}),
      this.tiles.element,
      this.welcome.element,
      make('div', {class: 'overview'}, chart, recent),
      this.lists,
    );
  }

  leave() {
    this.pastEvents.stop();
    this.table.leave();
    this.throughput.leave();
  }

  update() {
    const {live} = this;
    this.pastEvents.poll();
    const jobs = [...live.jobs.values()];
    const ended = jobs.filter(hasEnded).length;
    const {words} = this.search;
    this.by.setNames(jobs.map((job) => job.submitter ?? ''));
    const shown = jobs.filter(
      (job) =>
        (this.show.has('active') || hasEnded(job)) &&
        (this.show.has('ended') || !hasEnded(job)) &&
        this.by.has(job.submitter ?? '') &&
        hasWords(jobText(job), words),
    );
    show(this.welcome.element, live.isComplete && jobs.length === 0);
    show(this.lists, jobs.length > 0);
    this.welcome.set(live);
    this.tiles.set(live, jobs);
    this.throughput.setSamples(live.samples);
    latest(this.now, live.samples);
    this.recent.setEvents(live.events, live.now());
    this.show.setCounts({'': jobs.length, active: jobs.length - ended, ended});
    const others = notListed(live);
    setText(
      this.count,
      words.length || this.by.picked
        ? [`${grouped(shown.length)} of ${plural(jobs.length, 'job')}`, ...others].join('; ')
        : others.join('; '),
    );
    this.table.setRows(shown);
  }
}

// Live jobs are listed first: that some of them are not is told apart.
function notListed({jobsLeftOut, liveJobsLeftOut}) {
  const ended = jobsLeftOut - liveJobsLeftOut;
  return [
    liveJobsLeftOut && `${grouped(liveJobsLeftOut)} more active ones are not listed`,
    ended && `${grouped(ended)} older ones are not listed`,
  ].filter(Boolean);
}

const jobText = (job) =>
  `#${job.id} ${job.name} ${job.kernel} ${job.program?.command ?? ''} ${job.state} ${
    job.begin
  } ${job.end} ${rangeText(job.begin, job.end)} ${job.submitter ?? ''}`;
