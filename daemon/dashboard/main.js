// Starts the page: which view is shown, whether the head is heard, light or dark, and the keys that work
// everywhere.

import {AgentPage} from './agent_page.js';
import {AgentsPage} from './agents_page.js';
import {setAttribute, setText} from './elements.js';
import {EventsPage} from './events_page.js';
import {duration, grouped} from './figures.js';
import {icon} from './icons.js';
import {JobPage} from './job_page.js';
import {JobsPage} from './jobs_page.js';
import {Live} from './live.js';
import {readRoute} from './routes.js';
import {hasEnded} from './words.js';

const content = document.getElementById('content');
const connection = document.getElementById('connection');
const live = new Live();
let page = null;

const PAGES = {
  jobs: (id) => (id === null ? new JobsPage(live) : new JobPage(live, id)),
  agents: (id) => (id === null ? new AgentsPage(live) : new AgentPage(live, id)),
  events: () => new EventsPage(live),
};

function go() {
  const {page: name, id} = readRoute();
  const isFirst = page === null;
  page?.leave();
  const known = name in PAGES ? name : 'jobs';
  page = PAGES[known](id);
  content.replaceChildren(page.element);
  for (const link of document.querySelectorAll('#pages a'))
    setAttribute(link, 'aria-current', link.dataset.page === known ? 'page' : null);
  scrollTo(0, 0);
  update();
  // A reader of the screen hears where it is now.
  if (!isFirst) page.element.querySelector('h1')?.focus({preventScroll: true});
}

function update() {
  page.update();
  document.title = `${page.title} · pq`;
  document.querySelector('[data-count=jobs]').textContent = countText(
    [...live.jobs.values()].filter((job) => !hasEnded(job)).length,
  );
  document.querySelector('[data-count=agents]').textContent = countText(
    [...live.agents.values()].filter((agent) => agent.state === 'active' || agent.state === 'draining')
      .length,
  );
  setText(document.getElementById('version'), live.version ? `pqd ${live.version}` : '');
  showConnection();
}

const countText = (count) => (count ? grouped(count) : '');

function showConnection() {
  const text = connection.querySelector('.connection-text');
  const away = (Date.now() - live.lostAt) / 1000;
  if (live.connection === 'live') setText(text, 'live');
  else if (live.connection === 'lost')
    setText(
      text,
      away < 60
        ? 'connection to the head lost, trying again'
        : `no connection to the head for ${duration(away)}`,
    );
  setAttribute(connection, 'data-state', live.connection);
  setAttribute(document.documentElement, 'data-connection', live.connection);
}

// ------------------------------------------------------------ light and dark

const themeButton = document.getElementById('theme');
const isDark = () => document.documentElement.dataset.theme === 'dark';

function showTheme() {
  themeButton.replaceChildren(icon(isDark() ? 'sun' : 'moon'));
  setAttribute(themeButton, 'aria-label', isDark() ? 'Light colours' : 'Dark colours');
}

themeButton.addEventListener('click', () => {
  const chosen = isDark() ? 'light' : 'dark';
  document.documentElement.dataset.theme = chosen;
  try {
    localStorage.setItem('pq-theme', chosen);
  } catch {
    // It holds until the page is closed.
  }
  dispatchEvent(new Event('pq-theme'));
});
addEventListener('pq-theme', showTheme);
showTheme();

// ------------------------------------------------------------ keys that work everywhere

const keysDialog = document.getElementById('keys-dialog');
document.getElementById('keys').addEventListener('click', () => keysDialog.showModal());
document.getElementById('keys-close').addEventListener('click', () => keysDialog.close());
for (const dialog of document.querySelectorAll('dialog')) {
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
}
document.getElementById('skip').addEventListener('click', (event) => {
  event.preventDefault();
  content.focus();
});

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || document.querySelector('dialog[open]')) return;
  const isTyping = event.target.matches?.('input, select, textarea');
  if (event.key === 'Escape' && isTyping) {
    event.target.blur();
  } else if (event.key === 'Escape' && page.back) {
    location.hash = page.back;
  } else if (event.key === '/' && !isTyping) {
    const search = content.querySelector('[data-search=find]');
    if (!search) return;
    event.preventDefault();
    search.focus();
  } else if (event.key === '?' && !isTyping) {
    keysDialog.showModal();
  }
});

addEventListener('hashchange', go);
live.listen(update);
go();
