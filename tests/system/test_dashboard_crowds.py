"""The dashboard before a double of the head: crowds, huge numbers, hostile names, and all that must stay where it is.

What needs a real head and real agents is in test_dashboard.py.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

import pytest
from selenium.webdriver.common.keys import Keys

from browser import NARROW, Browser, browsers, pages, strip_pixels, unequal
from head_double import EVENTS_AT_FIRST, PAGES, HeadDouble, Json, agent_report, job_report, now_ms
from waiting import eventually

HOSTILE = '"><img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>'
JOBS = 1000
AGENTS = 2000
ROWS_IN_VIEW_MAX = 80  # of a table on a screen of 900 px, with what is kept above and below

browser = pytest.fixture(scope="module")(browsers)
page = pytest.fixture(pages)


@pytest.fixture
def head() -> Iterator[HeadDouble]:
    made = HeadDouble(tick_s=0.2)
    made.start()
    try:
        yield made
    finally:
        made.stop()


def fill(head: HeadDouble, jobs: int, agents: int) -> None:
    dice = random.Random(4711)
    states = ["running", "queued", "done", "failed", "cancelled", "paused"]
    with head.changing():
        for number in range(1, jobs + 1):
            state = states[number % len(states)]
            done = 1_000_000 if state == "done" else dice.randrange(1_000_000)
            running = {"rate_per_s": dice.random() * 1e9, "eta_s": dice.random() * 1e4} if state == "running" else {}
            ended = {"finished_unix_ms": now_ms()} if state in ("done", "failed", "cancelled") else {}
            head.jobs[number] = job_report(
                number, number * 1_000_000, (number + 1) * 1_000_000, name=f"sweep {number}", state=state,
                done=str(done), value=str(done // 7), created_unix_ms=now_ms() - 5_000_000, **running, **ended)
        for number in range(agents):
            name = f"i-{number:05d}"
            head.agents[name] = agent_report(
                name, 4, busy=number % 5, rate_per_s=number, state="silent" if number == 777 else "active",
                labels={"instance_type": "c7g.xlarge", "zone": f"zone-{number % 3}"}, beats_missed=7 * (number == 777))


def ready(page: Browser, head: HeadDouble, route: str = "#/jobs") -> None:
    page.open(f"{head.url}/{route}")
    page.says("#connection", "live")


def leased(begin: int, end: int, upto: int, agent: str, **more: object) -> Json:
    span = {"begin": str(begin), "end": str(end), "state": "leased", "agent": agent, "upto": str(upto)}
    return span | {"granted_unix_ms": now_ms(), "end_asked": None} | more


def span(begin: int, end: int, state: str, **more: object) -> Json:
    return {"begin": str(begin), "end": str(end), "state": state} | more


def sample(ago: int, rate: float, busy: int = 1, slots: int = 1) -> Json:
    """Of a throughput, `ago` times 10 s ago."""
    return {"unix_ms": now_ms() - 10_000 * ago, "done_per_s": rate, "slots_busy": busy, "slots": slots}


# ------------------------------------------------------------ crowds


def test_a_thousand_jobs_are_few_elements_and_can_be_sorted_searched_and_walked_through(
        head: HeadDouble, page: Browser) -> None:
    fill(head, JOBS, 10)
    ready(page, head)
    page.says(".table-jobs .row", "sweep")
    assert page.attribute(".table-jobs [role=grid]", "aria-rowcount") == str(JOBS + 1)
    assert page.count(".table-jobs .row") < ROWS_IN_VIEW_MAX

    titles = ".table-jobs [role=columnheader]"
    page.click(f"{titles}:nth-child(1) .sort")  # by number, the highest first
    assert page.attribute(f"{titles}:nth-child(1)", "aria-sort") == "descending"
    page.says(".table-jobs .row", f"sweep {JOBS}")
    page.click(f"{titles}:nth-child(1) .sort")
    page.says(".table-jobs .row", "sweep 1")

    page.run("document.querySelector('.table-jobs .row').focus()")
    page.press(Keys.END)
    eventually(lambda: page.focused_row() == str(JOBS), "the keyboard is in the last row")
    assert page.count(".table-jobs .row") < ROWS_IN_VIEW_MAX
    page.press(Keys.ARROW_UP)
    assert page.focused_row() == str(JOBS - 1)
    page.press(Keys.HOME)
    eventually(lambda: page.focused_row() == "1", "in the first row again")

    page.press("/")
    page.press("774 run")
    eventually(lambda: page.texts(".table-jobs .cell-title") == ["sweep 774"], "it is found")
    page.press(Keys.ESCAPE)
    assert page.attribute(".table-jobs [role=grid]", "aria-rowcount") == str(JOBS + 1)


def test_jobs_that_find_no_room_in_the_list_are_counted_and_kept_up_to_date_on_their_page(
        head: HeadDouble, page: Browser) -> None:
    fill(head, 6, 1)
    for number in (901, 902, 903):
        head.unlisted[number] = job_report(number, 0, 1000, name=f"late {number}")
    head.ended_left_out = 40
    ready(page, head)
    page.says(".toolbar [role=status]", "3 more active ones are not listed; 40 older ones are not listed")
    assert "3 not listed" in page.says("[data-tile=jobs]", "1")
    ready(page, head, "#/jobs/902")
    page.says(".subtitle, h1", "902")
    page.says(".job-progress", "0 of 1 000")
    with head.changing():
        head.unlisted[902].update(done="400", value="70")
    page.says(".job-progress", "400 of 1 000")
    with head.changing():
        head.unlisted[902].update(state="cancelled", finished_unix_ms=now_ms())
    page.says("#job-state", "cancelled")
    page.says(".job-progress", "partial, no total")


def test_two_thousand_agents_are_few_elements_and_the_silent_one_is_found(head: HeadDouble, page: Browser) -> None:
    fill(head, 3, AGENTS)
    ready(page, head, "#/agents")
    page.says(".toolbar", "2 000 agents")
    assert page.count(".table-agents .row") < ROWS_IN_VIEW_MAX
    first = page.says(".table-agents .row", "i-00777")  # by state, the worst first
    assert "silent" in first and "7" in first.split()
    page.click("[data-choice=state] [data-value=silent]")
    page.says(".toolbar", "1 of 2 000 agents")
    assert page.texts(".table-agents .cell-name") == ["i-00777"]
    page.click("[data-choice=state] [data-value=silent]")
    page.run("scrollTo(0, document.body.scrollHeight)")
    eventually(lambda: "i-01999" in page.texts(".table-agents .cell-name"), "the last one is drawn when one is there")


def test_a_tick_writes_what_has_changed_and_nothing_else(head: HeadDouble, page: Browser) -> None:
    fill(head, 50, 5)
    ready(page, head)
    page.click(".table-jobs [role=columnheader]:nth-child(1) .sort")
    page.says(".table-jobs .row", "sweep 50")
    page.run("""
        window.touched = new Set();
        new MutationObserver((list) => list.forEach((one) => {
          const row = (one.target.nodeType === 1 ? one.target : one.target.parentElement).closest('.row');
          window.touched.add(row ? row.dataset.key : 'table');
        })).observe(document.querySelector('.table-jobs .table-body'),
                    {subtree: true, childList: true, characterData: true});
    """)
    with head.changing():
        head.jobs[49].update(done="999999", value="123456789")
    page.says(".table-jobs .row[data-key='49']", "123 456 789")
    with head.changing():
        head.jobs[48].update(done="888888", value="987654321")
    page.says(".table-jobs .row[data-key='48']", "987 654 321")
    assert set(page.run("return [...window.touched]")) == {"48", "49"}


def test_an_order_that_changes_by_itself_waits_while_somebody_points_at_it(head: HeadDouble, page: Browser) -> None:
    with head.changing():
        for number in (1, 2, 3):
            head.jobs[number] = job_report(number, rate_per_s=number * 100.0, eta_s=10)
    ready(page, head, "#/jobs?sort=-rate")
    eventually(lambda: page.texts(".table-jobs .cell-id") == ["3", "2", "1"], "the fastest first")
    page.point(".table-jobs .row", 300, 10)
    page.run("const real = performance.now.bind(performance); performance.now = () => real() + 6000")  # long enough
    with head.changing():
        head.jobs[1]["rate_per_s"] = 1e6
    page.says(".table-jobs .row[data-key='1']", "1.00 M/s")
    assert page.texts(".table-jobs .cell-id") == ["3", "2", "1"]
    page.point(".chart-card h2", 1, 1)
    eventually(lambda: page.texts(".table-jobs .cell-id") == ["1", "3", "2"], "the order is made anew")


# ------------------------------------------------------------ nothing moves


def test_nothing_moves_while_numbers_change(head: HeadDouble, page: Browser) -> None:
    fill(head, 12, 4)
    head.samples = [sample(60 - i, 1e6 * i, 4, 8) for i in range(60)]
    ready(page, head)
    page.says(".table-jobs .row", "sweep")
    page.says(".chart-card .card-head", "M/s")
    parts = ("header a", "#connection", ".tile", ".card", ".toolbar", ".button", "[role=columnheader]", ".row", ".cell",
             "canvas", ".bar")
    before = page.boxes(*parts)
    assert len(before) > 100
    page.run("""
        window.shifts = [];
        new PerformanceObserver((list) => list.getEntries().forEach((entry) => entry.sources.forEach(({node}) => {
          window.shifts.push(`${node?.nodeName} ${node?.className} ${node?.textContent}`);
        }))).observe({type: 'layout-shift'});""")
    dice = random.Random(1)
    for turn in range(5):
        with head.changing():
            for job in head.jobs.values():
                if job["state"] == "running":
                    job.update(
                        done=str(dice.randrange(10 ** dice.randrange(1, 6))),
                        value=str(dice.randrange(10 ** dice.randrange(1, 30))), rate_per_s=10 ** (dice.random() * 12),
                        eta_s=10 ** (dice.random() * 7), eta_low_s=1, eta_high_s=10 ** 7,
                        slots_busy=dice.randrange(1000))
            for agent in head.agents.values():
                agent.update(busy=dice.randrange(5), rate_per_s=10 ** (dice.random() * 12))
            head.samples.append(sample(0, 10 ** (dice.random() * 12), dice.randrange(900), 1000))
            head.jobs[6]["value"] = str(turn)
        page.says(".table-jobs .row[data-key='6'] .cell-value", str(turn))
        assert unequal(before, page.boxes(*parts)) == []
    assert page.run("return window.shifts") == []


def test_nothing_moves_on_the_page_of_a_job(head: HeadDouble, page: Browser) -> None:
    head.jobs[7] = job_report(7, 0, 1000, done="1", value="1", rate_per_s=1, eta_s=1000, eta_low_s=900, eta_high_s=1100)
    head.ledgers[7] = [span(0, 1, "done"), leased(1, 500, 10, "a"), span(500, 1000, "free", attempts=0)]
    head.reasons[7] = [{"word": "runs", "text": "It runs.", "advice": None}]
    head.agents["a"] = agent_report("a")
    head.job_samples[7] = [sample(i, i) for i in (3, 2, 1)]
    ready(page, head, "#/jobs/7")
    page.says(".strip-summary", "1 lease of 1 agent")
    page.says(".job-chart .card-head", "/s")
    page.says(".reasons", "It runs.")
    parts = (".card", ".figure", ".share", "canvas", ".tab", ".strip-controls", ".strip-detail", ".row", ".cell")
    before = page.boxes(*parts)
    assert len(before) > 20
    for upto, rate in ((20, 1e3), (100, 123456789), (499, 9.99e11)):
        with head.changing():
            head.jobs[7].update(done=str(upto), value=str(upto * 10 ** 9), rate_per_s=rate, eta_s=rate / 1000)
            head.ledgers[7][1]["upto"] = str(upto)
        page.says(".job-progress", f"{upto} of 1 000 integers")
        page.says(".table-job-leases .cell-committed", f"{(upto - 1) * 1000 // 499 / 10} %")
        assert unequal(before, page.boxes(*parts)) == []


# ------------------------------------------------------------ ledgers


def test_a_ledger_is_told_by_strip_pointer_keyboard_and_table(head: HeadDouble, page: Browser) -> None:
    top = 2 ** 64 - 1
    base = top - 1000
    head.jobs[7] = job_report(7, base, top, done="300", failed="100", value=str(-2 ** 127), name=HOSTILE)
    head.ledgers[7] = [
        span(base, base + 200, "done"),
        leased(base + 200, base + 500, base + 300, HOSTILE, end_asked=str(base + 400)),
        span(base + 500, base + 900, "free", attempts=2),
        span(base + 900, top, "failed", attempts=3, error=HOSTILE),
    ]
    ready(page, head, "#/jobs/7")
    page.says(".job-progress", "-170 141 183 460 469 231 731 687 303 715 884 105 728")
    page.says(".strip-summary", "20.0 % done · 10.0 % committed · 20.0 % leased (1 lease of 1 agent) · 40.0 % free")
    page.click("[aria-label^='show the whole range']")
    assert page.attribute("[aria-label^='show the whole range']", "aria-pressed") == "true"

    width = int(page.boxes(".strip-stage")[".strip-stage [0]"]["width"])
    page.point(".strip-stage", width * 35 // 100, 80)
    tip = page.says(".strip-tip", "leased by")
    assert HOSTILE in tip and "18 446 744 073 709 550 815" in tip and "33.3 %" in tip and "asked to end at" in tip

    page.run("document.querySelector('.strip-stage').focus()")
    page.press(Keys.ARROW_RIGHT)
    page.says(".strip-detail", "done: 18 446 744 073 709 550 615 : 18 446 744 073 709 550 815, 200 wide")
    page.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    page.says(".strip-detail", "free: 18 446 744 073 709 551 115 : 18 446 744 073 709 551 515, 400 wide; failed 2")
    page.press(Keys.END)
    page.says(".strip-detail", "3 attempts")
    page.press("+", "+")
    ends = "return [...document.querySelectorAll('.strip-axis span')].map((e) => e.innerText.replaceAll('\u202f', ''))"
    eventually(lambda: page.run(ends)[::4] == [str(top - 250), str(top)], "the last quarter is in view")
    page.press("0")
    page.says(".strip-axis", "18 446 744 073 709 550 615")
    page.press(Keys.ESCAPE)
    page.says(".strip-detail", "Point at a span")

    page.click("#tab-spans")
    assert page.texts(".table-spans .cell-state") == ["done", "leased", "free", "failed"]
    assert page.texts(".table-spans .cell-end")[-1] == "18 446 744 073 709 551 615"
    page.run("document.querySelector('#tab-spans').focus()")
    page.press(Keys.ARROW_RIGHT)
    assert page.attribute("#tab-events", "aria-selected") == "true"
    page.press(Keys.HOME)
    assert page.attribute("#tab-leases", "aria-selected") == "true"
    assert HOSTILE in page.texts(".table-job-leases .cell-agent")[0]
    assert page.count("main img, main script") == 0 and "owned" not in page.driver.title.replace(HOSTILE, "")


def test_each_state_of_a_span_has_a_pattern_of_its_own(head: HeadDouble, page: Browser) -> None:
    page.prefer(motion="reduce")
    head.jobs[7] = job_report(7, 0, 1000)
    head.ledgers[7] = [
        span(0, 200, "done"), leased(200, 600, 400, "a"), span(600, 800, "free", attempts=0),
        span(800, 1000, "failed", attempts=3, error="")]
    ready(page, head, "#/jobs/7")
    page.says(".strip-summary", "20.0 % failed")
    page.click("[aria-label^='show the whole range']")
    swatches = page.run("""return [...document.querySelectorAll('.swatch')].map((e) => {
        const style = getComputedStyle(e);
        return style.backgroundImage + style.backgroundColor + style.borderBottom + style.borderLeft;
      })""")
    assert len(set(swatches)) == 6
    assert all("gradient" in swatch or not re.search(r"nonergba\(0, 0, 0, 0\)", swatch) for swatch in swatches[:5])
    # In the strip: how many colours there are in the middle of each part; one is plain, a pattern has more.
    colours = """const canvas = document.querySelector('.strip-canvas');
        const pen = canvas.getContext('2d');
        return [0.1, 0.3, 0.5, 0.7, 0.9].map((at) => {
          const {data} = pen.getImageData(Math.round(at * canvas.width) - 20, canvas.height - 40, 16, 16);
          const found = new Set();
          for (let i = 0; i < data.length; i += 4) found.add(`${data[i]},${data[i + 1]},${data[i + 2]}`);
          return [...found].sort();
        })"""
    done, committed, leased_part, free, failed = page.run(colours)
    assert len(done) == len(committed) == 1 and done != committed
    assert len(leased_part) > 1 and len(free) > 1 and len(failed) > 1
    assert len({tuple(part) for part in (done, committed, leased_part, free, failed)}) == 5


def test_a_strip_fills(head: HeadDouble, page: Browser) -> None:
    page.prefer(motion="reduce")  # what is drawn is drawn at once
    head.jobs[7] = job_report(7, 0, 1000)
    head.ledgers[7] = [leased(0, 1000, 0, "a")]
    ready(page, head, "#/jobs/7")
    page.says(".strip-summary", "100.0 % leased")
    assert strip_pixels(page, "--done") == 0
    with head.changing():
        head.ledgers[7] = [span(0, 300, "done"), leased(300, 600, 300, "a"), leased(600, 1000, 600, "b")]
    page.says(".strip-summary", "30.0 % done · 70.0 % leased (2 leases of 2 agents)")
    page.click("[aria-label^='show the whole range']")
    third = eventually(lambda: strip_pixels(page, "--done"), "a part of the strip is done")
    with head.changing():
        head.ledgers[7] = [span(0, 1000, "done")]
        head.jobs[7].update(done="1000", state="done", finished_unix_ms=now_ms(), value="168", value_is_final=True)
    page.says(".strip-summary", "100.0 % done")
    eventually(lambda: strip_pixels(page, "--done") > 3 * third, "all of it is done")
    page.says("#job-state", "done")
    page.says(".job-progress", "final")


def test_a_crowd_of_spans_is_told_by_shares(head: HeadDouble, page: Browser) -> None:
    head.jobs[7] = job_report(7, 0, 2_000_000, done="1000000")
    head.ledgers[7] = []
    for begin in range(0, 1_999_000, 2000):
        head.ledgers[7] += [leased(begin, begin + 1000, begin, f"a{begin}"), span(begin + 1000, begin + 2000, "done")]
    head.ledgers[7][-1] = span(1_999_000, 2_000_000, "mixed", done="500", leased="0", free="400", failed="100")
    ready(page, head, "#/jobs/7")
    summary = page.says(".strip-summary", "2 000 spans.")
    assert "1 000 leases of 1 000 agents" in summary and "50.0 % leased" in summary
    width, height = (page.boxes(".strip-canvas")[".strip-canvas [0]"][side] for side in ("width", "height"))
    assert strip_pixels(page, "--done") > width * height / 3
    page.click("#tab-spans")
    page.says("#panel-spans", "leased")
    assert page.count(".table-spans .row") < ROWS_IN_VIEW_MAX
    page.run("document.querySelector('.table-spans .row').focus()")
    page.press(Keys.END)
    eventually(lambda: "500 done, 400 free, 100 failed" in page.focused(), "the last span tells its parts")


# ------------------------------------------------------------ events


def test_events_are_filtered_kept_in_the_address_and_told_in_full(head: HeadDouble, page: Browser) -> None:
    fill(head, 3, 3)
    head.happen("agent_joined", agent="i-00001", detail="4 slots")
    head.happen("lease_split", job=2, agent="i-00001", detail="now ends at 77")
    head.happen("agent_lost", "error", agent="i-00002", detail="silent for 15 s")
    head.happen("program_failed", "warning", job=3, agent="i-00002", detail=HOSTILE)
    ready(page, head, "#/events")
    rows = ".table-events .cell-what"
    eventually(lambda: page.texts(rows) == ["program failed", "lost", "lease split", "joined"], "the newest first")
    page.click("[data-choice=severity] [data-value=error]")
    page.click("[data-choice=severity] [data-value=warning]")
    assert page.texts(rows) == ["program failed", "lost"]
    page.type("[data-search=agent]", "00002")
    page.type("[data-search=job]", "3")
    assert page.texts(rows) == ["program failed"]
    page.driver.refresh()
    eventually(lambda: page.texts(rows) == ["program failed"], "the address has kept what was asked")
    page.says("#connection", "live")
    page.run("document.querySelector('.table-events .row').focus()")
    page.press(Keys.ENTER)
    assert HOSTILE in page.says("#event-dialog", "program failed")
    page.press(Keys.ESCAPE)
    assert page.text("#event-dialog") is None
    page.go("#/events?what=lease_split")
    eventually(lambda: page.texts(rows) == ["lease split"], "one kind")
    page.go("#/events?find=77")
    eventually(lambda: page.texts(rows) == ["lease split"], "by a word")
    page.click(".table-events .cell-job a")
    page.says("h1", "sweep 2")


def test_trouble_is_counted_also_where_much_has_happened_since(head: HeadDouble, page: Browser) -> None:
    head.happen("agent_lost", "warning", agent="a")
    head.happen("backup_failed", "error")
    for number in range(EVENTS_AT_FIRST):
        head.happen("agent_joined", agent=f"a{number}")
    ready(page, head)
    assert "1 error · 1 warning" in page.says("[data-tile=trouble]", "2")
    page.click("[data-tile=trouble]")
    eventually(lambda: page.texts(".table-events .cell-what") == ["backup failed", "lost"], "it leads to them")


def test_new_events_do_not_push_away_what_one_reads(head: HeadDouble, page: Browser) -> None:
    for number in range(150):
        head.happen("agent_joined", agent=f"a{number}")
    ready(page, head, "#/events")
    page.says(".toolbar", "150 events")
    page.run("scrollTo(0, 1500)")
    rows = """const rows = [...document.querySelectorAll('.table-events .row')]
                .map((row) => [row.dataset.key, row.getBoundingClientRect().top]);"""
    seen = f"{rows} return rows.find(([, top]) => top > 100)?.[0]"
    place = f"{rows} return rows.find(([key]) => key === arguments[0])?.[1]"
    key = eventually(lambda: page.run(seen), "rows are drawn")
    top = page.run(place, key)
    for number in range(7):
        head.happen("agent_left", agent=f"b{number}")
    page.says(".newer", "7 new")
    assert page.run(place, key) == top
    page.click(".newer")
    eventually(lambda: page.texts(".table-events .cell-agent")[0] == "b6", "back at the top")
    assert page.text(".newer") is None


# ------------------------------------------------------------ screens, colours, keys


# Cells of one row of a table that stand on each other.
OVERLAPS = """
const found = [];
for (const row of [...document.querySelectorAll('.row')].slice(0, 5)) {
  const cells = [...row.querySelectorAll('.cell')].filter((e) => e.checkVisibility() && e.innerText);
  const boxes = cells.map((e) => e.getBoundingClientRect());
  boxes.forEach((a, i) => boxes.slice(i + 1).forEach((b, j) => {
    const isOver = a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
    if (isOver) found.push(`${cells[i].className} and ${cells[i + 1 + j].className}`);
  }));
  for (const box of boxes) if (box.bottom > row.getBoundingClientRect().bottom + 1) found.push('beyond its row');
}
return found"""
ROUTES = ("#/jobs", "#/jobs/7", "#/jobs/7?tab=failed", "#/jobs/7?tab=spans", "#/jobs/7?tab=facts", "#/agents",
          "#/agents/i-00777", "#/events")


def fill_for_all_routes(head: HeadDouble) -> None:
    fill(head, 30, 800)
    failed = {"begin": str(2 ** 64 - 9), "end": str(2 ** 64 - 8), "attempts": 3, "error": "Segmentation fault " * 9}
    head.jobs[7] = job_report(
        7, 0, 2 ** 64 - 1, name="A long name without end " * 2, done=str(10 ** 19), failed="1", value=str(2 ** 127 - 1),
        failed_spans=[failed], attempts_failed=3, rate_per_s=1e12, eta_s=1e6, eta_low_s=9e5, eta_high_s=2e6)
    head.ledgers[7] = [
        span(0, 10 ** 19, "done"), leased(10 ** 19, 11 * 10 ** 18, 10 ** 19, "i-00777"),
        span(11 * 10 ** 18, 2 ** 64 - 1, "free", attempts=0)]
    advice = "Start one: pq-agent --join pq1_" + "x" * 60
    head.reasons[7] = [{"word": "no_agents", "text": "An" + "y" * 80 + " long word.", "advice": advice}]
    head.logs[7] = [{
        "schema": "pq.log/1", "job": 7, "number": 1, "unix_ms": now_ms(), "agent": "i-00777", "begin": failed["begin"],
        "end": failed["end"], "attempt": 1, "stream": "stderr", "failed": True,
        "text": "\x1b[31mred\x1b[0m " + "x" * 200 + "\n" + HOSTILE}]
    head.agents["i-00777"]["notice"] = {"kind": "spot", "text": "EC2 takes it back", "ends_unix_ms": now_ms() + 100_000}
    head.happen("agent_warned", "warning", agent="i-00777", detail="EC2 takes it back in two minutes " * 4)
    head.happen("lease_split", agent="i-00777", job=7, detail="now ends at 18446744073709550000")


@pytest.mark.parametrize("route", ROUTES)
def test_all_fits_on_a_screen_of_360_pixels(head: HeadDouble, page: Browser, route: str) -> None:
    fill_for_all_routes(head)
    page.resize(*NARROW)
    ready(page, head, route)
    eventually(lambda: page.count("main .row, main .log, main .facts dd") > 0, "the page is filled")
    assert page.run("return document.documentElement.scrollWidth") <= NARROW[0]
    beyond = page.run("""
        const scrolls = (e) => e && (getComputedStyle(e).overflowX !== 'visible' || scrolls(e.parentElement));
        return [...document.querySelectorAll('main *, header *')].filter((e) => e.checkVisibility()
          && e.getBoundingClientRect().right > innerWidth + 1 && !scrolls(e.parentElement) && !e.closest('.unseen'))
          .map((e) => `${e.tagName}.${e.className}`)""")
    assert beyond == []
    assert page.run(OVERLAPS) == []
    assert page.text("#theme") is not None and page.text("#pages a[data-page=events]") is not None


CONTRASTS = """
const channel = (v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
const parse = (text) => {
  const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
  return {r, g, b, a};
};
const light = ({r, g, b}) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const ground = (e) => {
  const colour = parse(getComputedStyle(e).backgroundColor);
  return colour.a === 1 || !e.parentElement ? colour : ground(e.parentElement);
};
const bad = [];
for (const e of document.querySelectorAll('body *')) {
  if (!e.checkVisibility() || ![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
  const [a, b] = [light(parse(getComputedStyle(e).color)), light(ground(e))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < 4.5) bad.push(`${e.tagName}.${e.className} "${e.textContent.slice(0, 20)}" ${ratio.toFixed(2)}`);
}
return bad"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_in_light_and_dark(head: HeadDouble, page: Browser, scheme: str) -> None:
    fill_for_all_routes(head)
    page.prefer(scheme)
    ready(page, head)
    dark = sum(int(part) for part in re.findall(r"\d+", page.style("body", "backgroundColor"))) < 200
    assert dark == (scheme == "dark")
    for route in ROUTES:
        page.go(route)
        eventually(lambda: page.count("main .row, main .log, main .facts dd") > 0, "the page is filled")
        assert page.run(CONTRASTS) == [], route


def test_dark_and_light_can_be_chosen_and_stay_so(head: HeadDouble, page: Browser) -> None:
    head.samples = [sample(i, i) for i in (3, 2, 1)]
    ready(page, head)
    light = page.style("body", "backgroundColor")
    page.click("#theme")
    dark = page.style("body", "backgroundColor")
    assert dark != light
    page.driver.refresh()
    page.says("#connection", "live")
    assert page.style("body", "backgroundColor") == dark
    page.click("#theme")
    assert page.style("body", "backgroundColor") == light


def test_the_whole_page_is_used_by_keyboard(head: HeadDouble, page: Browser) -> None:
    fill(head, 5, 3)
    ready(page, head)
    page.says(".table-jobs .row", "sweep")
    page.press(Keys.TAB)
    assert page.focused() == "a Skip to the content"
    seen = []
    for _ in range(40):
        page.press(Keys.TAB)
        seen.append(page.focused())
        style = page.run("""
            const style = getComputedStyle(document.activeElement);
            return [style.outlineStyle, parseFloat(style.outlineWidth)]""")
        assert style[0] != "none" and style[1] >= 2, f"one does not see where the keyboard is: {seen[-1]}"
        if seen[-1].startswith("div"):
            break
    wanted = ("a Jobs", "a Agents", "a Events", "button Keys", "button Dark", "button all", "Search in", "button State")
    order = [next((i for i, text in enumerate(seen) if part in text), -1) for part in wanted]
    assert -1 not in order and order == sorted(order), seen
    assert page.focused_row() is not None
    page.press(Keys.TAB)
    assert page.focused_row() is None, "the rows of a table are one stop"
    page.run("document.querySelector('.table-jobs .row').focus()")
    page.press(Keys.ARROW_DOWN)
    chosen = page.focused_row()
    page.press(Keys.ENTER)
    eventually(lambda: page.run("return location.hash") == f"#/jobs/{chosen}", "Enter opens it")
    page.press(Keys.ESCAPE)
    eventually(lambda: page.run("return location.hash") == "#/jobs", "Esc goes back")
    page.press("?")
    page.says("#keys-dialog", "search in this page")
    page.press(Keys.ESCAPE)
    assert page.text("#keys-dialog") is None


def test_who_wants_no_motion_gets_none(head: HeadDouble, page: Browser) -> None:
    page.prefer(motion="reduce")
    head.jobs[7] = job_report(7, 0, 1000)
    head.ledgers[7] = [leased(0, 1000, 0, "a")]
    ready(page, head, "#/jobs/7")
    page.says(".strip-summary", "100.0 % leased")
    page.run("""
        window.frames_drawn = 0;
        const draw = CanvasRenderingContext2D.prototype.clearRect;
        CanvasRenderingContext2D.prototype.clearRect = function (...box) {
          if (this.canvas.className === 'strip-canvas') ++window.frames_drawn;
          return draw.apply(this, box);
        };
        window.ledgers = 0;
        const ask = window.fetch;
        window.fetch = (path, ...more) => { window.ledgers += path.endsWith('ledger'); return ask(path, ...more); };""")
    for upto in (200, 400, 600):
        with head.changing():
            head.ledgers[7] = [leased(0, 1000, upto, "a")]
        page.says(".table-job-leases .cell-committed", f"{upto // 10}.0 %")
    assert page.run("return window.frames_drawn <= window.ledgers + 1")
    assert page.run("return document.getAnimations().length") == 0


def test_controls_have_names_for_those_who_hear_the_page(head: HeadDouble, page: Browser) -> None:
    fill_for_all_routes(head)
    ready(page, head)
    for route in ROUTES:
        page.go(route)
        eventually(lambda: page.count("main .row, main .log, main .facts dd") > 0, "the page is filled")
        nameless = page.run("""
            const all = 'button, input, select, a, canvas, [role=grid], [role=progressbar], [role=application]';
            return [...document.querySelectorAll(all)].filter((e) => e.checkVisibility() && !e.closest('.cell'))
              .filter((e) => !e.getAttribute('aria-label') && !e.innerText.trim() && !e.closest('label'))
              .filter((e) => e.className !== 'strip-canvas').map((e) => e.outerHTML.slice(0, 90))""")
        assert nameless == [], route
        assert page.count("h1") == 1


# ------------------------------------------------------------ trouble


def test_a_head_that_stops_and_comes_back_is_noticed_by_itself(head: HeadDouble, page: Browser) -> None:
    fill(head, 3, 3)
    ready(page, head)
    page.says(".table-jobs", "sweep 1")
    page.run("window.isTheSamePage = true")
    page.forgive("net::ERR_")
    head.stop()
    page.says("#connection", "connection to the head lost, trying again")
    with head.changing():
        del head.jobs[1]
        head.jobs[4] = job_report(4, name="submitted meanwhile")
    head.start()
    page.says("#connection", "live")
    page.says(".table-jobs", "submitted meanwhile")
    assert page.count(".table-jobs .row[data-key='1']") == 0
    assert page.run("return window.isTheSamePage")


def test_older_events_are_there_again_after_a_lost_connection(head: HeadDouble, page: Browser) -> None:
    for number in range(EVENTS_AT_FIRST + 50):
        head.happen("agent_joined", agent=f"a{number}")
    ready(page, head, "#/events")
    page.says(".toolbar", "250 events")
    page.forgive("net::ERR_")
    head.stop()
    page.says("#connection", "lost")
    head.happen("agent_joined", agent="meanwhile")
    head.start()
    page.says(".table-events", "meanwhile")
    page.says(".toolbar", "251 events")


def test_a_connection_that_is_open_and_silent_is_noticed(head: HeadDouble, page: Browser) -> None:
    fill(head, 3, 3)
    ready(page, head)
    head.is_silent = True
    page.says("#connection", "connection to the head lost")
    before = head.streams
    eventually(lambda: head.streams > before, "it connects anew")
    head.is_silent = False
    page.says("#connection", "live")


def test_a_job_that_is_not_there_and_one_that_goes(head: HeadDouble, page: Browser) -> None:
    page.forgive("404")
    fill(head, 3, 3)
    ready(page, head, "#/jobs/999")
    page.says(".notice:not([hidden])", "/api/v1/jobs/999")
    page.go("#/jobs/abc")
    page.says(".notice:not([hidden])", "/api/v1/jobs/abc")
    page.go("#/agents/nobody")
    page.says(".notice:not([hidden])", "no agent of this name")
    page.go("#/jobs")
    page.says(".table-jobs", "sweep 3")
    with head.changing():
        del head.jobs[3]
    eventually(lambda: page.count(".table-jobs .row[data-key='3']") == 0, "what is no more is no more listed")


def test_pages_are_made_of_elements_and_never_of_markup() -> None:
    forbidden = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|DOMParser|"
        r"createContextualFragment|javascript:|srcdoc")
    sources = [path for path in PAGES.iterdir() if path.suffix in (".js", ".html")]
    assert len(sources) > 10
    found = [f"{path.name}: {match}" for path in sources for match in forbidden.findall(path.read_text())]
    assert found == []
    index = (PAGES / "index.html").read_text()
    assert re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", index) is None
    for name in re.findall(r'(?:src|href)="assets/([^"]+)"', index):
        assert name == "chart.js" or (PAGES / name).is_file(), name
    imported = {name for path in sources for name in re.findall(r'from "\./([^"]+)"', path.read_text())}
    assert {name for name in imported if not (PAGES / name).is_file()} == set()
