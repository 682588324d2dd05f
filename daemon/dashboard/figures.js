// Numbers and times as people read them. Integers of ranges and values come as decimal strings, because they
// can pass 2^53: they are computed with as BigInt and never become numbers except for a place on the screen.

const THIN = '\u202f'; // narrow no-break space: a number stays on its line
const UNITS = ['', 'k', 'M', 'G', 'T', 'P', 'E', 'Z'];

// "-1 234 567"; a number with a point or an exponent as it is.
export function grouped(decimal) {
  const text = String(decimal);
  return /^-?\d+$/.test(text) ? text.replace(/\B(?=(\d{3})+$)/g, THIN) : text;
}

// Three digits and a unit: "0", "950", "1.25 k", "120 M", "18.4 E".
export function compact(number) {
  let size = Math.abs(Number(number));
  if (!(size > 0)) return '0';
  let unit = 0;
  while (size >= 999.5 && unit < UNITS.length - 1) {
    size /= 1000;
    ++unit;
  }
  if (size >= 999.5) return Number(number).toExponential(2);
  const digits = size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
  const rounded = unit === 0 && Number.isInteger(size) ? String(size) : size.toFixed(digits);
  return `${number < 0 ? '-' : ''}${rounded}${UNITS[unit] ? THIN + UNITS[unit] : ''}`;
}

export function rate(perSecond) {
  return perSecond > 0 ? `${compact(perSecond)}/s` : '–';
}

// part / whole in [0, 1], exact to a millionth.
export function fraction(part, whole) {
  const all = BigInt(whole);
  if (all === 0n) return 0;
  return Number((BigInt(part) * 1000000n) / all) / 1000000;
}

// Rounded down: it says 100 % only when nothing is left, and 0 only of nothing.
export function percent(part, whole) {
  const all = BigInt(whole);
  if (all === 0n) return `0.0${THIN}%`;
  const tenths = (BigInt(part) * 1000n) / all;
  if (tenths === 0n && BigInt(part) > 0n) return `<0.1${THIN}%`;
  return `${tenths / 10n}.${tenths % 10n}${THIN}%`;
}

// 10000000 is told as 1e7, 1500000000 as 1.5e9; what has many digits as it is, grouped.
export function shortNumber(decimal) {
  const text = String(decimal);
  const digits = text.replace(/0+$/, '');
  if (text.length < 6 || digits.length > 4 || digits.length === 0) return grouped(text);
  const point = digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits;
  return `${point}e${text.length - 1}`;
}

// As pq-submit takes it, if that is short: "1e7:6e7", "1e12:+1e11"; else both ends in full.
export function rangeText(begin, end) {
  const width = String(BigInt(end) - BigInt(begin));
  const [from, to, by] = [shortNumber(begin), shortNumber(end), shortNumber(width)];
  if (to.length > by.length + 4 && BigInt(begin) > 0n) return `${from}:+${by}`;
  return `${from}:${to}`;
}

// A value of 128 bits has up to 39 digits: in a table it is told by its first ones.
export function valueText(value, digitsMax = 18) {
  if (value === null || value === undefined) return '–';
  const text = String(value);
  if (!/^-?\d+$/.test(text)) return text;
  const digits = text.replace('-', '');
  if (digits.length <= digitsMax) return grouped(text);
  return `${text.startsWith('-') ? '-' : ''}${digits[0]}.${digits.slice(1, 6)}…e${digits.length - 1}`;
}

// Two units at most: "0.4 s", "12 s", "2 min 05 s", "3 h 12 min", "4 d 03 h", "12 y".
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return '–';
  if (seconds < 0) return '0 s';
  if (seconds < 9.95) return `${seconds.toFixed(1)}${THIN}s`;
  const whole = Math.round(seconds);
  const two = (big, bigUnit, small, smallUnit) =>
    `${big}${THIN}${bigUnit} ${String(small).padStart(2, '0')}${THIN}${smallUnit}`;
  if (whole < 60) return `${whole}${THIN}s`;
  if (whole < 3600) return two(Math.floor(whole / 60), 'min', whole % 60, 's');
  if (whole < 86400) return two(Math.floor(whole / 3600), 'h', Math.floor((whole % 3600) / 60), 'min');
  const days = Math.floor(whole / 86400);
  if (days < 1000) return two(days, 'd', Math.floor((whole % 86400) / 3600), 'h');
  return `${grouped(Math.round(days / 365.25))}${THIN}y`;
}

// Both ends in the unit of the later one: "88 … 117 s", "1.4 … 1.9 min".
function band(low, high) {
  const [unit, seconds] =
    high < 120 ? ['s', 1] : high < 7200 ? ['min', 60] : high < 172800 ? ['h', 3600] : ['d', 86400];
  const digits = high / seconds < 9.95 ? 1 : 0;
  return `${(low / seconds).toFixed(digits)} … ${(high / seconds).toFixed(digits)}${THIN}${unit}`;
}

// "just now", "12 s ago", "3 min ago": one unit, so that it rarely changes.
export function ago(unixMs, nowMs) {
  const seconds = Math.max(0, (nowMs - unixMs) / 1000);
  if (seconds < 2) return 'just now';
  if (seconds < 60) return `${Math.floor(seconds)}${THIN}s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}${THIN}min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)}${THIN}h ago`;
  return `${Math.floor(seconds / 86400)}${THIN}d ago`;
}

const CLOCK = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const MINUTE = new Intl.DateTimeFormat(undefined, {hour: '2-digit', minute: '2-digit', hourCycle: 'h23'});
const DAY = new Intl.DateTimeFormat(undefined, {year: 'numeric', month: 'short', day: 'numeric'});

export const clock = (unixMs) => CLOCK.format(unixMs);
export const minute = (unixMs) => MINUTE.format(unixMs);
export const moment = (unixMs) => `${DAY.format(unixMs)}, ${CLOCK.format(unixMs)}`;

// The time alone today, with the day before it otherwise.
export function clockOrDay(unixMs, nowMs) {
  return DAY.format(unixMs) === DAY.format(nowMs) ? clock(unixMs) : moment(unixMs);
}

// How long a job still takes, and between what: "2 min 05 s" and "1.8 … 2.4 min"; "" where there is no band.
export function timeLeft(job) {
  if (job.eta_s === null || job.eta_s === undefined) return {text: '–', band: ''};
  const low = job.eta_low_s,
    high = job.eta_high_s;
  const hasBand = typeof low === 'number' && typeof high === 'number' && high > low;
  return {text: duration(job.eta_s), band: hasBand ? band(low, high) : ''};
}

export function plural(count, one, many = `${one}s`) {
  return `${grouped(count)} ${Number(count) === 1 ? one : many}`;
}
