"""The dashboard in a browser, before a real head with real agents. Crowds and odd moments: test_dashboard_crowds.py."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from browser import Browser, browsers, pages, strip_pixels
from cluster import SHORT_TERM, Cluster
from waiting import eventually

HOSTILE = '"><img src=x onerror="document.title=\'owned\'">'
HOSTILE_OUTPUT = "<script>document.title='owned'</script>"

browser = pytest.fixture(scope="module")(browsers)
page = pytest.fixture(pages)


def start(cluster: Cluster, http: str = "127.0.0.1:*") -> str:
    """The address of a head's HTTP; given again, another head serves there."""
    cluster.start_head(*SHORT_TERM, "--http", http)
    path = cluster.state_dir / "head.http"
    return eventually(lambda: path.exists() and path.read_text().strip(), "HTTP is served")


def ready(page: Browser, address: str, route: str = "") -> None:
    page.open(f"http://{address}/{route}")
    page.says("#connection", "live")


def submit(cluster: Cluster, *words: str) -> int:
    outcome = cluster.run("pq-submit", *words)
    assert outcome.status == 0, outcome
    return int(outcome.stdout)


class Gate:
    """A program whose runs wait until the test lets them through, and print how wide they are."""

    def __init__(self, root: Path) -> None:
        self._mark = root / "gate" / "mark"
        self._mark.parent.mkdir(mode=0o755)
        self.let(0)
        waits = f"until [ $PQ_LO -lt $(cat {self._mark}) ]; do sleep 0.05; done"
        self.command = ("sh", "-c", f"{waits}; echo $((PQ_HI - PQ_LO))")

    def let(self, upto: int) -> None:
        """Those that begin below it."""
        written = self._mark.with_suffix(".new")
        written.write_text(str(upto))
        written.rename(self._mark)

    def open(self) -> None:
        self.let(1 << 62)


def test_an_empty_queue_says_what_to_type_and_then_shows_the_total(cluster: Cluster, page: Browser) -> None:
    address = start(cluster)
    ready(page, address)
    page.says(".welcome", "pq-submit --range 1e7:6e7 --wait")
    assert "No agent is here yet" in (page.text(".welcome") or "")
    cluster.start_agent("a", slots=2)
    page.says(".welcome", "1 agent with 2 slots waits for work.")
    page.says(".recent", "joined · a")

    job = submit(cluster, "--range", "1e7:6e7", "--name", HOSTILE)
    row = f".table-jobs .row[data-key='{job}']"
    assert HOSTILE in page.says(row, "done")
    page.says(f"{row} .cell-value", "2 897 536")
    assert "100.0 %" in (page.text(row) or "") and "1e7:6e7" in (page.text(row) or "")
    assert page.text(".welcome") is None
    page.click(f"{row} .cell-title a")
    page.says("h1", HOSTILE)
    assert "final" in page.says(".job-progress", "2 897 536")
    page.says(".strip-summary", "100.0 % done")
    page.says(".reasons", "")
    assert page.count("main img, main script") == 0


