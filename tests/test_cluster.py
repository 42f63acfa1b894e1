"""A Dask cluster finds what one machine finds, and where it cannot, an error says what to do."""

import json
import os
import subprocess
import sys
import sysconfig
import time
from contextlib import ExitStack

import pytest

pytest.importorskip("distributed", reason='needs pip install "handgrad[cluster]"')

from distributed import Client

import reference.__main__ as command
from reference.comparisons import cluster
from reference.comparisons.executors import NoCluster, fan_out
from reference.comparisons.fingerprint import digest, fingerprint, sources
from reference.comparisons.measure import measure
from reference.comparisons.pieces import Plan, case_named

LONG = 60  # seconds, in which whatever is waited for has happened on any machine
FAILURES = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}  # of one task; it is 3 by default


@pytest.fixture
def processes():
    """Start processes, and end them."""

    def start(*arguments, **options):
        process = subprocess.Popen([sys.executable, *arguments], stderr=subprocess.DEVNULL, **options)
        started.callback(process.wait)
        started.callback(process.kill)
        return process

    with ExitStack() as started:
        yield start


@pytest.fixture
def address(processes, tmp_path):
    """Start a scheduler, and give its address."""
    told = tmp_path / "scheduler.json"
    options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", told]
    processes("-m", "distributed.cli.dask_scheduler", *options, cwd=tmp_path, env={**os.environ, **FAILURES})
    until(lambda: told.exists() and told.read_text())
    return json.loads(told.read_text())["address"]


@pytest.fixture
def client(address):
    """Look into the cluster from outside."""
    with Client(address, set_as_default=False) as client:
        yield client


@pytest.fixture
def workers(processes, address, client, tmp_path):
    """Start two workers that have what is installed, but not this checkout, and give their processes by address."""
    bare = {**os.environ, "PYTHONPATH": sysconfig.get_path("purelib")}
    options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", tmp_path]
    started = [
        processes("-S", "-m", "distributed.cli.dask_worker", address, *options, cwd=tmp_path, env=bare)
        for _ in range(2)
    ]
    client.wait_for_workers(2, timeout=LONG)
    addresses = {pid: worker for worker, pid in client.run(os.getpid).items()}
    return {addresses[process.pid]: process for process in started}


def until(condition):
    """Wait for something."""
    patience = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < patience
        time.sleep(0.01)


def test_the_rows_are_those_of_one_machine_although_a_worker_is_killed(address, client, workers, monkeypatch):
    monkeypatch.setattr("reference.comparisons.pieces.PIECE", 20)
    jobs = Plan([case_named("Relu")], 160, 1).jobs
    victim, process = next(iter(workers.items()))
    with cluster.cluster(address) as executor:
        results = fan_out(executor, measure, jobs)
        found = [next(results)]
        until(lambda: client.processing()[victim])
        process.kill()
        found += results
    removed = [event for _, event in client.get_events("all") if event["action"] == "remove-worker"]
    assert [(event["worker"], bool(event["processing-tasks"])) for event in removed] == [(victim, True)]
    assert found == [measure(*job) for job in jobs]


@pytest.mark.usefixtures("workers")
def test_a_worker_with_other_sources_is_an_error_that_names_both(address, monkeypatch):
    changed = sources() | {"handgrad/nodes.py": b"# changed"}
    with cluster.cluster(address) as executor:
        assert list(fan_out(executor, max, [(1, 2)] * 4)) == [2] * 4  # by which each has imported what is here
    monkeypatch.setattr(cluster, "sources", lambda: changed)
    monkeypatch.setattr(cluster, "fingerprint", lambda: fingerprint() | {"sources": digest(changed)})
    differ = f"sources: {fingerprint()['sources']}, expected {digest(changed)}"
    with pytest.raises(NoCluster, match=differ), cluster.cluster(address) as executor:
        list(fan_out(executor, max, [(1, 2)]))


@pytest.mark.usefixtures("workers")
def test_a_job_of_which_workers_die_is_named(address):
    with (
        pytest.raises(NoCluster, match=r"^_exit-1 was tried on 2 workers, and each died of it"),
        cluster.cluster(address) as executor,
    ):
        list(fan_out(executor, os._exit, [(1,)]))


def test_a_scheduler_without_workers_is_an_error_that_says_how_to_start_them(address, monkeypatch, capsys):
    monkeypatch.setattr(cluster, "PATIENCE", 1)
    assert command.main(["--case", "Relu", "--cluster", address]) == 2
    error = capsys.readouterr().err
    assert f"the scheduler at {address} has no workers" in error
    assert f"dask worker {address} --nthreads 1" in error
    assert f"jax=={fingerprint()['jax']}" in error


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense", "carrier-pigeon://127.0.0.1:1"])
def test_no_scheduler_is_an_error_that_says_how_to_start_one(address, monkeypatch, capsys):
    monkeypatch.setattr(cluster, "PATIENCE", 0.1)
    assert command.main(["--case", "Relu", "--cluster", address]) == 2
    error = capsys.readouterr().err
    assert f"no scheduler answers at {address}" in error
    assert "dask scheduler" in error
