// One job: how far it is and when it ends, its ledger as it is filled and split, why it is as it is, what has failed.

import { bar, copyable, make, setAttribute, setText, show } from "./elements.js";
import { eventsTable } from "./events_table.js";
import { ago, clock, duration, fraction, grouped, moment, percent, plural, rangeText, rate, timeLeft, valueText } from "./figures.js";
import { icon, setIcon } from "./icons.js";
import { JobLogs } from "./job_logs.js";
import { LedgerStrip } from "./ledger_strip.js";
import { Question } from "./questions.js";
import { keepInAddress, readRoute } from "./routes.js";
import { leasesTable, spansTable } from "./spans_tables.js";
import { Tabs } from "./tabs.js";
import { latest, Throughput } from "./throughput.js";
import { hasEnded, JOB_STATES, jobTitle, toneOf } from "./words.js";

const LEDGER_MS = 1000;
const EXPLANATION_MS = 2000;
const HISTORY_MS = 5000;

export class JobPage {
  constructor(live, id) {
    this.live = live;
    this.id = Number(id);
    this.title = `Job #${id}`;
    this.back = "#/jobs";
    this._ask();
    this._build(id);
  }

  leave() {
    for (const question of this.questions) question.stop();
    for (const part of [this.strip, this.throughput, this.leases, this.spans, this.events]) part.leave();
  }

  _ask() {
    const path = `jobs/${this.id}`;
    const silent = () => {};
    this.report = new Question(this.live, path, null, (job) => { this._asked = job; this.update(); }, (sentence) => this._refuse(sentence));
    this.ledger = new Question(this.live, `${path}/ledger`, LEDGER_MS, (ledger) => this._showLedger(ledger), silent);
    this.explanation = new Question(this.live, `${path}/explanation`, EXPLANATION_MS, (answer) => this._explain(answer), silent);
    this.history = new Question(this.live, `${path}/history`, HISTORY_MS, (answer) => this._showHistory(answer), silent);
    this.pastEvents = new Question(this.live, `events?job=${this.id}`, null, (answer) => this.live.addEvents(answer.events), silent);
    this.logs = new JobLogs(this.live, this.id);
    this.questions = [this.report, this.ledger, this.explanation, this.history, this.pastEvents, this.logs.question];
  }

  _build(id) {
    this.heading = make("h1", { text: `Job ${id}`, attributes: { tabindex: "-1" } });
    this.drawing = icon("queued");
    this.state = make("span");
    this.chip = make("span", { class: "chip", attributes: { id: "job-state" } }, this.drawing, this.state);
    this.subtitle = make("p", { class: "subtitle" });
    this.error = make("p", { class: "notice bad", attributes: { hidden: "" } });
    this.missing = make("p", { class: "notice", attributes: { hidden: "" } });
    this.throughput = new Throughput("Throughput of this job");
    this.rateNow = make("span", { class: "muted numbers" });
    this.strip = new LedgerStrip();
    this.reasons = make("ul", { class: "reasons", attributes: { "aria-live": "polite" } });
    this.facts = makeFacts();
    this.leases = leasesTable(this.live, this.strip);
    this.spans = spansTable();
    this.events = eventsTable(this.live, { withJob: false, empty: () => "Nothing has happened to it that the head remembers." });
    this.failed = make("div", { class: "failed-list" });
    const panel = (content) => () => content;
    this.tabs = new Tabs("More of this job", [
      { key: "leases", counts: true, title: "Leases", build: panel(this.leases.element) },
      { key: "failed", counts: true, title: "Failed spans", build: panel(make("div", { class: "failed" }, this.failed, this.logs.element)) },
      { key: "spans", counts: true, title: "All spans", build: panel(this.spans.element) },
      { key: "events", title: "Events", build: panel(this.events.element) },
      { key: "facts", title: "Facts", build: panel(this.facts.element) },
    ], (key) => {
      keepInAddress({ tab: key === "leases" ? null : key });
      this._drawTab();
    });
    const card = (name, title, side, ...content) => make("section", { class: `card ${name}` }, make("header", { class: "card-head" }, make("h2", { text: title }), side), ...content);
    this.progress = makeProgress();
    this.body = make("div", { attributes: { hidden: "" } },
      make("div", { class: "job-top" }, this.progress.element, card("why", "Explanation", "", this.reasons)),
      card("ledger", "Ledger", this.strip.summary, this.strip.element),
      card("job-chart", "Throughput", this.rateNow, this.throughput.element),
      make("section", { class: "card" }, this.tabs.element));
    this.element = make("div", { class: "page job" }, make("p", { class: "crumbs" }, make("a", { text: "Jobs", href: "#/jobs" })),
      make("div", { class: "heading" }, this.heading, this.chip), this.subtitle, this.missing, this.error, this.body);
  }

