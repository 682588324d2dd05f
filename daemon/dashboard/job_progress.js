// How far a job is, what it has come to, and when it ends.

import {bar, make, setAttribute, setText} from './elements.js';
import {ago, clock, duration, fraction, grouped, percent, rate, timeLeft, valueText} from './figures.js';
import {hasEnded} from './words.js';

export function makeProgress() {
  const share = make('strong', {class: 'share'});
  const counts = make('span', {class: 'numbers'});
  const drawn = bar('done', 'failed');
  const progress = make(
    'div',
    {
      class: 'progress',
      attributes: {
        role: 'progressbar',
        'aria-label': 'Progress',
        'aria-valuemin': '0',
        'aria-valuemax': '100',
      },
    },
    drawn.element,
  );
  const figures = {};
  const figure = (key, title) => {
    figures[key] = {
      title: make('span', {class: 'tile-title', text: title}),
      value: make('strong'),
      more: make('span', {class: 'muted'}),
    };
    return make('div', {class: `figure figure-${key}`}, ...Object.values(figures[key]));
  };
  const element = make(
    'section',
    {class: 'card job-progress', attributes: {'aria-label': 'Progress'}},
    make('div', {class: 'share-line'}, share, counts),
    progress,
    make(
      'div',
      {class: 'figures'},
      figure('value', 'Value'),
      figure('rate', 'Rate'),
      figure('left', 'Time left'),
      figure('slots', 'Slots busy'),
    ),
  );
  return {
    element,
    set(job, now) {
      const ended = hasEnded(job);
      const done = percent(job.done, job.width);
      setText(share, done);
      const failed = job.failed === '0' ? '' : `, ${grouped(job.failed)} failed`;
      setText(counts, `${grouped(job.done)} of ${grouped(job.width)} integers${failed}`);
      drawn.set(fraction(job.done, job.width), fraction(job.failed, job.width));
      setAttribute(progress, 'aria-valuenow', String(Math.floor(fraction(job.done, job.width) * 100)));
      setAttribute(progress, 'aria-valuetext', `${done} done${failed}`);
      setText(figures.value.value, valueText(job.value, 40));
      setText(figures.value.more, valueRemark(job));
      setText(figures.slots.value, ended ? '–' : grouped(job.slots_busy ?? 0));
      setText(figures.slots.more, `priority ${job.priority ?? 0}`);
      setText(figures.rate.title, ended ? 'Rate on average' : 'Rate');
      setText(figures.left.title, ended ? 'Time taken' : 'Time left');
      if (ended) setEnd(figures, job, now);
      else setOutlook(figures, job, now);
    },
  };
}

// A job that failed or was cancelled has no total.
function valueRemark(job) {
  if (job.value_is_final) return job.value === null ? 'none' : 'final';
  if (hasEnded(job)) return job.value === null ? 'none' : 'partial, no total';
  return job.value === null ? 'none yet' : 'so far';
}

function setOutlook({rate: speed, left}, job, now) {
  setText(speed.value, rate(job.rate_per_s));
  setText(
    speed.more,
    job.started_unix_ms
      ? `running for ${duration((now - job.started_unix_ms) / 1000)}`
      : `submitted ${ago(job.created_unix_ms, now)}`,
  );
  const {text, band} = timeLeft(job);
  const end = job.eta_s === null ? 'not known yet' : `until ${clock(now + job.eta_s * 1000)}`;
  setText(left.value, text);
  setText(left.more, band ? `${band}, ${end}` : end);
}

function setEnd({rate: speed, left}, job, now) {
  const taken = Math.max(0.001, (job.finished_unix_ms - (job.started_unix_ms ?? job.created_unix_ms)) / 1000);
  setText(speed.value, job.started_unix_ms ? rate(Number(job.done) / taken) : '–');
  setText(speed.more, job.started_unix_ms ? '' : 'it never ran');
  setText(left.value, duration(taken));
  setText(left.more, `ended ${ago(job.finished_unix_ms, now)}`);
}
