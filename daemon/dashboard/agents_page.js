// Who computes: how many slots are busy, how fast, on what machine, and who has been quiet or was warned.

import {linkCell, stateCell, textCell} from './cells.js';
import {bar, make, setAttribute, setText} from './elements.js';
import {ago, duration, grouped, plural, rate} from './figures.js';
import {Choice, hasWords, keepSort, keptSort, Search} from './filters.js';
import {icon, setIcon} from './icons.js';
import {Table} from './table.js';
import {AGENT_STATES, agentHref, instanceType, zone} from './words.js';

const NO_AGENT =
  'No agent has come yet. On this machine: pq-agent. ' +
  'For others: pq-key new agent makes the token with which they join.';

export class AgentsPage {
  constructor(live) {
    this.live = live;
    this.title = 'Agents';
    const changed = () => this.update();
    this.state = new Choice({
      key: 'state',
      label: 'State',
      many: true,
      changed,
      options: Object.keys(AGENT_STATES).map((state) => [state, state]),
    });
    this.search = new Search({key: 'find', label: 'Search in agents', placeholder: 'search  ( / )', changed});
    this.count = make('span', {class: 'muted numbers', attributes: {role: 'status'}});
    this.table = new Table({
      name: 'agents',
      label: 'Agents',
      columns: agentColumns(live),
      keyOf: (agent) => agent.name,
      open: (agent) => {
        location.hash = agentHref(agent.name);
      },
      sort: keptSort({key: 'state', descending: false}),
      onSort: keepSort,
      cardPx: 92,
      empty: () => (this.live.agents.size === 0 ? NO_AGENT : 'No agent is like that.'),
    });
    this.element = make(
      'div',
      {class: 'page'},
      make('h1', {text: 'Agents', attributes: {tabindex: '-1'}}),
      make('div', {class: 'toolbar'}, this.state.element, this.search.element, this.count),
      make('section', {class: 'card flush'}, this.table.element),
    );
  }

  leave() {
    this.table.leave();
  }

  update() {
    const agents = [...this.live.agents.values()];
    const {words} = this.search;
    const shown = agents.filter((agent) => this.state.has(agent.state) && hasWords(agentText(agent), words));
    const counts = Object.fromEntries(Object.keys(AGENT_STATES).map((state) => [state, 0]));
    for (const agent of agents) counts[agent.state] = (counts[agent.state] ?? 0) + 1;
    this.state.setCounts(counts);
    const more = this.live.agentsLeftOut ? `; ${grouped(this.live.agentsLeftOut)} more are not listed` : '';
    setText(
      this.count,
      `${shown.length === agents.length ? '' : `${grouped(shown.length)} of `}${plural(
        agents.length,
        'agent',
      )}${more}`,
    );
    this.table.setRows(shown);
  }
}

const agentText = (agent) =>
  `${agent.name} ${agent.state} ${Object.values(agent.labels ?? {}).join(' ')} ${
    agent.notice?.kind ?? ''
  } ${agent.version}`;

// The oldest lease whose grant this head has seen, in seconds.
export function oldestLease(agent, now) {
  const granted = (agent.leases ?? []).map((lease) => lease.granted_unix_ms).filter((at) => at !== null);
  return granted.length ? Math.max(0, (now - Math.min(...granted)) / 1000) : null;
}

export function jobsOf(agent) {
  return [...new Set((agent.leases ?? []).map((lease) => lease.job))].sort((a, b) => a - b);
}

