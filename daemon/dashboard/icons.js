// Small drawings that say by their form what their colour says too.

const SVG = 'http://www.w3.org/2000/svg';

const PATHS = {
  queued: 'M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11M8 5v3.2l2.2 1.6',
  running: 'M5 3.2v9.6l7.6-4.8z',
  paused: 'M5.5 3.5v9M10.5 3.5v9',
  done: 'M3 8.6l3.3 3.4L13 4.6',
  failed: 'M4 4l8 8M12 4l-8 8',
  cancelled: 'M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11M4.2 4.2l7.6 7.6',
  active: 'M8 4.5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 1 0 0-7',
  draining: 'M8 2.5v7.5M4.5 7L8 10.5L11.5 7M3 13.5h10',
  quarantined: 'M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11M5 8h6',
  silent: 'M2.5 8h2M7 8h2M11.5 8h2',
  gone: 'M4 4l8 8M12 4l-8 8',
  info: 'M8 7v5M8 4v.6',
  warning: 'M8 2.5l6 10.8H2zM8 6.5v3M8 11.2v.5',
  error: 'M5.4 2.5h5.2l2.9 2.9v5.2l-2.9 2.9H5.4L2.5 10.6V5.4zM8 5v4M8 10.8v.5',
  joined: 'M8 3v10M3 8h10',
  left: 'M3 8h9M8.5 4.5L12 8l-3.5 3.5',
  split: 'M8 2v12M6 5L3 8l3 3M10 5l3 3l-3 3',
  expired: 'M4 2.5h8M4 13.5h8M5 2.5c0 4 6 7 6 11M11 2.5c0 4-6 7-6 11',
  submitted: 'M8 12.5V4M4.5 7L8 3.5L11.5 7',
  steered: 'M3 5h10M3 11h10M6 3v4M10 9v4',
  started: 'M11.2 4a5 5 0 1 1-6.4 0M8 2v6',
  bolt: 'M9 1.8L3.8 9H8l-1 5.2L12.2 7H8z',
  up: 'M4 10l4-4l4 4',
  down: 'M4 6l4 4l4-4',
  sun:
    'M8 5a3 3 0 1 0 0 6a3 3 0 1 0 0-6M8 1.2v1.6M8 13.2v1.6M1.2 8h1.6M13.2 8h1.6M3.2 3.2l1.1 1.1' +
    'M11.7 11.7l1.1 1.1M12.8 3.2l-1.1 1.1M4.3 11.7l-1.1 1.1',
  moon: 'M12.8 9.6A5.4 5.4 0 0 1 6.4 3.2a5.4 5.4 0 1 0 6.4 6.4z',
};
const FILLED = new Set(['running', 'active', 'bolt']);

export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('class', `icon${FILLED.has(name) ? ' filled' : ''}`);
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  svg.append(path);
  setIcon(svg, name);
  return svg;
}

export function setIcon(svg, name) {
  if (svg.dataset.icon === name) return;
  svg.dataset.icon = name;
  svg.setAttribute('class', `icon${FILLED.has(name) ? ' filled' : ''}`);
  svg.firstChild.setAttribute('d', PATHS[name] ?? PATHS.info);
}