  get job() {
    return this.live.jobs.get(this.id) ?? this._asked;
  }

  update() {
    const { job } = this;
    if (!job) {
      this.report.poll(3000);
      return;
    }
    if (this.body.hidden) {
      this.body.hidden = false;
      this.missing.hidden = true;
      this.tabs.choose(readRoute().query.get("tab") ?? (BigInt(job.failed) > 0n ? "failed" : "leases"));
    }
    this._pollWhatChanges(job);
    this._showJob(job);
    this._drawTab();
  }

  // A job that has ended is asked about once more, and then left in peace.
  _pollWhatChanges(job) {
    const ended = hasEnded(job);
    if (ended && this._wasActive) for (const question of [this.ledger, this.explanation, this.history]) question.ask();
    this._wasActive = !ended;
    this.ledger.poll(ended ? null : LEDGER_MS);
    this.explanation.poll(ended ? null : EXPLANATION_MS);
    this.history.poll(ended ? null : HISTORY_MS);
    this.pastEvents.poll();
    this.logs.update(job);
  }

  _showJob(job) {
    const title = jobTitle(job);
    this.title = `${hasEnded(job) ? job.state : percent(job.done, job.width)} · ${title}`;
    setText(this.heading, `${title}`);
    setIcon(this.drawing, job.state);
    setText(this.state, job.state);
    setAttribute(this.chip, "data-tone", toneOf(JOB_STATES, job.state));
    const command = job.program?.command && job.name ? ` · ${job.program.command}` : "";
    setText(this.subtitle, `#${job.id} · ${job.kernel} over ${rangeText(job.begin, job.end)} · ${job.fold}${command}`);
    show(this.error, Boolean(job.error));
    setText(this.error, job.error ?? "");
    this.progress.set(job, this.live.now());
    this.facts.set(job, this.live.now());
    this.tabs.setCount("failed", job.failed_spans?.length ? String(job.failed_spans.length) : "");
    this._showFailed(job);
  }

  _showFailed(job) {
    const spans = job.failed_spans ?? [];
    const mark = JSON.stringify(spans);
    if (mark === this._failedShown) return;
    this._failedShown = mark;
    const items = spans.map((span) => make("li", { class: "failed-span" },
      make("span", { class: "numbers", text: `${grouped(span.begin)} : ${grouped(span.end)}` }), make("span", { class: "muted", text: plural(span.attempts, "attempt") }),
      make("code", { text: span.error })));
    this.failed.replaceChildren(...(items.length ? [make("ul", {}, ...items), make("p", {}, "Another chance for them: ", copyable(`pq-retry ${job.id}`))] : [make("p", { class: "nothing", text: "No span has failed." })]));
  }

  _showLedger(ledger) {
    this._spans = ledger.spans;
    this.strip.setLedger(ledger, this.live.now());
    const leased = ledger.spans.filter((span) => span.state === "leased");
    this.tabs.setCount("leases", leased.length ? grouped(leased.length) : "");
    this.tabs.setCount("spans", grouped(ledger.spans_in_all ?? ledger.spans.length));
    this._drawTab();
  }

  _drawTab() {
    if (!this.tabs?.key) return;
    const spans = this._spans ?? [];
    if (this.tabs.key === "leases") this.leases.setRows(spans.filter((span) => span.state === "leased"));
    if (this.tabs.key === "spans") this.spans.setRows(spans);
    if (this.tabs.key === "events") this.events.setRows(this.live.events.filter((event) => event.job === this.id).reverse());
  }

  _explain(answer) {
    const mark = JSON.stringify(answer.reasons);
    if (mark === this._reasonsShown) return;
    this._reasonsShown = mark;
    const items = answer.reasons.map((reason) => make("li", { attributes: { "data-word": reason.word } }, make("p", { text: reason.text }),
      ...(reason.advice ? [make("p", { class: "advice", text: reason.advice })] : [])));
    this.reasons.replaceChildren(...(items.length ? items : [make("li", { class: "muted", text: "Nothing to say." })]));
  }

  _showHistory(answer) {
    this.throughput.setSamples(answer.samples);
    latest(this.rateNow, hasEnded(this.job) ? [] : answer.samples);
  }

  _refuse(sentence) {
    if (this.job) return;
    this.missing.hidden = false;
    setText(this.missing, sentence);
  }
}

// ------------------------------------------------------------ how far it is

