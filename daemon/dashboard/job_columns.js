// The columns of the table of all jobs.

import {linkCell, stateCell, textCell} from './cells.js';
import {bar, make, setAttribute, setText} from './elements.js';
import {
  ago,
  compact,
  fraction,
  grouped,
  moment,
  percent,
  rangeText,
  rate,
  timeLeft,
  valueText,
} from './figures.js';
import {hasEnded, JOB_STATES, jobHref, jobTitle} from './words.js';

export function jobColumns(live) {
  const progress = (job) => fraction(BigInt(job.done) + BigInt(job.failed), job.width);
  return [
    {
      key: 'id',
      title: '#',
      min: 48,
      rank: 1,
      align: 'right',
      sort: (job) => job.id,
      create: textCell((job) => String(job.id)),
    },
    {
      key: 'title',
      title: 'Job',
      min: 210,
      grow: 3,
      rank: 1,
      sort: (job) => jobTitle(job).toLowerCase(),
      create: linkCell(jobTitle, (job) => jobHref(job.id)),
    },
    {
      key: 'kernel',
      title: 'Kernel',
      min: 84,
      rank: 7,
      sort: (job) => job.kernel,
      create: textCell((job) => job.kernel),
    },
    {
      key: 'range',
      title: 'Range',
      min: 120,
      grow: 1,
      rank: 6,
      sort: (job) => BigInt(job.width),
      create: textCell(
        (job) => rangeText(job.begin, job.end),
        (job) => `${grouped(job.begin)} : ${grouped(job.end)}, ${grouped(job.width)} integers`,
      ),
    },
    {
      key: 'state',
      title: 'State',
      min: 104,
      rank: 1,
      sort: (job) => `${JOB_STATES[job.state]?.rank ?? 4}${String(2 ** 40 - job.id).padStart(14, '0')}`,
      create: stateCell(JOB_STATES),
    },
    {
      key: 'progress',
      title: 'Progress',
      min: 170,
      grow: 2,
      rank: 2,
      align: 'right',
      live: true,
      sort: progress,
      create: progressCell,
    },
    {
      key: 'rate',
      title: 'Rate',
      min: 78,
      rank: 3,
      align: 'right',
      live: true,
      sort: (job) => job.rate_per_s,
      create: textCell((job) => (hasEnded(job) ? '' : rate(job.rate_per_s))),
    },
    {
      key: 'eta',
      title: 'Time left',
      min: 190,
      rank: 4,
      align: 'right',
      ascending: true,
      live: true,
      sort: (job) => job.eta_s ?? Infinity,
      create: timeLeftCell,
    },
    {
      key: 'slots',
      title: 'Slots',
      min: 46,
      rank: 8,
      align: 'right',
      live: true,
      sort: (job) => job.slots_busy ?? 0,
      create: textCell((job) => (hasEnded(job) ? '' : compact(job.slots_busy ?? 0))),
    },
    {
      key: 'priority',
      title: 'Prio',
      min: 40,
      rank: 11,
      align: 'right',
      sort: (job) => job.priority ?? 0,
      create: textCell((job) => String(job.priority ?? 0)),
    },
    {
      key: 'value',
      title: 'Value',
      min: 150,
      grow: 1,
      rank: 5,
      align: 'right',
      sort: (job) => Number(job.value ?? -Infinity),
      create: valueCell,
    },
    {
      key: 'submitter',
      title: 'Submitter',
      min: 96,
      rank: 9,
      sort: (job) => (job.submitter ?? '').toLowerCase(),
      create: textCell((job) => job.submitter ?? ''),
    },
    {
      key: 'created',
      title: 'Submitted',
      min: 84,
      rank: 10,
      align: 'right',
      sort: (job) => job.created_unix_ms,
      create: textCell(
        (job) => ago(job.created_unix_ms, live.now()),
        (job) => moment(job.created_unix_ms),
      ),
    },
  ];
}

function progressCell(cell) {
  const drawn = bar('done', 'failed');
  const text = make('span', {class: 'progress-text'});
  cell.append(drawn.element, text);
  return (job) => {
    drawn.set(fraction(job.done, job.width), fraction(job.failed, job.width));
    setText(text, percent(BigInt(job.done), job.width));
    setAttribute(cell, 'title', job.failed === '0' ? null : `${grouped(job.failed)} integers have failed`);
  };
}

function timeLeftCell(cell) {
  const band = make('span', {class: 'band'});
  const text = make('span');
  cell.append(band, text);
  return (job) => {
    const left = hasEnded(job) ? {text: '', band: ''} : timeLeft(job);
    setText(text, left.text);
    setText(band, left.band ? `(${left.band})` : '');
    setAttribute(cell, 'title', left.band ? `between ${left.band.replace('…', 'and')}` : null);
  };
}

// A job that failed or was cancelled has no total.
const unfinal = (job) => (hasEnded(job) ? 'is of a part: there is no total' : 'so far');

function valueCell(cell) {
  return (job) => {
    setText(cell, valueText(job.value));
    cell.classList.toggle('so-far', !job.value_is_final);
    setAttribute(
      cell,
      'title',
      job.value === null ? null : `${grouped(job.value)}${job.value_is_final ? '' : ` ${unfinal(job)}`}`,
    );
  };
}
