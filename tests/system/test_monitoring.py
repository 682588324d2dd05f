"""/metrics as Prometheus reads it, and that rules, dashboard and example of deploy/monitoring fit to it."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster import Cluster
from conftest import temporary_cluster
from prometheus import MONITORING, RULES, Prometheus, promtool
from test_agent_programs import http_address
from waiting import eventually

RULES_TEST = Path(__file__).parent / "monitoring" / "pq.rules.test.yml"
HOSTILE_NAMES = ("plain", 'a"} 1 # pq_fake 7', "ends in \\", "\\n \\\"", "{{ $labels.instance }}", "√2", "")


@pytest.fixture(scope="module")
def watched() -> Iterator[Cluster]:
    """A head with an agent, a job that is done, one that failed, and some that run, under names of all kinds."""
    with temporary_cluster() as cluster:
        cluster.start_head("--http", "127.0.0.1:*", "--beat", "100ms")
        cluster.start_agent("worker", "--allow-exec", slots=2)
        assert cluster.wait(cluster.submit("1e7:2e7"))["state"] == "done"
        failing = cluster.submit("0:1", "--attempts", "1", "--", "/bin/false")
        assert cluster.wait(failing)["state"] == "failed"
        for name in HOSTILE_NAMES:
            cluster.submit("1e12:+1e15", "--name", name)
        assert cluster.run("pq-backup").status == 0
        yield cluster


@pytest.fixture(scope="module")
def prometheus(watched: Cluster) -> Iterator[Prometheus]:
    """Has scraped it."""
    started = Prometheus(watched.root / "prometheus", http_address(watched))
    try:
        eventually(lambda: started.value("sum(pq_build_info)"), "Prometheus has scraped the head")
        yield started
    finally:
        started.close()


def page(cluster: Cluster) -> str:
    with urllib.request.urlopen(f"http://{http_address(cluster)}/metrics", timeout=10) as answer:
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        return answer.read().decode()


def families_of(text: str) -> list[tuple[str, str]]:
    """Name and type of each, also of those that have no sample now."""
    return re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE)


def series_names(text: str) -> set[str]:
    """A histogram has three."""
    names = set()
    for name, kind in families_of(text):
        names |= {name + end for end in ("_bucket", "_sum", "_count")} if kind == "histogram" else {name}
    return names


def names_in(expression: str) -> set[str]:
    return set(re.findall(r"\b(?:pq|process)_\w+", re.sub(r'"[^"]*"', "", expression)))


def dashboard_expressions() -> list[str]:
    """With what Grafana would put in place of its variables."""
    board = json.loads((MONITORING / "grafana-dashboard.json").read_text())
    found: list[str] = []

    def visit(part: Any) -> None:
        if isinstance(part, dict):
            found.extend([part["expr"]] if "expr" in part else [])
            for value in part.values():
                visit(value)
        elif isinstance(part, list):
            for value in part:
                visit(value)

    visit(board)
    return [text.replace("$__rate_interval", "1m").replace("$instance", ".*") for text in found]


def rule_expressions() -> list[str]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule["expr"] for group in groups for rule in group["rules"]]


def test_promtool_finds_nothing_to_say_of_the_page(watched: Cluster) -> None:
    text = page(watched)
    outcome = promtool("check", "metrics", stdin=text)
    assert outcome == (0, "", "")
    assert len(families_of(text)) > 40


def test_prometheus_reads_names_of_jobs_as_they_are(watched: Cluster, prometheus: Prometheus) -> None:
    told = {int(labels["job_id"]): labels.get("name", "")  # empty is as good as absent
            for labels, _ in prometheus.samples("pq_job_width_integers")}
    assert told == {number: name for number, name in enumerate(HOSTILE_NAMES, start=3)}
    assert prometheus.samples("pq_fake") == []


def test_prometheus_answers_for_jobs_agents_and_the_head(watched: Cluster, prometheus: Prometheus) -> None:
    expected = {
        'pq_jobs{state="done"}': 1,
        'pq_jobs{state="failed"}': 1,
        'pq_jobs_ended_total{state="failed"}': 1,
        'sum(pq_jobs{state=~"queued|running"})': len(HOSTILE_NAMES),
        'pq_agents{state="active"}': 1,
        'pq_agent_busy_slots{state="active"}': 2,
        "sum(pq_job_busy_slots)": 2,
        "pq_leases": 2,
        'pq_events_total{what="agent_joined"}': 1,
        'pq_events_total{what="backup_made"}': 1,
        'pq_events_total{what="program_failed"}': 1,
        'pq_messages_received_total{type="submit"}': 2 + len(HOSTILE_NAMES),
        'pq_messages_received_total{type="back_up"}': 1,
        'up{job="pq"}': 1,
    }
    for query, value in expected.items():
        # Between two leases a slot is idle for a moment.
        eventually(lambda: prometheus.value(query) == value, f"{query} is {value}")
    assert prometheus.value("pq_integers_done_total") >= 1e7
    assert prometheus.value("process_start_time_seconds < time()") is not None
    assert prometheus.value("time() - pq_backup_last_made_timestamp_seconds") < 600
    assert prometheus.value("pq_database_log_bytes + pq_database_bytes") > 0
    for histogram in ("pq_turn_duration_seconds", "pq_commit_duration_seconds", "pq_turn_messages"):
        count = prometheus.samples(f'{histogram}_count - ignoring (le) {histogram}_bucket{{le="+Inf"}}')
        assert [value for _, value in count] == [0]
    beats = 'pq_messages_received_total{type="beat"}'
    before = prometheus.value(beats)
    eventually(lambda: (prometheus.value(beats) or 0) > before, "beats are counted")


def test_no_rule_and_no_panel_asks_for_what_there_is_not(watched: Cluster) -> None:
    known = series_names(page(watched))
    expressions = dashboard_expressions() + rule_expressions()
    assert len(expressions) > 50
    unknown = {name: text for text in expressions for name in names_in(text) - known}
    assert unknown == {}


def test_prometheus_takes_every_expression_of_the_dashboard(prometheus: Prometheus) -> None:
    for expression in dashboard_expressions():
        prometheus.ask("query", query=expression)


def test_all_that_the_head_tells_stands_on_the_dashboard_or_in_a_rule(watched: Cluster) -> None:
    """What nobody looks at need not be counted. Of a histogram any series will do."""
    used = set().union(*map(names_in, dashboard_expressions() + rule_expressions()))
    families = {name: series_names(f"# TYPE {name} {kind}") for name, kind in families_of(page(watched))}
    assert [name for name, series in families.items() if not series & used] == []


def test_the_rules_are_right_and_fire_when_they_should() -> None:
    checked = promtool("check", "rules", str(RULES))
    assert checked.status == 0, checked
    outcome = promtool("test", "rules", str(RULES_TEST))
    assert outcome.status == 0, outcome
    tested = RULES_TEST.read_text()
    names = [rule["alert"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    assert [name for name in names if name not in tested] == []


def test_the_example_is_a_configuration(prometheus: Prometheus) -> None:
    checked = promtool("check", "config", str(MONITORING / "prometheus.yml"))
    assert checked.status == 0, checked
    [group] = prometheus.ask("rules")["groups"]
    assert len(group["rules"]) == len(rule_expressions())
    [target] = prometheus.ask("targets")["activeTargets"]
    assert (target["labels"]["job"], target["health"]) == ("pq", "up")