function agentColumns(live) {
  return [
    {
      key: 'name',
      title: 'Agent',
      min: 150,
      grow: 2,
      rank: 1,
      sort: (agent) => agent.name,
      create: linkCell(
        (agent) => agent.name,
        (agent) => agentHref(agent.name),
      ),
    },
    {
      key: 'state',
      title: 'State',
      min: 96,
      rank: 1,
      sort: (agent) => `${AGENT_STATES[agent.state]?.rank ?? 9}${agent.name}`,
      create: stateCell(AGENT_STATES),
    },
    {
      key: 'slots',
      title: 'Slots',
      min: 118,
      rank: 2,
      align: 'right',
      live: true,
      sort: (agent) => agent.slots,
      create: slotsCell,
    },
    {
      key: 'rate',
      title: 'Rate',
      min: 78,
      rank: 2,
      align: 'right',
      live: true,
      sort: (agent) => agent.rate_per_s,
      create: textCell((agent) => rate(agent.rate_per_s)),
    },
    {
      key: 'jobs',
      title: 'Jobs',
      min: 70,
      rank: 7,
      create: textCell(
        (agent) =>
          jobsOf(agent)
            .map((id) => `#${id}`)
            .join(' '),
        (agent) =>
          jobsOf(agent)
            .map((id) => `#${id}`)
            .join(' ') || 'no lease',
      ),
    },
    {
      key: 'lease',
      title: 'Oldest lease',
      min: 92,
      rank: 5,
      align: 'right',
      live: true,
      sort: (agent) => oldestLease(agent, live.now()) ?? -1,
      create: textCell((agent) => {
        const age = oldestLease(agent, live.now());
        return age === null ? '–' : duration(age);
      }),
    },
    {
      key: 'missed',
      title: 'Beats missed',
      min: 92,
      rank: 4,
      align: 'right',
      live: true,
      sort: (agent) => agent.beats_missed ?? 0,
      create: missedCell,
    },
    {
      key: 'notice',
      title: 'Notice',
      min: 130,
      grow: 1,
      rank: 3,
      sort: (agent) => (agent.notice ? (agent.notice.ends_unix_ms ?? 1) : Infinity),
      create: noticeCell(live),
    },
    {
      key: 'type',
      title: 'Machine',
      min: 100,
      grow: 1,
      rank: 6,
      sort: instanceType,
      create: textCell(
        (agent) => instanceType(agent) || agent.labels?.arch || '',
        (agent) => agent.labels?.os ?? '',
      ),
    },
    {key: 'zone', title: 'Zone', min: 96, rank: 8, sort: zone, create: textCell(zone)},
    {
      key: 'version',
      title: 'Version',
      min: 62,
      rank: 9,
      sort: (agent) => agent.version,
      create: textCell((agent) => agent.version),
    },
  ];
}

function slotsCell(cell) {
  const drawn = bar('leased-solid');
  const text = make('span', {class: 'progress-text'});
  cell.append(drawn.element, text);
  return (agent) => {
    drawn.set(agent.slots ? agent.busy / agent.slots : 0);
    setText(text, `${agent.busy} / ${agent.slots}`);
  };
}

function missedCell(cell) {
  const drawing = icon('warning');
  const text = make('span');
  cell.append(drawing, text);
  return (agent) => {
    const missed = agent.beats_missed ?? 0;
    setText(text, agent.state === 'gone' ? '–' : String(missed));
    cell.classList.toggle('is-missed', missed > 0 && agent.state !== 'gone');
  };
}

const noticeCell = (live) => (cell) => {
  const drawing = icon('bolt');
  const text = make('span');
  const chip = make('span', {class: 'chip', attributes: {'data-tone': 'warning'}}, drawing, text);
  cell.append(chip);
  return (agent) => {
    chip.hidden = !agent.notice;
    if (!agent.notice) return;
    setIcon(drawing, 'bolt');
    setText(text, noticeText(agent.notice, live.now()));
    setAttribute(chip, 'title', agent.notice.text);
  };
};

export function noticeText(notice, now) {
  if (notice.ends_unix_ms === null) return notice.kind;
  const left = (notice.ends_unix_ms - now) / 1000;
  return left > 0 ? `${notice.kind} in ${duration(left)}` : `${notice.kind} ${ago(notice.ends_unix_ms, now)}`;
}
