// Throughput over time, and how many slots were busy with it, by Chart.js. Drawn anew only when there is a
// new sample.

import {make, setAttribute, setText} from './elements.js';
import {clock, compact, minute, rate} from './figures.js';

const STEPS_S = [5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];
const GAP_MS = 60000; // without a sample for so long: the head was away, and the line says so

export class Throughput {
  constructor(label) {
    this.label = label;
    this.canvas = make('canvas', {attributes: {role: 'img', 'aria-label': label}});
    this.nothing = make('p', {class: 'nothing over', text: 'Nothing measured.'});
    this.element = make('div', {class: 'chart'}, this.canvas, this.nothing);
    this._repaint = () => this._paint();
    addEventListener('pq-theme', this._repaint);
  }

  setSamples(samples) {
    const last = samples[samples.length - 1];
    const mark = samples.length
      ? `${samples.length}/${samples[0].unix_ms}/${last.unix_ms}/${
          last.done_per_s
        }/${last.slots_busy}/${last.slots}`
      : '';
    if (mark === this._mark) return;
    this._mark = mark;
    this.nothing.hidden = samples.length > 0;
    if (!this.element.isConnected) return;
    this._chart ??= this._create();
    const [rates, busy, slots] = ['done_per_s', 'slots_busy', 'slots'].map((field) => points(samples, field));
    this._chart.data.datasets[0].data = rates;
    this._chart.data.datasets[1].data = busy;
    this._chart.data.datasets[2].data = slots;
    const span = timeAxis(samples);
    Object.assign(this._chart.options.scales.x, {min: span.from, max: span.to});
    this._times = span;
    this._chart.update('none');
    if (samples.length) setAttribute(this.canvas, 'aria-label', inWords(this.label, samples));
  }

  leave() {
    removeEventListener('pq-theme', this._repaint);
    this._chart?.destroy();
  }

  _create() {
    const chart = new Chart(this.canvas, {
      type: 'line',
      data: {
        datasets: [
          {
            label: 'integers a second',
            yAxisID: 'y',
            fill: 'origin',
            borderWidth: 1.75,
            pointRadius: 0,
            cubicInterpolationMode: 'monotone',
          },
          {
            label: 'slots busy',
            yAxisID: 'slots',
            borderWidth: 1.5,
            borderDash: [5, 3],
            pointRadius: 0,
            stepped: 'after',
          },
          {
            label: 'slots',
            yAxisID: 'slots',
            borderWidth: 1,
            borderDash: [1, 3],
            pointRadius: 0,
            stepped: 'after',
          },
        ],
      },
      options: {
        animation: false,
        responsive: true,
        maintainAspectRatio: false,
        parsing: false,
        normalized: true,
        interaction: {mode: 'index', intersect: false},
        layout: {padding: {top: 4, right: 2}},
        scales: {
          x: {
            type: 'linear',
            offset: false,
            ticks: {
              maxRotation: 0,
              autoSkip: true,
              autoSkipPadding: 24,
              callback: (value) => (this._times.step < 60000 ? clock(value) : minute(value)),
            },
            afterBuildTicks: (axis) => {
              axis.ticks = (this._times?.ticks ?? []).map((value) => ({value}));
            },
            grid: {display: false},
          },
          // Of one width whatever stands there, so that the line does not jump when a unit changes.
          y: {
            beginAtZero: true,
            grace: '8%',
            ticks: {maxTicksLimit: 5, callback: (value) => (this._mark ? compact(value) : '')},
            afterFit: (axis) => {
              axis.width = 52;
            },
            border: {display: false},
          },
          slots: {
            position: 'right',
            beginAtZero: true,
            grace: '8%',
            ticks: {maxTicksLimit: 5, precision: 0, callback: (value) => (this._mark ? compact(value) : '')},
            afterFit: (axis) => {
              axis.width = 38;
            },
            grid: {display: false},
          },
        },
        plugins: {
          legend: {
            position: 'top',
            align: 'end',
            labels: {boxWidth: 22, boxHeight: 0, padding: 8, font: {size: 11}},
          },
          tooltip: {
            callbacks: {
              title: (items) => (items.length ? clock(items[0].parsed.x) : ''),
              label: (item) =>
                ` ${item.dataset.label}: ${
                  item.datasetIndex === 0 ? rate(item.parsed.y) : compact(item.parsed.y)
                }`,
            },
          },
        },
      },
    });
    this._chart = chart;
    this._paint();
    return chart;
  }

  _paint() {
    if (!this._chart) return;
    const style = getComputedStyle(this.element);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    const [rates, busy, slots] = this._chart.data.datasets;
    Object.assign(rates, {borderColor: colour('done'), backgroundColor: colour('done-faint')});
    Object.assign(busy, {borderColor: colour('leased-line'), backgroundColor: 'transparent'});
    Object.assign(slots, {borderColor: colour('muted'), backgroundColor: 'transparent'});
    for (const axis of Object.values(this._chart.options.scales)) {
      axis.ticks.color = colour('muted');
      axis.ticks.font = {size: 11};
      if (axis.grid) Object.assign(axis.grid, {color: colour('line'), borderColor: colour('line')});
    }
    this._chart.options.scales.y.grid = {color: colour('line'), drawBorder: false};
    this._chart.options.plugins.legend.labels.color = colour('muted');
    Object.assign(this._chart.options.plugins.tooltip, {
      backgroundColor: colour('tip'),
      titleColor: colour('tip-text'),
      bodyColor: colour('tip-text'),
      borderColor: colour('line'),
      borderWidth: 1,
    });
    this._chart.update('none');
  }
}

// From the first sample to the last one, with marks at round times.
function timeAxis(samples) {
  if (samples.length === 0) return {from: 0, to: 1, step: 60000, ticks: []};
  const to = samples[samples.length - 1].unix_ms;
  const from = Math.min(samples[0].unix_ms, to - 10000);
  const step =
    STEPS_S.map((seconds) => seconds * 1000).find((ms) => (to - from) / ms <= 8) ??
    86400000 * Math.ceil((to - from) / 86400000 / 8);
  const ticks = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) ticks.push(at);
  return {from, to, step, ticks};
}

function points(samples, field) {
  const list = [];
  samples.forEach((sample, i) => {
    if (i > 0 && sample.unix_ms - samples[i - 1].unix_ms > GAP_MS)
      list.push({x: samples[i - 1].unix_ms + 1, y: NaN});
    list.push({x: sample.unix_ms, y: sample[field]});
  });
  return list;
}

function inWords(label, samples) {
  const rates = samples.map((sample) => sample.done_per_s);
  const last = samples[samples.length - 1];
  return (
    `${label}, from ${clock(samples[0].unix_ms)} to ${clock(last.unix_ms)}: now ${rate(
      last.done_per_s,
    )}, at most ${rate(Math.max(...rates))}; ` + `${last.slots_busy} of ${last.slots} slots busy`
  );
}

// The line under a chart's title: the latest sample in words.
export function latest(element, samples) {
  const last = samples[samples.length - 1];
  setText(
    element,
    last ? `${rate(last.done_per_s)} · ${compact(last.slots_busy)} of ${compact(last.slots)} slots busy` : '',
  );
}
