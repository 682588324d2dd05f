// What the page says while there is no job: what to type.

import {copyable, make, setText, show} from './elements.js';
import {plural} from './figures.js';

export function makeWelcome() {
  const agents = make('p');
  const start = make('p', {}, 'On this machine one comes with ', copyable('pq-agent'));
  const element = make(
    'section',
    {class: 'card welcome', attributes: {hidden: ''}},
    make('h2', {text: 'The queue is empty'}),
    agents,
    start,
    make('p', {}, 'Count the primes between ten and sixty million:'),
    make('p', {}, copyable('pq-submit --range 1e7:6e7 --wait')),
    make('p', {}, 'Or run any program of yours over a range; what it prints is added up:'),
    make('p', {}, copyable('pq-submit --range 0:1e6 --wait -- ./sim {lo} {hi}')),
    make('p', {
      class: 'muted',
      text: 'The job appears here as soon as it is submitted. Nobody needs to choose a chunk size.',
    }),
  );
  return {
    element,
    set(live) {
      const active = [...live.agents.values()].filter((agent) => agent.state === 'active');
      const slots = active.reduce((sum, agent) => sum + agent.slots, 0);
      setText(
        agents,
        active.length
          ? `${plural(active.length, 'agent')} with ${plural(slots, 'slot')} ${
              active.length === 1 ? 'waits' : 'wait'
            } for work.`
          : 'No agent is here yet.',
      );
      show(start, active.length === 0);
    },
  };
}
