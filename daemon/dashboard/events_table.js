// Events in a table, the newest first: used by the page of all events and by those of one job or one agent.

import {linkCell, stateCell, textCell} from './cells.js';
import {make, setText} from './elements.js';
import {clockOrDay, moment} from './figures.js';
import {Table} from './table.js';
import {agentHref, eventIcon, jobHref, kindName, SEVERITIES, toneOf} from './words.js';

// What it was stands beside it.
const said = (event) => event.detail || event.text;

export function eventsTable(live, {withJob = true, withAgent = true, empty}) {
  const columns = [
    {
      key: 'time',
      title: 'Time',
      min: 76,
      rank: 1,
      create: textCell(
        (event) => clockOrDay(event.unix_ms, live.now()),
        (event) => moment(event.unix_ms),
      ),
    },
    {
      key: 'what',
      title: 'What',
      min: 132,
      rank: 1,
      create: stateCell(
        SEVERITIES,
        (event) => event.severity,
        (event) => kindName(event.what),
        eventIcon,
      ),
    },
    withJob && {
      key: 'job',
      title: 'Job',
      min: 52,
      rank: 3,
      align: 'right',
      create: linkCell(
        (event) => (event.job === null ? '' : `#${event.job}`),
        (event) => (event.job === null ? null : jobHref(event.job)),
      ),
    },
    withAgent && {
      key: 'agent',
      title: 'Agent',
      min: 120,
      grow: 1,
      rank: 2,
      create: linkCell(
        (event) => event.agent ?? '',
        (event) => (event.agent === null ? null : agentHref(event.agent)),
      ),
    },
    {key: 'text', title: '', min: 120, grow: 4, rank: 1, create: textCell(said, said)},
  ].filter(Boolean);
  return new Table({
    name: 'events',
    label: 'Events, the newest first',
    columns,
    keyOf: (event) => event.number,
    open: (event) => showEvent(event),
    sort: {key: '', descending: false},
    cardPx: 58,
    empty,
    follows: true,
  });
}

export function eventText(event) {
  return `${event.text} ${event.detail ?? ''} ${kindName(event.what)} ${event.what} ${event.agent ?? ''} ${
    event.job === null ? '' : `#${event.job}`
  }`;
}

function showEvent(event) {
  const dialog = document.getElementById('event-dialog');
  const title = make('h2', {text: event.text, attributes: {id: 'event-title'}});
  const facts = make('dl', {class: 'facts'});
  const fact = (name, content) => facts.append(make('dt', {text: name}), make('dd', {}, content));
  fact('When', moment(event.unix_ms));
  fact('What', kindName(event.what));
  const severity = make('span', {
    class: 'chip',
    attributes: {'data-tone': toneOf(SEVERITIES, event.severity)},
  });
  setText(severity, event.severity);
  fact('Severity', severity);
  const close = {click: () => dialog.close()};
  if (event.job !== null)
    fact('Job', make('a', {text: `#${event.job}`, href: jobHref(event.job), on: close}));
  if (event.agent !== null)
    fact('Agent', make('a', {text: event.agent, href: agentHref(event.agent), on: close}));
  if (event.detail) fact('Detail', make('span', {class: 'wrap', text: event.detail}));
  const button = make('button', {class: 'button', text: 'Close', attributes: {type: 'button'}, on: close});
  dialog.replaceChildren(title, facts, button);
  dialog.showModal();
}
