// A span, and a whole ledger, in words: what the strip shows, for those who point, hear or read it.

import {ago, grouped, percent, plural} from './figures.js';

// A span as LedgerStrip keeps it, with its ends as BigInt; `letter` is its agent's.
export function describe(span, letter, nowMs) {
  const width = span.end - span.begin;
  const where = `${grouped(span.begin)} : ${grouped(span.end)}, ${grouped(width)} wide`;
  if (span.state === 'leased') return describeLease(span, letter, nowMs, where, width);
  if (span.state === 'failed')
    return `failed: ${where}; ${plural(span.attempts, 'attempt')}; ${span.error ?? ''}`;
  if (span.state === 'mixed') {
    const names = ['done', 'leased', 'free', 'failed'].filter((name) => BigInt(span[name] ?? 0) > 0n);
    return `many spans: ${where}; ${names.map((name) => `${percent(span[name], width)} ${name}`).join(', ')}`;
  }
  const tried = span.state === 'free' && span.attempts > 0;
  return `${span.state}: ${where}${
    tried ? `; failed ${span.attempts === 1 ? 'once' : `${span.attempts} times`} so far` : ''
  }`;
}

function describeLease(span, letter, nowMs, where, width) {
  const age = span.granted_unix_ms ? ago(span.granted_unix_ms, nowMs) : "before the head's start";
  const asked = span.endAsked === null ? '' : `; asked to end at ${grouped(span.endAsked)}`;
  const committed = `committed up to ${grouped(span.upto)} (${percent(span.upto - span.begin, width)})`;
  return `leased by ${span.agent} (${letter}): ${where}; ${committed}; granted ${age}${asked}`;
}

// "61.0 % done · 3.1 % committed · 5.0 % leased (4 leases of 3 agents) · 30.9 % free. 9 spans."
export function summarize({spans, begin, end, spans_in_all: all}) {
  const sums = {done: 0n, committed: 0n, leased: 0n, free: 0n, failed: 0n};
  const counts = {done: 0, leased: 0, free: 0, failed: 0, mixed: 0};
  const holders = new Set();
  for (const span of spans) {
    counts[span.state] += 1;
    if (span.agent) holders.add(span.agent);
    if (span.state === 'mixed') {
      for (const name of Object.keys(sums)) sums[name] += BigInt(span[name] ?? 0);
    } else {
      const committed = span.state === 'leased' ? span.upto - span.begin : 0n;
      sums[span.state] += span.end - span.begin - committed;
      sums.committed += committed;
    }
  }
  const part = (name, more) => `${percent(sums[name], end - begin)} ${name}${more ? ` (${more})` : ''}`;
  const parts = [
    part('done'),
    ...(sums.committed > 0n ? [part('committed')] : []),
    part('leased', counts.leased && `${plural(counts.leased, 'lease')} of ${plural(holders.size, 'agent')}`),
    part('free', counts.free > 1 && `in ${counts.free} pieces`),
  ];
  if (sums.failed > 0n) parts.push(part('failed', plural(counts.failed, 'span')));
  return `${parts.join(' · ')}. ${plural(all ?? spans.length, 'span')}.`;
}

// Each agent has one for the life of a page: A … Z, AA …
export function letterOf(index) {
  const letter = String.fromCharCode(65 + (index % 26));
  return index < 26 ? letter : letterOf(Math.floor(index / 26) - 1) + letter;
}
