// One agent: its machine, what it holds, and what has happened to it.

import {jobsOf, noticeText, oldestLease} from './agents_page.js';
import {linkCell, textCell} from './cells.js';
import {copyable, make, setAttribute, setText, show} from './elements.js';
import {eventsTable} from './events_table.js';
import {ago, compact, duration, grouped, moment, rate} from './figures.js';
import {icon, setIcon} from './icons.js';
import {Question} from './questions.js';
import {Table} from './table.js';
import {AGENT_STATES, jobHref, jobTitle, toneOf} from './words.js';

export class AgentPage {
  constructor(live, name) {
    this.live = live;
    this.name = name;
    this.title = name;
    this.back = '#/agents';
    this.question = new Question(live, `events?agent=${encodeURIComponent(name)}`, null, (answer) =>
      live.addEvents(answer.events),
    );
    this.drawing = icon('active');
    this.state = make('span');
    this.chip = make('span', {class: 'chip', attributes: {id: 'agent-state'}}, this.drawing, this.state);
    this.notice = make('p', {class: 'notice', attributes: {hidden: '', role: 'status'}});
    this.missing = make('p', {class: 'notice', attributes: {hidden: ''}});
    this.figures = {};
    const figure = (key, title) => {
      this.figures[key] = make('strong');
      return make(
        'div',
        {class: 'figure'},
        make('span', {class: 'tile-title', text: title}),
        this.figures[key],
      );
    };
    const numbers = make(
      'div',
      {class: 'figures card'},
      figure('slots', 'Slots busy'),
      figure('rate', 'Rate'),
      figure('leases', 'Leases'),
      figure('oldest', 'Oldest lease'),
      figure('missed', 'Beats missed'),
      figure('heard', 'Heard'),
    );
    this.leases = new Table({
      name: 'leases',
      label: 'Leases of this agent',
      keyOf: (lease) => lease.key,
      open: (lease) => {
        location.hash = jobHref(lease.job);
      },
      sort: {key: 'age', descending: true},
      columns: [
        {
          key: 'job',
          title: 'Job',
          min: 60,
          rank: 1,
          align: 'right',
          sort: (lease) => lease.job,
          create: linkCell(
            (lease) => `#${lease.job}`,
            (lease) => jobHref(lease.job),
          ),
        },
        {
          key: 'title',
          title: '',
          min: 120,
          grow: 1,
          rank: 1,
          create: textCell((lease) => this._titleOf(lease.job)),
        },
        {
          key: 'age',
          title: 'Granted',
          min: 130,
          rank: 1,
          align: 'right',
          sort: (lease) => -(lease.granted_unix_ms ?? 0),
          create: textCell((lease) =>
            lease.granted_unix_ms === null
              ? "before the head's start"
              : ago(lease.granted_unix_ms, live.now()),
          ),
        },
      ],
      empty: () => 'It holds no lease.',
    });
    this.facts = make('dl', {class: 'facts'});
    this.events = eventsTable(live, {
      withAgent: false,
      empty: () => 'The head remembers nothing that happened to it.',
    });
    const section = (title, ...content) =>
      make(
        'section',
        {class: 'card'},
        make('header', {class: 'card-head'}, make('h2', {text: title})),
        ...content,
      );
    this.body = make(
      'div',
      {},
      numbers,
      make('div', {class: 'halves'}, section('Leases', this.leases.element), section('Machine', this.facts)),
      section('Events', this.events.element),
    );
    this.element = make(
      'div',
      {class: 'page'},
      make('p', {class: 'crumbs'}, make('a', {text: 'Agents', href: '#/agents'})),
      make(
        'div',
        {class: 'heading'},
        make('h1', {text: name, attributes: {tabindex: '-1'}}),
        this.chip,
        make('span', {class: 'push'}),
        copyable(`pq-agents drain ${shellWord(name)}`),
      ),
      this.notice,
      this.missing,
      this.body,
    );
  }

  leave() {
    this.question.stop();
    this.leases.leave();
    this.events.leave();
  }

  update() {
    const {live} = this;
    const agent = live.agents.get(this.name);
    this.question.poll();
    const rows = live.events.filter((event) => event.agent === this.name).reverse();
    this.events.setRows(rows);
    show(this.chip, Boolean(agent));
    show(this.missing, !agent && live.isComplete);
    setText(this.missing, 'The head lists no agent of this name. One that is gone is listed for an hour.');
    if (!agent) return;
    setIcon(this.drawing, agent.state);
    setText(this.state, agent.state);
    setAttribute(this.chip, 'data-tone', toneOf(AGENT_STATES, agent.state));
    show(this.notice, Boolean(agent.notice));
    if (agent.notice) setText(this.notice, `${noticeText(agent.notice, live.now())}: ${agent.notice.text}`);
    const leases = agent.leases ?? [];
    const oldest = oldestLease(agent, live.now());
    setText(this.figures.slots, `${agent.busy} / ${agent.slots}`);
    setText(this.figures.rate, rate(agent.rate_per_s));
    setText(
      this.figures.leases,
      `${compact(leases.length)}${jobsOf(agent).length > 1 ? ` in ${jobsOf(agent).length} jobs` : ''}`,
    );
    setText(this.figures.oldest, oldest === null ? '–' : duration(oldest));
    setText(this.figures.missed, String(agent.beats_missed ?? 0));
    setText(
      this.figures.heard,
      agent.state === 'active' && !agent.beats_missed ? 'on time' : ago(agent.heard_unix_ms, live.now()),
    );
    this.leases.setRows(leases.map((lease, i) => ({...lease, key: i})));
    this._showFacts(agent);
  }

  _titleOf(id) {
    const job = this.live.jobs.get(id);
    return job ? jobTitle(job) : '';
  }

  _showFacts(agent) {
    const facts = [
      ...Object.entries(agent.labels ?? {}),
      ['kernels', (agent.kernels ?? []).join(', ')],
      ['version', agent.version],
      ...(agent.notice?.ends_unix_ms ? [['ends', moment(agent.notice.ends_unix_ms)]] : []),
      ...(agent.notice_errors ? [['notice errors', grouped(agent.notice_errors)]] : []),
    ];
    const mark = JSON.stringify(facts);
    if (mark === this._factsShown) return;
    this._factsShown = mark;
    this.facts.replaceChildren(
      ...facts.flatMap(([name, value]) => [
        make('dt', {text: name.replaceAll('_', ' ')}),
        make('dd', {text: String(value)}),
      ]),
    );
  }
}

// As it must stand in a shell.
function shellWord(text) {
  return /^[\w.@%+=:,/-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
