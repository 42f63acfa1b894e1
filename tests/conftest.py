import os
import re
import time

import hypothesis
import jax
import pytest
from hypothesis.statistics import collector

from handgrad.testing.oracle.compiling import keep_compiled
from handgrad.testing.search import Search
from handgrad.testing.subject import name_of
from reference.cases import CASES
from reference.comparisons.executors import one_thread_each, run_inline
from tests.planted.catalogue import RIGHT
from tests.planted.costly import COSTLY

EXAMPLES = {"quick": 20, "default": 100, "thorough": 2000}
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "default")

for name, examples in EXAMPLES.items():
    hypothesis.settings.register_profile(
        name,
        max_examples=examples,
        deadline=None,  # the first example of a shape compiles
        derandomize=name != "thorough",
        print_blob=True,
        phases=set(hypothesis.Phase) - {hypothesis.Phase.explain},  # tracing every line costs more than it tells
    )
hypothesis.settings.load_profile(PROFILE)

# the oracle is float64; a jitted twin is compiled for each shape, and kept
jax.config.update("jax_enable_x64", True)
run_inline()
keep_compiled()


@pytest.fixture
def as_found(monkeypatch):
    """Leave examples that fail as large as they are found: making them small takes half of the time of a check."""
    monkeypatch.setattr(Search, "_smallest", lambda search, failure, *_: failure)


LAYERS = {name_of(each.layer) for each in (*CASES, *RIGHT, *COSTLY)}
COUNTED = pytest.StashKey[int]()
STARTED = pytest.StashKey[float]()


def pytest_configure(config):
    one_thread_each()
    config.stash[COUNTED], config.stash[STARTED] = 0, time.perf_counter()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Have all tests of one layer run in one process, which compiles its reference once; others go file by file."""
    from xdist.scheduler import LoadScopeScheduling  # which running without -n does not need

    class ByLayer(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return scope_of(nodeid)

    return ByLayer(config, log)


def scope_of(nodeid):
    layer = re.search(r"\[(\w+)", nodeid)
    return layer[1] if layer and layer[1] in LAYERS else nodeid.partition("::")[0]


def pytest_runtest_teardown(item, nextitem):
    """Let a worker forget what was compiled for a layer when that is done, as processes that compare cases do."""
    done = nextitem is None or scope_of(nextitem.nodeid) != scope_of(item.nodeid)
    if done and hasattr(item.config, "workerinput"):
        jax.clear_caches()


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item):
    """Count the examples of a test: what Hypothesis draws for it, and what check_layer tries a layer on.

    The latter are not what Hypothesis draws meanwhile, since that is kept for other layers and dtypes.
    """

    def count(statistics):
        drawn = statistics.get("generate-phase", {}).get("test-cases", ())
        item.config.stash[COUNTED] += sum(case["status"] in ("valid", "interesting") for case in drawn)

    def run(search):
        with collector.with_value(None):
            found = original(search)
        item.config.stash[COUNTED] += found.examples
        return found

    original = Search.run
    with pytest.MonkeyPatch.context() as patch, collector.with_value(count):
        patch.setattr(Search, "run", run)
        return (yield)


def pytest_sessionfinish(session):
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["examples"] = session.config.stash[COUNTED]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    node.config.stash[COUNTED] += getattr(node, "workeroutput", {}).get("examples", 0)


def pytest_terminal_summary(terminalreporter, config):
    seconds = time.perf_counter() - config.stash[STARTED]
    examples = config.stash[COUNTED]
    terminalreporter.write_line(f"{examples:,} examples, {examples / seconds:,.0f} per second")