function makeProgress() {
  const share = make("strong", { class: "share" });
  const counts = make("span", { class: "numbers" });
  const drawn = bar("done", "failed");
  const progress = make("div", { class: "progress", attributes: { role: "progressbar", "aria-label": "Progress", "aria-valuemin": "0", "aria-valuemax": "100" } }, drawn.element);
  const figures = {};
  const figure = (key, title) => {
    figures[key] = { title: make("span", { class: "tile-title", text: title }), value: make("strong"), more: make("span", { class: "muted" }) };
    return make("div", { class: `figure figure-${key}` }, ...Object.values(figures[key]));
  };
  const element = make("section", { class: "card job-progress", attributes: { "aria-label": "Progress" } },
    make("div", { class: "share-line" }, share, counts), progress,
    make("div", { class: "figures" }, figure("value", "Value"), figure("rate", "Rate"), figure("left", "Time left"), figure("slots", "Slots busy")));
  return {
    element,
    set(job, now) {
      const ended = hasEnded(job);
      const done = percent(job.done, job.width);
      setText(share, done);
      const failed = job.failed === "0" ? "" : `, ${grouped(job.failed)} failed`;
      setText(counts, `${grouped(job.done)} of ${grouped(job.width)} integers${failed}`);
      drawn.set(fraction(job.done, job.width), fraction(job.failed, job.width));
      setAttribute(progress, "aria-valuenow", String(Math.floor(fraction(job.done, job.width) * 100)));
      setAttribute(progress, "aria-valuetext", `${done} done${failed}`);
      setText(figures.value.value, valueText(job.value, 40));
      setText(figures.value.more, job.value === null ? "none yet" : job.value_is_final ? "final" : "so far");
      setText(figures.slots.value, ended ? "–" : grouped(job.slots_busy ?? 0));
      setText(figures.slots.more, `priority ${job.priority ?? 0}`);
      setText(figures.rate.title, ended ? "Rate on average" : "Rate");
      setText(figures.left.title, ended ? "Time taken" : "Time left");
      if (ended) setEnd(figures, job, now);
      else setOutlook(figures, job, now);
    },
  };
}

function setOutlook({ rate: speed, left }, job, now) {
  setText(speed.value, rate(job.rate_per_s));
  setText(speed.more, job.started_unix_ms ? `running for ${duration((now - job.started_unix_ms) / 1000)}` : `submitted ${ago(job.created_unix_ms, now)}`);
  const { text, band } = timeLeft(job);
  const end = job.eta_s === null ? "not known yet" : `until ${clock(now + job.eta_s * 1000)}`;
  setText(left.value, text);
  setText(left.more, band ? `${band}, ${end}` : end);
}

function setEnd({ rate: speed, left }, job, now) {
  const taken = Math.max(0.001, (job.finished_unix_ms - (job.started_unix_ms ?? job.created_unix_ms)) / 1000);
  setText(speed.value, job.started_unix_ms ? rate(Number(job.done) / taken) : "–");
  setText(speed.more, job.started_unix_ms ? "" : "it never ran");
  setText(left.value, duration(taken));
  setText(left.more, `ended ${ago(job.finished_unix_ms, now)}`);
}

// ------------------------------------------------------------ what is known of it

function makeFacts() {
  const list = make("dl", { class: "facts" });
  const commands = make("p", { class: "commands" });
  let shown = "";
  return {
    element: make("div", {}, list, commands),
    set(job, now) {
      const program = job.program ?? {};
      const facts = [
        ["range", `${grouped(job.begin)} : ${grouped(job.end)}`], ["width", grouped(job.width)], ["kernel", job.kernel], ["fold", job.fold],
        ["program", program.command], ["run width", program.step && program.step !== "0" ? grouped(program.step) : null],
        ["files", program.files?.map((file) => file.name).join(", ")], ["cpus a step", job.cpus], ["requires", Object.entries(job.require ?? {}).map(([key, value]) => `${key}=${value}`).join(", ")],
        ["submitted", moment(job.created_unix_ms)], ["started", job.started_unix_ms && moment(job.started_unix_ms)], ["ended", job.finished_unix_ms && moment(job.finished_unix_ms)],
        ["leases", `${grouped(job.leases.granted)} granted, ${grouped(job.leases.expired)} expired, ${grouped(job.leases.yielded)} yielded`],
        ["computed again", `${grouped(job.recomputed)} integers`], ["attempts failed", `${grouped(job.attempts_failed)} of at most ${grouped(job.failures_max ?? "–")}; ${job.attempts_max ?? "–"} for each integer`],
      ].filter(([, value]) => value !== null && value !== undefined && value !== "");
      const mark = JSON.stringify([facts, hasEnded(job)]);
      if (mark === shown) return;
      shown = mark;
      list.replaceChildren(...facts.flatMap(([name, value]) => [make("dt", { text: name }), make("dd", { class: "numbers wrap", text: String(value) })]));
      const steer = job.state === "paused" ? `pq-resume ${job.id}` : `pq-pause ${job.id}`;
      const words = hasEnded(job) ? [`pq-verify ${job.id}`, `pq-status ${job.id}`] : [steer, `pq-priority ${job.id} 10`, `pq-cancel ${job.id}`];
      commands.replaceChildren(...words.map((word) => copyable(word)));
    },
  };
}