def test_a_ledger_fills_before_ones_eyes_and_is_told_in_words(cluster: Cluster, page: Browser) -> None:
    address = start(cluster)
    gate = Gate(cluster.root)
    gate.let(10)
    for name in ("anna", "bert"):
        cluster.start_agent(name, "--allow-exec")
    job = submit(cluster, "--range", "0:110", "--step", "1", "--name", "gated", "--", *gate.command)
    ready(page, address)
    page.says(f".table-jobs .row[data-key='{job}']", "running")
    page.says("[data-tile=slots]", "2 / 2")
    page.click(f".table-jobs .row[data-key='{job}'] .cell-title a")
    page.says("#job-state", "running")
    page.says(".strip-summary", "2 agents")
    eventually(lambda: {"anna", "bert"} <= set(page.texts(".table-job-leases .cell-agent")), "both hold leases")
    assert eventually(lambda: page.text(".reasons"), "it is explained")
    page.click("[aria-label^='show the whole range']")
    parts = (".card", ".figure", "canvas", ".tab", "#job-state", ".share")
    before = page.boxes(*parts)
    seen = set()

    def fills() -> bool:
        """More is let through only when what was let through before has been seen, however slow the page is."""
        filled = strip_pixels(page, "--done") + strip_pixels(page, "--committed")
        if filled not in seen:
            seen.add(filled)
            gate.let(10 + 20 * len(seen))
        return len(seen) >= 4

    eventually(fills, "one sees the strip fill")
    assert re.match(r"[1-9][0-9]?\.[0-9] %", page.says(".job-progress", "of 110 integers"))
    after = page.boxes(*parts)
    assert {name: after[name]["y"] for name in before} == {name: before[name]["y"] for name in before}

    page.run("document.querySelector('.strip-stage').focus()")
    page.press(Keys.HOME)
    assert page.says(".strip-detail", "0 : ")
    page.click("#tab-spans")
    eventually(lambda: {"leased"} <= set(page.texts(".table-spans .cell-state")), "the table tells the spans too")
    gate.open()
    page.says("#job-state", "done")
    page.says(".job-progress", "110 of 110 integers")
    page.says(".strip-summary", "100.0 % done")
    page.says(".job-progress", "final")
    page.click("#tab-events")
    page.says("#panel-events", "submitted")
    page.says("#panel-events", "ended")


def test_what_failed_is_shown_with_what_it_printed(cluster: Cluster, page: Browser) -> None:
    address = start(cluster)
    cluster.start_agent("a", "--allow-exec")
    program = f'echo "{HOSTILE_OUTPUT} at $PQ_LO" >&2; test "$PQ_LO" -ne 7 && echo 1'
    job = submit(cluster, "--range", "0:10", "--step", "1", "--attempts", "2", "--", "sh", "-c", program)
    assert cluster.wait(job)["failed"] == "1"
    ready(page, address, f"#/jobs/{job}?tab=failed")
    failed = page.says(".failed-list", "7 : 8")
    assert "2 attempts" in failed and f"pq-retry {job}" in failed
    assert f"{HOSTILE_OUTPUT} at 7" in page.says(".logs", "What they printed")
    page.says(".strip-summary", "10.0 % failed (1 span)")
    assert page.count("main script") == 0
    page.run("document.querySelector('.strip-stage').focus()")
    page.press(Keys.HOME, Keys.ARROW_RIGHT)
    page.says(".strip-detail", "failed: 7 : 8")
    page.click(".log-title a")
    page.says("h1", "a")


def test_jobs_of_several_people_are_told_apart(cluster: Cluster, page: Browser) -> None:
    address = start(cluster)
    submit(cluster, "--range", "0:1e15")
    ready(page, address)
    page.says(".table-jobs .row[data-key='1']", "queued")
    assert page.text("[data-pick=by]") is None, "there is nobody to choose from"
    token = cluster.root / "alice.token"
    token.write_text(cluster.run("pq-key", "new", "operator", "--name", "alice").stdout)
    token.chmod(0o600)
    hers = submit(cluster, "--range", "0:1e15", "--key", str(token))
    page.says("[data-pick=by]", "alice")
    page.resize(1900, 1000)
    page.says(f".table-jobs .row[data-key='{hers}'] .cell-submitter", "alice")
    page.run("const by = document.querySelector('[data-pick=by]'); by.value = 'alice';"
             "by.dispatchEvent(new Event('change'));")
    eventually(lambda: page.texts(".table-jobs .cell-id") == [str(hers)], "only hers are listed")
    page.says(".toolbar", "1 of 2 jobs")
    assert "by=alice" in page.run("return location.hash")
    ready(page, address, f"#/jobs/{hers}?tab=facts")
    page.says(".facts", "alice")


