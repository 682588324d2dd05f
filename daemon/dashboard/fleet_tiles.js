// The fleet in five numbers.

import {bar, make, setAttribute, setText} from './elements.js';
import {compact, grouped, plural} from './figures.js';
import {hasEnded} from './words.js';

const HOUR_MS = 3600000;

function makeTile(name, title, href) {
  const value = make('strong');
  const more = make('span', {class: 'muted'});
  const element = make(
    href ? 'a' : 'div',
    {class: 'tile', href, attributes: {'data-tile': name}},
    make('span', {class: 'tile-title', text: title}),
    value,
    more,
  );
  return {element, value, more};
}

export function makeTiles() {
  const throughput = makeTile('rate', 'Integers a second');
  const slots = makeTile('slots', 'Slots busy');
  const slotsBar = bar('leased-solid');
  slots.element.append(slotsBar.element);
  const agents = makeTile('agents', 'Agents', '#/agents');
  const jobs = makeTile('jobs', 'Jobs running');
  const trouble = makeTile('trouble', 'Trouble, last hour', '#/events?severity=warning,error');
  const element = make(
    'section',
    {class: 'tiles', attributes: {'aria-label': 'The fleet now'}},
    ...[throughput, slots, agents, jobs, trouble].map((tile) => tile.element),
  );
  return {
    element,
    set(live, list) {
      const count = (state) => list.filter((job) => job.state === state).length;
      const fleet = [...live.agents.values()];
      const here = fleet.filter((agent) => agent.state === 'active' || agent.state === 'draining');
      const sum = (field, of = here) => of.reduce((total, agent) => total + (agent[field] ?? 0), 0);
      const inState = (state) => fleet.filter((agent) => agent.state === state).length;
      setText(
        throughput.value,
        compact(list.reduce((total, job) => total + (hasEnded(job) ? 0 : job.rate_per_s), 0)),
      );
      setText(throughput.more, 'over all jobs');
      const [busy, all] = [sum('busy'), sum('slots')];
      setText(slots.value, `${grouped(busy)} / ${grouped(all)}`);
      setText(slots.more, all ? `${Math.round((100 * busy) / all)} %` : 'no slot');
      slotsBar.set(all ? busy / all : 0);
      setText(agents.value, grouped(inState('active')));
      setText(
        agents.more,
        said([
          [inState('quarantined'), 'quarantined'],
          [inState('draining'), 'draining'],
          [inState('silent'), 'silent'],
          [fleet.filter((agent) => agent.notice && agent.state !== 'gone').length, 'warned'],
        ]) || 'active',
      );
      setText(jobs.value, grouped(count('running')));
      setText(
        jobs.more,
        said([
          [count('queued'), 'queued'],
          [count('paused'), 'paused'],
          [live.liveJobsLeftOut, 'not listed'],
        ]) || 'none waits',
      );
      const since = live.now() - HOUR_MS;
      const lately = live.events.filter((event) => event.unix_ms >= since);
      const errors = lately.filter((event) => event.severity === 'error').length;
      const warnings = lately.filter((event) => event.severity === 'warning').length;
      setText(trouble.value, grouped(errors + warnings));
      setText(
        trouble.more,
        [errors && plural(errors, 'error'), warnings && plural(warnings, 'warning')]
          .filter(Boolean)
          .join(' · ') || 'all is well',
      );
      setAttribute(trouble.element, 'data-tone', errors ? 'bad' : warnings ? 'warning' : 'good');
    },
  };
}

const said = (counts) =>
  counts
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${grouped(count)} ${word}`)
    .join(' · ');
