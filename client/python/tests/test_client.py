"""The client with a real head and agents that count primes."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

import pq
from heads import Head, Tunnel, eventually

LONG = "0:1e15"  # nobody waits for its end


@pytest.mark.parametrize(
    "kernel, given, total", [("primes", "1e7:6e7", 2_897_536), ("primes", (0, 100), 25), ("twins", range(0, 100), 8)]
)
def test_totals(counting: Head, kernel: str, given: object, total: int) -> None:
    job = counting.client().submit(given, kernel=kernel, name="a total")  # type: ignore[arg-type]
    assert job.result(timeout=60) == total
    status = job.status()
    assert job.done() and (status.state, status.name, status.value) == ("done", "a total", total)
    assert status.fraction == 1.0 and status.seconds_taken is not None and status.started is not None


def test_jobs_and_agents(counting: Head) -> None:
    client = counting.client()
    job = client.submit((0, 10))
    job.wait(progress=False)
    assert client.jobs()[-1].id == job.id and client.job(job.id).result() == 4
    (agent,) = client.agents()
    assert (agent.state, agent.slots) == ("active", 2) and "primes" in agent.kernels and "arch" in agent.labels


def test_refusals_name_their_word(counting: Head) -> None:
    client = counting.client()
    with pytest.raises(pq.Refused) as refused:
        client.job(10**6)
    assert refused.value.word == "no_such_job"
    job = client.submit((0, 10))
    job.wait(progress=False)
    with pytest.raises(pq.Refused, match="job_has_ended"):
        job.pause()


def test_a_wait_ends_in_time_and_the_job_goes_on(counting: Head) -> None:
    job = counting.client().submit(LONG)
    began = time.monotonic()
    with pytest.raises(TimeoutError, match="it goes on"):
        job.result(timeout=0.3)
    assert time.monotonic() - began >= 0.3
    with pytest.raises(TimeoutError):
        job.wait(timeout=0)
    assert not job.done() and job.status().state in ("queued", "running")
    job.cancel()


def test_cancel_pause_and_resume(counting: Head) -> None:
    job = counting.client().submit(LONG)
    assert job.pause().state == "paused"
    assert job.resume().state in ("queued", "running")
    assert job.cancel().state == "cancelled"
    assert job.cancel().state == "cancelled", "asking for what is so already is no error"
    with pytest.raises(pq.JobCancelled) as cancelled:
        job.result()
    assert cancelled.value.job == job.id
    assert cancelled.value.partial == cancelled.value.status.value
    assert not cancelled.value.status.value_is_final
    assert isinstance(job.exception(), pq.JobCancelled)


def test_futures(counting: Head) -> None:
    client = counting.client()
    good, bad = client.submit((0, 1000)), client.submit(LONG)
    assert good.future() is good.future() and good.future().result(timeout=30) == 168
    assert not bad.future().done()
    called: list[pq.Job] = []
    bad.add_done_callback(called.append)
    bad.cancel()
    assert isinstance(bad.future().exception(timeout=30), pq.JobCancelled)
    eventually(lambda: called == [bad], "the callback is called with the job")


def test_a_callback_may_ask(counting: Head) -> None:
    client = counting.client()
    totals: list[object] = []
    client.submit((0, 100)).add_done_callback(lambda _: totals.append(client.submit((0, 10)).result()))
    eventually(lambda: totals == [4], "a callback has submitted another job and has its result")


def test_as_completed_and_get(counting: Head) -> None:
    client = counting.client()
    slow = client.submit(LONG, priority=-1)
    quick = [client.submit((0, end)) for end in (10, 100, 1000)]
    assert pq.get(quick) == [4, 25, 168] and pq.get(quick[1]) == 25
    assert {job.id for job in pq.as_completed(quick)} == {job.id for job in quick}
    with pytest.raises(TimeoutError):
        for job in pq.as_completed([slow, *quick], timeout=0.5):
            assert job is not slow
    with pytest.raises(TimeoutError):
        pq.get([*quick, slow], timeout=0.3)
    slow.cancel()


def test_many_threads_ask_at_once(counting: Head) -> None:
    client = counting.client()
    waited = client.submit(LONG, priority=-1)
    totals: list[object] = []

    def ask() -> None:
        for _ in range(5):
            totals.append(client.submit((0, 1000)).result(timeout=60))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    waiter = threading.Thread(target=lambda: waited.wait(progress=False))
    for thread in [waiter, *threads]:
        thread.start()
    for thread in threads:
        thread.join()
    assert totals == [168] * 40
    waited.cancel()
    waiter.join(30)
    assert not waiter.is_alive()


def test_a_forked_process_connects_anew(counting: Head) -> None:
    client = counting.client()
    assert client.submit((0, 10)).result() == 4
    child = os.fork()
    if child == 0:
        signal.alarm(30)  # ends a child that hangs
        try:
            os._exit(0 if client.submit((0, 100)).result(timeout=20) == 25 else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert client.submit((0, 10)).result() == 4


def test_a_token_is_all_that_another_machine_needs(counting: Head, tmp_path: Path) -> None:
    token = counting.run("pq-key", "new", "operator", "--address", counting.endpoint).split()[-1]
    with pq.Client(state_dir=tmp_path, key=token) as client:
        assert client.submit((0, 10)).result() == 4
    viewer = counting.run("pq-key", "new", "viewer", "--address", counting.endpoint).split()[-1]
    with pq.Client(state_dir=tmp_path, key=viewer) as client:
        assert client.jobs()
        with pytest.raises(pq.Refused, match="not_allowed"):
            client.submit((0, 10))


def test_a_closed_client_says_so(counting: Head) -> None:
    client = counting.client(timeout=20)
    waiting = client.submit(LONG)
    future = waiting.future()
    client.close()
    client.close()
    with pytest.raises(pq.HeadUnreachable, match="closed"):
        client.jobs()
    assert isinstance(future.exception(timeout=30), pq.HeadUnreachable)
    counting.client().job(waiting.id).cancel()


# ---------------------------------------------------------------- heads that are away, or others


def test_nobody_listens(head: Head) -> None:
    head.start()
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pq.Client(
            state_dir=head.state_dir, head=f"tcp://127.0.0.1:{unused.getsockname()[1]}", timeout=0.5
        ) as client:
            with pytest.raises(pq.HeadUnreachable, match="no head answers at tcp://127.0.0.1"):
                client.jobs()


def test_a_head_that_is_stopped_is_told_from_one_that_is_away(head: Head) -> None:
    head.start()
    head.send_signal(signal.SIGSTOP)
    try:
        silence = "connected to .* silent for .* stopped or busy"
        with head.client(timeout=1) as client, pytest.raises(pq.HeadUnreachable, match=silence):
            client.jobs()
    finally:
        head.send_signal(signal.SIGCONT)


def test_no_state_directory(tmp_path: Path) -> None:
    with pq.Client(state_dir=tmp_path / "nosuch", timeout=0.3) as client:
        with pytest.raises(pq.HeadUnreachable, match="no head has run with state directory"):
            client.jobs()


def test_a_nonsense_address(head: Head) -> None:
    head.start()
    with pq.Client(state_dir=head.state_dir, head="nonsense", timeout=0.3) as client:
        with pytest.raises(pq.HeadUnreachable, match="cannot connect to nonsense"):
            client.jobs()


def test_a_key_that_the_head_does_not_know(head: Head) -> None:
    head.start()
    listed = head.state_dir / "authorized_keys"
    listed.write_text("")
    with pq.Client(state_dir=head.state_dir, timeout=20) as client:
        for _ in range(2):
            with pytest.raises(pq.HeadUnreachable, match="does not know this key"):
                client.jobs()


def test_another_head_at_this_address(head: Head, counting: Head) -> None:
    with pq.Client(state_dir=counting.state_dir, head=counting.endpoint, timeout=1) as client:
        assert client.agents()
    head.start()
    with pq.Client(state_dir=head.state_dir, head=counting.endpoint, timeout=1) as client:
        with pytest.raises(pq.HeadUnreachable):
            client.jobs()


def test_a_client_that_is_first_waits_for_the_head_to_start(head: Head) -> None:
    with pq.Client(state_dir=head.state_dir) as client:
        answers: list[object] = []
        thread = threading.Thread(target=lambda: answers.append(client.jobs()))
        thread.start()
        time.sleep(0.3)
        head.start()
        thread.join(30)
        assert answers == [[]]


def test_a_head_that_is_killed_amid_a_wait(head: Head) -> None:
    head.start()
    head.start_agent()
    client = head.client()
    job = client.submit("0:2e10", name="long")  # some seconds
    ended: list[object] = []
    future = job.future()
    waiter = threading.Thread(target=lambda: ended.append(job.result(timeout=120)))
    waiter.start()
    for _ in range(3):
        time.sleep(0.3)
        head.kill()
        assert not ended
        with pytest.raises(TimeoutError):
            job.result(timeout=0.1)
        head.start()
    waiter.join(120)
    assert ended == [882_206_716] and future.result(timeout=30) == 882_206_716
    assert client.jobs()[-1].id == job.id, "nothing was submitted twice"


def test_a_connection_that_leads_nowhere_is_made_anew(head: Head) -> None:
    head.start()
    with closing(Tunnel(head.endpoint)) as tunnel:
        client = head.client(head=tunnel.endpoint)
        job = client.submit("0:1000")
        ended: list[object] = []
        waiter = threading.Thread(target=lambda: ended.append(job.result(timeout=120)))
        waiter.start()
        eventually(lambda: tunnel.connections() == 1, "it is connected")
        assert tunnel.fall_dumb() == 1
        asked_at = time.monotonic()
        assert client.agents() == []
        assert time.monotonic() - asked_at < 120, "some 15 s on a quiet machine"
        head.start_agent()
        waiter.join(120)
        assert ended == [168]


def test_a_head_that_comes_back_at_another_port_is_found(head: Head) -> None:
    head.start()
    head.start_agent()
    client = head.client()
    assert client.submit((0, 10)).result(timeout=30) == 4
    head.kill()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", int(head.endpoint.rpartition(":")[2])))
        head.start(anywhere=True)
        assert len(client.jobs()) == 1


def test_a_submission_survives_the_head(head: Head) -> None:
    head.start()
    head.start_agent()
    client = head.client()
    assert client.jobs() == []
    head.kill()
    jobs: list[pq.Job] = []
    thread = threading.Thread(target=lambda: jobs.append(client.submit((0, 100))))
    thread.start()
    time.sleep(0.2)
    head.start()
    thread.join(30)
    assert [job.result(timeout=60) for job in jobs] == [25] and len(client.jobs()) == 1


def test_a_question_that_no_head_answers_ends_in_time(head: Head) -> None:
    head.start()
    client = head.client(timeout=1)
    assert client.jobs() == []
    head.kill()
    with pytest.raises(pq.HeadUnreachable, match="has not answered within 1 s"):
        client.jobs()
    head.start()
    assert client.jobs() == []
