"""A Dask cluster as an executor. Its workers are sent this checkout, and each shows that it has no other one."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from contextlib import contextmanager
from pathlib import Path
from pkgutil import resolve_name
from shutil import unpack_archive
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4
from zipfile import ZipFile

from distributed import Client, KilledWorker, Security, get_worker
from distributed.core import rpc
from distributed.diagnostics.plugin import UploadFile
from distributed.versions import VersionMismatchWarning

from reference.comparisons.executors import NoCluster
from reference.comparisons.fingerprint import RELEASES, digest, fingerprint, sources

PATIENCE = 5  # seconds for a scheduler to answer, and for its first worker


@contextmanager
def cluster(address: str) -> Iterator[Executor]:
    """Connect to a cluster, and tell what to do where it cannot be used."""
    with _connected(address) as client:
        try:
            yield ClusterExecutor(client)
        except VersionMismatchWarning as error:
            raise NoCluster(f"{_differences(*error.args)}. {_advice(address)}") from error
        except KilledWorker as error:
            job, _, _ = str(error.task).rpartition("-")
            tried = f"{job} was tried on {error.allowed_failures + 1} workers, and each died of it"
            raise NoCluster(f"{tried}; look into the log of {error.last_worker.address}") from error
        except CancelledError as error:
            raise NoCluster(f"the scheduler at {address} has gone; start it again, and this command") from error


def _differences(worker: str, found: dict[str, str], expected: dict[str, str]) -> str:
    differing = [name for name in found if found[name] != expected.get(name)]
    each = (f"{name}: {found[name]}, expected {expected.get(name, 'none')}" for name in differing)
    return f"worker {worker} differs from here ({'; '.join(each)})"


@contextmanager
def _connected(address: str) -> Iterator[Client]:
    try:
        asyncio.run(_expect_scheduler(address))
    except Exception as error:  # of whatever kind, as what answers there may be anything
        start = "start one with `dask scheduler`, and give the address that it prints"
        raise NoCluster(f"no scheduler answers at {address} ({error}); {start}") from error
    with Client(address, timeout=PATIENCE, set_as_default=False) as client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError as error:
            raise NoCluster(f"the scheduler at {address} has no workers. {_advice(address)}") from error
        yield client


async def _expect_scheduler(address: str) -> None:
    """Ask who is there, without a client: one that gets no answer would not go away."""
    async with rpc(address, timeout=PATIENCE, connection_args=Security().get_connection_args("client")) as there:
        kind = (await there.identity())["type"]
    if kind != "Scheduler":
        raise ConnectionError(f"a {kind} does")


def _advice(address: str) -> str:
    here = fingerprint()
    releases = " ".join(f"{name}=={here[name]}" for name in RELEASES)
    return f"""\
Start workers anew, each in a Python {here["Python"]} that has what this one has:

    pip install {releases} "dask[distributed]"
    dask worker {address} --nthreads 1 --nworkers=-1"""


class ClusterExecutor(Executor):
    """The executor of a Dask client, whose workers are checked before each call."""

    def __init__(self, client: Client) -> None:
        modules = sources()
        archive = f"handgrad-{digest(modules)}.zip"
        _send(client, archive, modules)
        self._call = _checked(archive, fingerprint() | {"threads": "1"})
        self._executor = client.get_executor(pure=False)

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **options: Any) -> Future[Any]:
        """Call a function of a module on some worker."""
        name = f"{function.__module__}:{function.__qualname__}"
        key = "-".join(map(str, [function.__name__, *arguments, uuid4().hex]))
        return self._executor.submit(self._call, name, *arguments, **options, key=key)


def _send(client: Client, archive: str, modules: dict[str, bytes]) -> None:
    """Have every worker get the sources, those that join later, too."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / archive
        with ZipFile(path, "w") as file:
            for name, source in modules.items():
                file.writestr(name, source)
        upload = UploadFile(str(path), load=False)
    upload.idempotent = True  # since other sources have another name
    client.register_plugin(upload, name=archive)


def _checked(archive: str, expected: dict[str, str]) -> Callable[..., Any]:
    """Make what a worker calls: a local function, which is sent as it is, for a worker may not have this module."""

    def call(name: str, *arguments: Any, **options: Any) -> Any:
        worker = get_worker()
        sent = Path(worker.local_directory) / archive
        folder = sent.with_suffix("") / "site-packages"  # which the script of a page takes for granted
        if not folder.exists():
            unpack_archive(sent, folder)
            sys.path.insert(0, str(folder))
        try:
            resolve_name("reference.comparisons.executors:run_inline")()
            found = resolve_name("reference.comparisons.fingerprint:fingerprint")()
        except (ImportError, AttributeError) as error:
            found = {"error": str(error)}
        found = {**found, "threads": str(worker.state.nthreads)}
        if found != expected:
            raise VersionMismatchWarning(worker.address, found, expected)
        return resolve_name(name)(*arguments, **options)

    return call
