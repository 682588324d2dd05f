// The first page: how much is computed, by how many, what has just happened, and all jobs.

import { bar, copyable, make, setAttribute, setText, show } from "./elements.js";
import { eventText } from "./events_table.js";
import { ago, compact, fraction, grouped, moment, percent, plural, rangeText, rate, timeLeft, valueText } from "./figures.js";
import { Choice, hasWords, keepSort, keptSort, Search } from "./filters.js";
import { icon, setIcon } from "./icons.js";
import { linkCell, stateCell, Table, textCell } from "./table.js";
import { latest, Throughput } from "./throughput.js";
import { eventIcon, hasEnded, JOB_STATES, jobHref, jobTitle, kindName, SEVERITIES, toneOf } from "./words.js";

const EVENTS_SHOWN = 7;
const HOUR_MS = 3600000;

export class JobsPage {
  constructor(live) {
    this.live = live;
    this.title = "Jobs";
    const changed = () => this.update();
    this.tiles = makeTiles();
    this.throughput = new Throughput("Throughput of all agents over the last hour");
    this.now = make("span", { class: "muted numbers" });
    this.recent = make("ol", { class: "recent" });
    this.quiet = make("p", { class: "muted", text: "Nothing has happened yet." });
    this.show = new Choice({ key: "show", label: "Which jobs", changed, options: [["", "all"], ["active", "active"], ["ended", "ended"]] });
    this.search = new Search({ key: "find", label: "Search in jobs", placeholder: "search  ( / )", changed });
    this.count = make("span", { class: "muted numbers", attributes: { role: "status" } });
    this.table = new Table({
      name: "jobs", label: "Jobs", columns: jobColumns(live), keyOf: (job) => job.id, open: (job) => { location.hash = jobHref(job.id); },
      sort: keptSort({ key: "state", descending: false }), onSort: keepSort, cardPx: 92, empty: () => "No job is like that.",
    });
    this.welcome = makeWelcome();
    this.lists = make("section", { class: "list", attributes: { "aria-label": "Jobs" } },
      make("div", { class: "toolbar" }, this.show.element, this.search.element, this.count), make("div", { class: "card flush" }, this.table.element));
    const chart = make("section", { class: "card chart-card" },
      make("header", { class: "card-head" }, make("h2", { text: "Throughput" }), this.now), this.throughput.element);
    const recent = make("section", { class: "card recent-card" },
      make("header", { class: "card-head" }, make("h2", { text: "Just now" }), make("a", { text: "all events", href: "#/events" })), this.quiet, this.recent);
    this.element = make("div", { class: "page" }, make("h1", { class: "unseen", text: "Jobs", attributes: { tabindex: "-1" } }),
      this.tiles.element, this.welcome.element, make("div", { class: "overview" }, chart, recent), this.lists);
  }

  leave() {
    this.table.leave();
    this.throughput.leave();
  }

  update() {
    const { live } = this;
    const jobs = [...live.jobs.values()];
    const ended = jobs.filter(hasEnded).length;
    const { words } = this.search;
    const shown = jobs.filter((job) => (this.show.has("active") || hasEnded(job)) && (this.show.has("ended") || !hasEnded(job)) && hasWords(jobText(job), words));
    show(this.welcome.element, live.isComplete && jobs.length === 0);
    show(this.lists, jobs.length > 0);
    this.welcome.set(live);
    this.tiles.set(live, jobs);
    this.throughput.setSamples(live.samples);
    latest(this.now, live.samples);
    this._showRecent();
    this.show.setCounts({ "": jobs.length, active: jobs.length - ended, ended });
    const older = live.jobsLeftOut ? `; ${grouped(live.jobsLeftOut)} older ones are not listed` : "";
    setText(this.count, words.length ? `${grouped(shown.length)} of ${plural(jobs.length, "job")}${older}` : older.slice(2));
    this.table.setRows(shown);
  }

  _showRecent() {
    const events = this.live.events.slice(-EVENTS_SHOWN).reverse();
    show(this.quiet, events.length === 0);
    while (this.recent.children.length < events.length) this.recent.append(makeRecent());
    [...this.recent.children].forEach((item, i) => {
      show(item, i < events.length);
      if (i < events.length) writeRecent(item, events[i], this.live.now());
    });
  }
}

const jobText = (job) => `#${job.id} ${job.name} ${job.kernel} ${job.program?.command ?? ""} ${job.state} ${job.begin} ${job.end} ${rangeText(job.begin, job.end)}`;

