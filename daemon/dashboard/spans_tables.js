// The ledger in words, for those who cannot see the strip or want the numbers: its leases, and all of its
// spans.

import {linkCell, stateCell, textCell} from './cells.js';
import {bar, make, setText} from './elements.js';
import {ago, duration, fraction, grouped, percent} from './figures.js';
import {Table} from './table.js';
import {agentHref} from './words.js';

const SPAN_STATES = {
  done: {tone: 'busy'},
  leased: {tone: 'warning'},
  free: {tone: 'calm'},
  failed: {tone: 'bad'},
  mixed: {tone: 'calm'},
};
const SPAN_ICONS = {
  leased: 'active',
  free: 'queued',
  mixed: 'info',
};

const width = (span) => BigInt(span.end) - BigInt(span.begin);
const byBegin = {
  key: 'begin',
  title: 'From',
  min: 120,
  grow: 1,
  rank: 1,
  align: 'right',
  ascending: true,
  sort: (span) => BigInt(span.begin),
  create: textCell((span) => grouped(span.begin)),
};
const byWidth = {
  key: 'width',
  title: 'Width',
  min: 100,
  grow: 1,
  rank: 3,
  align: 'right',
  sort: width,
  create: textCell((span) => grouped(width(span))),
};

export function leasesTable(live, strip) {
  return new Table({
    name: 'job-leases',
    label: 'Leases of this job',
    keyOf: (span) => `${span.begin}/${span.agent}`,
    open: (span) => {
      location.hash = agentHref(span.agent);
    },
    sort: {key: 'begin', descending: false},
    cardPx: 58,
    empty: () => 'No span is leased.',
    columns: [
      {key: 'letter', title: '', min: 26, rank: 1, create: letterCell(strip)},
      {
        key: 'agent',
        title: 'Agent',
        min: 120,
        grow: 2,
        rank: 1,
        sort: (span) => span.agent,
        create: linkCell(
          (span) => span.agent,
          (span) => agentHref(span.agent),
        ),
      },
      {...byBegin, rank: 4},
      byWidth,
      {
        key: 'committed',
        title: 'Committed',
        min: 150,
        grow: 2,
        rank: 1,
        align: 'right',
        live: true,
        sort: (span) => committed(span),
        create: committedCell,
      },
      {
        key: 'age',
        title: 'Granted',
        min: 110,
        rank: 5,
        align: 'right',
        sort: (span) => -(span.granted_unix_ms ?? 0),
        create: textCell(
          (span) => (span.granted_unix_ms ? duration((live.now() - span.granted_unix_ms) / 1000) : 'earlier'),
          (span) =>
            span.granted_unix_ms ? ago(span.granted_unix_ms, live.now()) : "before the head's start",
        ),
      },
      {
        key: 'asked',
        title: 'To be split at',
        min: 120,
        grow: 1,
        rank: 6,
        align: 'right',
        create: textCell((span) => (span.end_asked ? grouped(span.end_asked) : '')),
      },
    ],
  });
}

export function spansTable() {
  return new Table({
    name: 'spans',
    label: 'All spans of this job, in order',
    keyOf: (span) => span.begin,
    open: () => {},
    sort: {key: 'begin', descending: false},
    cardPx: 58,
    empty: () => 'The ledger has not come yet.',
    columns: [
      {
        key: 'state',
        title: 'State',
        min: 84,
        rank: 1,
        sort: (span) => span.state,
        create: stateCell(
          SPAN_STATES,
          (span) => span.state,
          (span) => span.state,
          (span) => SPAN_ICONS[span.state] ?? span.state,
        ),
      },
      byBegin,
      {
        key: 'end',
        title: 'To',
        min: 120,
        grow: 1,
        rank: 2,
        align: 'right',
        create: textCell((span) => grouped(span.end)),
      },
      byWidth,
      {key: 'more', title: '', min: 140, grow: 3, rank: 2, create: textCell(more, more)},
    ],
  });
}

const committed = (span) => fraction(BigInt(span.upto) - BigInt(span.begin), width(span));

function committedCell(cell) {
  const drawn = bar('committed');
  const text = make('span', {class: 'progress-text'});
  cell.append(drawn.element, text);
  return (span) => {
    drawn.set(committed(span));
    setText(text, percent(BigInt(span.upto) - BigInt(span.begin), width(span)));
  };
}

const letterCell = (strip) => (cell) => {
  const letter = make('span', {class: 'letter'});
  cell.append(letter);
  return (span) => setText(letter, strip.letters.get(span.agent) ?? '');
};

function more(span) {
  if (span.state === 'leased') return `${span.agent}, committed up to ${grouped(span.upto)}`;
  if (span.state === 'failed') return `${span.attempts} attempts: ${span.error ?? ''}`;
  if (span.state === 'free' && span.attempts) return `${span.attempts} failed attempts so far`;
  if (span.state === 'mixed')
    return ['done', 'leased', 'free', 'failed']
      .filter((name) => span[name] && span[name] !== '0')
      .map((name) => `${grouped(span[name])} ${name}`)
      .join(', ');
  return '';
}
