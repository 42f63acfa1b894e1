"""What rows depend on has a name, which changes with it."""

from importlib.metadata import version
from pathlib import Path

import handgrad
from reference.comparisons.fingerprint import RELEASES, digest, fingerprint, sources

ROOT = Path(handgrad.__file__).parents[1]


def test_all_modules_of_both_packages_are_read():
    paths = [path for package in ("handgrad", "reference") for path in (ROOT / package).rglob("*.py")]
    assert sources() == {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in paths}


def test_other_sources_and_other_names_of_them_have_another_digest():
    same, *others = {"a.py": b"1", "b.py": b"2"}, {"a.py": b"1", "b.py": b"3"}, {"a.py": b"1", "c.py": b"2"}, {}
    assert digest(dict(reversed(same.items()))) == digest(same)
    assert len({digest(same), *map(digest, others)}) == 4


def test_everything_is_named():
    named = fingerprint()
    assert named.keys() == {"Python", "device", *RELEASES, "sources"}
    assert named["numpy"] == version("numpy")
    assert named["sources"] == digest(sources())