function jobColumns(live) {
  const progress = (job) => fraction(BigInt(job.done) + BigInt(job.failed), job.width);
  return [
    { key: "id", title: "#", min: 48, rank: 1, align: "right", sort: (job) => job.id, create: textCell((job) => String(job.id)) },
    { key: "title", title: "Job", min: 150, grow: 3, rank: 1, sort: (job) => jobTitle(job).toLowerCase(), create: linkCell(jobTitle, (job) => jobHref(job.id)) },
    { key: "kernel", title: "Kernel", min: 84, rank: 7, sort: (job) => job.kernel, create: textCell((job) => job.kernel) },
    { key: "range", title: "Range", min: 120, grow: 1, rank: 6, sort: (job) => BigInt(job.width), create: textCell((job) => rangeText(job.begin, job.end), (job) => `${grouped(job.begin)} : ${grouped(job.end)}, ${grouped(job.width)} integers`) },
    { key: "state", title: "State", min: 104, rank: 1, sort: (job) => `${JOB_STATES[job.state]?.rank ?? 4}${String(2 ** 40 - job.id).padStart(14, "0")}`, create: stateCell(JOB_STATES) },
    { key: "progress", title: "Progress", min: 170, grow: 2, rank: 2, align: "right", live: true, sort: progress, create: progressCell },
    { key: "rate", title: "Rate", min: 78, rank: 3, align: "right", live: true, sort: (job) => job.rate_per_s, create: textCell((job) => (hasEnded(job) ? "" : rate(job.rate_per_s))) },
    { key: "eta", title: "Time left", min: 190, rank: 4, align: "right", ascending: true, live: true, sort: (job) => job.eta_s ?? Infinity, create: timeLeftCell },
    { key: "slots", title: "Slots", min: 46, rank: 8, align: "right", live: true, sort: (job) => job.slots_busy ?? 0, create: textCell((job) => (hasEnded(job) ? "" : compact(job.slots_busy ?? 0))) },
    { key: "priority", title: "Prio", min: 40, rank: 10, align: "right", sort: (job) => job.priority ?? 0, create: textCell((job) => String(job.priority ?? 0)) },
    { key: "value", title: "Value", min: 150, grow: 1, rank: 5, align: "right", sort: (job) => Number(job.value ?? -Infinity), create: valueCell },
    { key: "created", title: "Submitted", min: 84, rank: 9, align: "right", sort: (job) => job.created_unix_ms, create: textCell((job) => ago(job.created_unix_ms, live.now()), (job) => moment(job.created_unix_ms)) },
  ];
}

function progressCell(cell) {
  const drawn = bar("done", "failed");
  const text = make("span", { class: "progress-text" });
  cell.append(drawn.element, text);
  return (job) => {
    drawn.set(fraction(job.done, job.width), fraction(job.failed, job.width));
    setText(text, percent(BigInt(job.done), job.width));
    setAttribute(cell, "title", job.failed === "0" ? null : `${grouped(job.failed)} integers have failed`);
  };
}

function timeLeftCell(cell) {
  const band = make("span", { class: "band" });
  const text = make("span");
  cell.append(band, text);
  return (job) => {
    const left = hasEnded(job) ? { text: "", band: "" } : timeLeft(job);
    setText(text, left.text);
    setText(band, left.band ? `(${left.band})` : "");
    setAttribute(cell, "title", left.band ? `between ${left.band.replace("…", "and")}` : null);
  };
}

function valueCell(cell) {
  return (job) => {
    setText(cell, valueText(job.value));
    cell.classList.toggle("so-far", !job.value_is_final);
    setAttribute(cell, "title", job.value === null ? null : `${grouped(job.value)}${job.value_is_final ? "" : " so far"}`);
  };
}

// ------------------------------------------------------------ tiles

function makeTile(name, title, href) {
  const value = make("strong");
  const more = make("span", { class: "muted" });
  const element = make(href ? "a" : "div", { class: "tile", href, attributes: { "data-tile": name } }, make("span", { class: "tile-title", text: title }), value, more);
  return { element, value, more };
}