def test_a_drain_is_seen_and_an_agent_has_its_page(cluster: Cluster, page: Browser) -> None:
    address = start(cluster)
    gate = Gate(cluster.root)
    for name in ("anna", "bert"):
        cluster.start_agent(name, "--allow-exec", "--label", "instance_type=c7g.large", "--label", "zone=eu-1b")
    submit(cluster, "--range", "0:40", "--step", "1", "--", *gate.command)
    ready(page, address)
    page.click("#pages a[data-page=agents]")
    page.says(".toolbar", "2 agents")
    row = page.says(".table-agents .row[data-key=anna]", "1 / 1")
    assert "active" in row and "c7g.large" in row and "eu-1b" in row
    cluster.run("pq-agents", "drain", "anna")
    page.says(".table-agents .row[data-key=anna]", "draining")
    page.click(".table-agents .row[data-key=anna] .cell-name a")
    page.says("#agent-state", "draining")
    page.says("main", "c7g.large")
    gate.open()
    page.says("#agent-state", "gone")
    page.says(".table-events", "left")
    page.press(Keys.ESCAPE)
    page.says(".toolbar", "2 agents")
    page.click("[data-choice=state] [data-value=gone]")
    eventually(lambda: page.texts(".table-agents .cell-name") == ["anna"], "only who is gone")


def test_events_come_as_they_happen_and_can_be_filtered(cluster: Cluster, page: Browser) -> None:
    address = start(cluster)
    ready(page, address, "#/events")
    page.says(".table-events", "head started")
    anna = cluster.start_agent("anna")
    cluster.start_agent("bert")
    whats = ".table-events .cell-what"
    eventually(lambda: page.texts(whats).count("joined") == 2, "both have joined")
    job = submit(cluster, "--range", "1e7:2e7")
    eventually(lambda: "ended" in page.texts(whats), "the job's end")
    anna.kill()
    eventually(lambda: "lost" in page.texts(whats), "that one was lost")
    page.type("[data-search=agent]", "anna")
    eventually(lambda: set(page.texts(".table-events .cell-agent")) == {"anna"}, "what happened to one agent")
    page.press(Keys.ESCAPE)
    page.type("[data-search=job]", str(job))
    eventually(lambda: set(page.texts(".table-events .cell-job")) == {f"#{job}"}, "what happened to one job")
    page.press(Keys.ESCAPE)
    page.click("[data-choice=what]")
    page.press("l", "o", "s", "t", Keys.ENTER)
    eventually(lambda: page.texts(whats) == ["lost"], "one kind")
    page.run("document.querySelector('.table-events .row').focus()")
    page.press(Keys.ENTER)
    page.says("#event-dialog", "anna")
    page.press(Keys.ESCAPE)
    assert page.text("#event-dialog") is None


def test_a_head_that_is_killed_and_started_again_is_found_again(cluster: Cluster, page: Browser) -> None:
    address = start(cluster)
    gate = Gate(cluster.root)
    cluster.start_agent("a", "--allow-exec")
    job = submit(cluster, "--range", "0:40", "--step", "1", "--", *gate.command)
    ready(page, address, f"#/jobs/{job}")
    page.says("#job-state", "running")
    page.run("window.isTheSamePage = true")
    page.forgive("net::ERR_")
    cluster.head.kill()
    page.says("#connection", "connection to the head lost, trying again")
    assert start(cluster, address) == address
    page.says("#connection", "live")
    gate.open()
    page.says("#job-state", "done")
    assert "40 of 40 integers" in page.says(".job-progress", "final")
    page.go("#/events")
    eventually(lambda: page.texts(".table-events .cell-what").count("head started") == 2, "both starts are told")
    assert page.run("return window.isTheSamePage")


def test_all_of_the_page_comes_from_the_head_under_a_policy_that_lets_in_nothing_else(
        cluster: Cluster, page: Browser) -> None:
    address = start(cluster)
    ready(page, address)
    loaded = page.run("return performance.getEntriesByType('resource').map((e) => e.name)")
    assert len(loaded) > 10 and all(name.startswith(f"http://{address}/") for name in loaded)
    refused = page.run("""
        const script = document.createElement('script');
        script.textContent = 'window.wasRun = true';
        document.body.append(script);
        return window.wasRun === undefined""")
    assert refused
    page.forgive("Content Security Policy")
