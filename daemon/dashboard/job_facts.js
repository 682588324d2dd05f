// What is known of a job besides how far it is, and the commands that steer it.

import {copyable, make} from './elements.js';
import {grouped, moment} from './figures.js';
import {hasEnded} from './words.js';

export function makeFacts() {
  const list = make('dl', {class: 'facts'});
  const commands = make('p', {class: 'commands'});
  let shown = '';
  return {
    element: make('div', {}, list, commands),
    set(job) {
      const program = job.program ?? {};
      const facts = [
        ['range', `${grouped(job.begin)} : ${grouped(job.end)}`],
        ['width', grouped(job.width)],
        ['kernel', job.kernel],
        ['fold', job.fold],
        ['program', program.command],
        ['run width', program.step && program.step !== '0' ? grouped(program.step) : null],
        ['files', program.files?.map((file) => file.name).join(', ')],
        ['cpus a step', job.cpus],
        [
          'requires',
          Object.entries(job.require ?? {})
            .map(([key, value]) => `${key}=${value}`)
            .join(', '),
        ],
        ['submitter', job.submitter],
        ['submitted', moment(job.created_unix_ms)],
        ['started', job.started_unix_ms && moment(job.started_unix_ms)],
        ['ended', job.finished_unix_ms && moment(job.finished_unix_ms)],
        [
          'leases',
          `${grouped(job.leases.granted)} granted, ${grouped(job.leases.expired)} expired, ${grouped(
            job.leases.yielded,
          )} yielded`,
        ],
        ['computed again', `${grouped(job.recomputed)} integers`],
        [
          'attempts failed',
          `${grouped(job.attempts_failed)} of at most ${grouped(job.failures_max ?? '–')}; ${
            job.attempts_max ?? '–'
          } for each integer`,
        ],
      ].filter(([, value]) => value !== null && value !== undefined && value !== '');
      const mark = JSON.stringify([facts, hasEnded(job)]);
      if (mark === shown) return;
      shown = mark;
      list.replaceChildren(
        ...facts.flatMap(([name, value]) => [
          make('dt', {text: name}),
          make('dd', {class: 'numbers wrap', text: String(value)}),
        ]),
      );
      const steer = job.state === 'paused' ? `pq-resume ${job.id}` : `pq-pause ${job.id}`;
      const words = hasEnded(job)
        ? [`pq-verify ${job.id}`, `pq-status ${job.id}`]
        : [steer, `pq-priority ${job.id} 10`, `pq-cancel ${job.id}`];
      commands.replaceChildren(...words.map((word) => copyable(word)));
    },
  };
}