function makeTiles() {
  const throughput = makeTile("rate", "Integers a second");
  const slots = makeTile("slots", "Slots busy");
  const slotsBar = bar("leased-solid");
  slots.element.append(slotsBar.element);
  const agents = makeTile("agents", "Agents", "#/agents");
  const jobs = makeTile("jobs", "Jobs running");
  const trouble = makeTile("trouble", "Trouble, last hour", "#/events?severity=warning,error");
  const element = make("section", { class: "tiles", attributes: { "aria-label": "The fleet now" } }, ...[throughput, slots, agents, jobs, trouble].map((tile) => tile.element));
  return {
    element,
    set(live, list) {
      const count = (state) => list.filter((job) => job.state === state).length;
      const fleet = [...live.agents.values()];
      const here = fleet.filter((agent) => agent.state === "active" || agent.state === "draining");
      const sum = (field, of = here) => of.reduce((total, agent) => total + (agent[field] ?? 0), 0);
      const inState = (state) => fleet.filter((agent) => agent.state === state).length;
      setText(throughput.value, compact(list.reduce((total, job) => total + (hasEnded(job) ? 0 : job.rate_per_s), 0)));
      setText(throughput.more, "over all jobs");
      const [busy, all] = [sum("busy"), sum("slots")];
      setText(slots.value, `${grouped(busy)} / ${grouped(all)}`);
      setText(slots.more, all ? `${Math.round((100 * busy) / all)} %` : "no slot");
      slotsBar.set(all ? busy / all : 0);
      setText(agents.value, grouped(inState("active")));
      setText(agents.more, said([[inState("draining"), "draining"], [inState("silent"), "silent"], [fleet.filter((agent) => agent.notice && agent.state !== "gone").length, "warned"]]) || "active");
      setText(jobs.value, grouped(count("running")));
      setText(jobs.more, said([[count("queued"), "queued"], [count("paused"), "paused"]]) || "none waits");
      const since = live.now() - HOUR_MS;
      const lately = live.events.filter((event) => event.unix_ms >= since);
      const errors = lately.filter((event) => event.severity === "error").length;
      const warnings = lately.filter((event) => event.severity === "warning").length;
      setText(trouble.value, grouped(errors + warnings));
      setText(trouble.more, [errors && plural(errors, "error"), warnings && plural(warnings, "warning")].filter(Boolean).join(" · ") || "all is well");
      setAttribute(trouble.element, "data-tone", errors ? "bad" : warnings ? "warning" : "good");
    },
  };
}

const said = (counts) => counts.filter(([count]) => count > 0).map(([count, word]) => `${grouped(count)} ${word}`).join(" · ");

// ------------------------------------------------------------ what has just happened

function makeRecent() {
  return make("li", { class: "recent-item" }, icon("info"), make("span", { class: "recent-text" }), make("span", { class: "muted numbers recent-ago" }));
}

function writeRecent(item, event, now) {
  const [drawing, text, when] = item.children;
  setIcon(drawing, eventIcon(event));
  setAttribute(item, "data-tone", toneOf(SEVERITIES, event.severity));
  const whom = [event.agent, event.job === null ? null : `#${event.job}`].filter(Boolean).join(", ");
  setText(text, `${kindName(event.what)}${whom ? ` · ${whom}` : ""}`);
  setAttribute(item, "title", eventText(event));
  setText(when, ago(event.unix_ms, now));
}

// ------------------------------------------------------------ an empty queue

function makeWelcome() {
  const agents = make("p");
  const start = make("p", {}, "On this machine one comes with ", copyable("pq-agent"));
  const element = make("section", { class: "card welcome", attributes: { hidden: "" } },
    make("h2", { text: "The queue is empty" }), agents, start,
    make("p", {}, "Count the primes between ten and sixty million:"),
    make("p", {}, copyable("pq-submit --range 1e7:6e7 --wait")),
    make("p", {}, "Or run any program of yours over a range; what it prints is added up:"),
    make("p", {}, copyable("pq-submit --range 0:1e6 --wait -- ./sim {lo} {hi}")),
    make("p", { class: "muted", text: "The job appears here as soon as it is submitted. Nobody needs to choose a chunk size." }));
  return {
    element,
    set(live) {
      const active = [...live.agents.values()].filter((agent) => agent.state === "active");
      const slots = active.reduce((sum, agent) => sum + agent.slots, 0);
      setText(agents, active.length ? `${plural(active.length, "agent")} with ${plural(slots, "slot")} ${active.length === 1 ? "waits" : "wait"} for work.` : "No agent is here yet.");
      show(start, active.length === 0);
    },
  };
}
