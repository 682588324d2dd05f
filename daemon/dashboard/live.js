// What the head says, kept up to date over one EventSource. Each connection begins with the whole state,
// which replaces what was known; then come changes. Listeners are called once a frame at most, and not while
// nobody looks.

const SILENCE_MS = 5000; // the head ticks each second
const REOPEN_AFTER_MS = 12000; // a connection without a tick is half dead, which EventSource cannot see
const RETRY_MS = [500, 1000, 2000, 4000];
const HIDDEN_MS = 60000; // a browser has six connections for a head: tabs that nobody sees give theirs back
const EVENTS_KEPT = 5000;
const SAMPLES_KEPT = 400;

export class Live {
  constructor() {
    this.jobs = new Map(); // id -> pq.job/1
    this.agents = new Map(); // name -> agent of pq.agents/1
    this.events = []; // oldest first
    this.samples = []; // of the whole fleet, oldest first
    this.jobsLeftOut = 0; // all that the head keeps and does not list …
    this.liveJobsLeftOut = 0; // … and those of them that have not ended
    this.agentsLeftOut = 0;
    this.version = '';
    this.connection = 'connecting'; // connecting | live | lost
    this.lostAt = 0;
    this.isComplete = false; // the whole state has come once
    this.connections = 0;
    this._listeners = new Set();
    this._fresh = new Set();
    this._retries = 0;
    this._scheduled = false;
    this._heardAt = performance.now();
    this._clock = {head: Date.now(), here: performance.now()};
    document.addEventListener('visibilitychange', () => this._lookUp());
    setInterval(() => this._watch(), 1000);
    this._open();
  }

  // The head's time: leases' ages are right even where this machine's clock is not.
  now() {
    return this._clock.head + (performance.now() - this._clock.here);
  }

  listen(listener) {
    this._listeners.add(listener);
    return () => this._listeners.delete(listener);
  }

  // Those that a fetch brought; each is kept once, in the order of their numbers.
  addEvents(events) {
    const known = new Set(this.events.map((event) => event.number));
    const added = events.filter((event) => !known.has(event.number));
    if (added.length === 0) return;
    this.events = [...this.events, ...added]
      .sort((a, b) => compareDecimals(a.number, b.number))
      .slice(-EVENTS_KEPT);
    this._changed();
  }

  _open() {
    clearTimeout(this._timer);
    this._source?.close();
    this._fresh = new Set(['jobs', 'agents', 'events', 'history']);
    const source = new EventSource('api/v1/stream');
    this._source = source;
    this._openedAt = performance.now();
    const on = (name, take) =>
      source.addEventListener(name, (message) => {
        if (source !== this._source) return;
        this._heard();
        take.call(this, JSON.parse(message.data));
        this._changed();
      });
    on('jobs', this._takeJobs);
    on('agents', this._takeAgents);
    on('gone', this._takeGone);
    on('events', this._takeEvents);
    on('history', this._takeHistory);
    on('tick', this._takeTick);
    source.onopen = () => {
      // Also when EventSource has come back by itself.
      this._fresh = new Set(['jobs', 'agents', 'events', 'history']);
      this._openedAt = performance.now();
      this.connections += 1;
    };
    source.onerror = () => {
      if (source !== this._source) return;
      this._lose();
      if (source.readyState === EventSource.CLOSED) this._retry();
    };
  }

  _retry() {
    const pause = RETRY_MS[Math.min(this._retries++, RETRY_MS.length - 1)];
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this._open(), pause * (0.75 + Math.random() / 2));
  }

  _heard() {
    this._heardAt = performance.now();
    this._retries = 0;
    if (this.connection !== 'live') {
      this.connection = 'live';
      this._changed();
    }
  }

  _lose() {
    if (this.connection === 'lost') return;
    this.connection = 'lost';
    this.lostAt = Date.now();
    this._changed();
  }

  _watch() {
    if (!this._source) return;
    const silent = performance.now() - Math.max(this._heardAt, this._openedAt);
    if (silent > SILENCE_MS && this.connection === 'live') this._lose();
    if (silent > REOPEN_AFTER_MS) this._open();
    if (this.connection === 'lost') this._changed(); // how long it has been away
  }

  _lookUp() {
    clearTimeout(this._hiding);
    if (document.hidden) {
      this._hiding = setTimeout(() => {
        this._source?.close();
        this._source = null;
      }, HIDDEN_MS);
      return;
    }
    if (!this._source) this._open();
    this._changed();
  }

  _changed() {
    if (this._scheduled || document.hidden) return;
    this._scheduled = true;
    requestAnimationFrame(() => {
      this._scheduled = false;
      for (const listener of this._listeners) listener(this);
    });
  }

  _isFirst(name) {
    return this._fresh.delete(name);
  }

  _takeJobs(data) {
    if (this._isFirst('jobs')) {
      this.jobs = new Map();
      this.isComplete = true;
    }
    for (const job of data.jobs) this.jobs.set(job.id, job);
    if (data.left_out !== undefined) this.jobsLeftOut = data.left_out;
    if (data.live_left_out !== undefined) this.liveJobsLeftOut = data.live_left_out;
  }

  _takeAgents(data) {
    if (this._isFirst('agents')) this.agents = new Map();
    const heardAt = this.now();
    for (const agent of data.agents)
      this.agents.set(agent.name, {...agent, heard_unix_ms: heardAt - agent.heard_ms_ago});
    if (data.left_out !== undefined) this.agentsLeftOut = data.left_out;
  }

  _takeGone(data) {
    for (const id of data.jobs ?? []) this.jobs.delete(id);
    for (const name of data.agents ?? []) this.agents.delete(name);
  }

  _takeEvents(data) {
    if (this._isFirst('events')) this.events = [];
    this.addEvents(data.events);
  }

  _takeHistory(data) {
    if (this._isFirst('history')) this.samples = [];
    this.samples = [...this.samples, ...data.samples].slice(-SAMPLES_KEPT);
  }

  _takeTick(data) {
    this._clock = {head: data.unix_ms, here: performance.now()};
    this.version = data.version;
  }
}

export function compareDecimals(a, b) {
  const x = BigInt(a),
    y = BigInt(b);
  return x < y ? -1 : x > y ? 1 : 0;
}
