"""The architecture: rooms mirror each other, arrows go one way, and nothing lacks its proof."""

import ast
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import handgrad
from reference.cases import CASES

ROOT = Path(handgrad.__file__).parents[1]
PUBLIC = [getattr(handgrad, name) for name in handgrad.__all__]
LAYERS = [each for each in PUBLIC if hasattr(each, "backward") and each is not handgrad.Layer]
ROOMS = sorted({layer.__module__.removeprefix("handgrad.") for layer in LAYERS})

each_layer = pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.__name__)


def room_of(layer):
    return layer.__module__.removeprefix("handgrad.")


def twin_name(layer):
    return re.sub(r"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", layer.__name__).lower()


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def imported_packages(path):
    return {name.split(".")[0] for name in imports(path)}


def test_the_visible_top_level_is_what_the_readme_says():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    visible = {path.split("/")[0] for path in tracked if not path.startswith(".")}
    folders = re.findall(r"^\| `(\w+)/", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert visible == {"pyproject.toml", "README.md", *folders}


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_mirror(room):
    for path in (f"reference/{room}.py", f"reference/cases/{room}.py", f"tests/test_{room}.py"):
        assert (ROOT / path).exists(), f"handgrad/{room}.py has no mirror: write {path}"


@each_layer
def test_every_layer_has_a_twin_of_its_name(layer):
    twins = importlib.import_module(f"reference.{room_of(layer)}")
    assert hasattr(twins, twin_name(layer)), f"write {twin_name(layer)} in reference/{room_of(layer)}.py"


@each_layer
def test_every_layer_has_a_case_with_its_twin(layer):
    cases = [case for case in CASES if case.layer_class is layer]
    assert cases, f"write a case of {layer.__name__} in reference/cases/{room_of(layer)}.py"
    assert {case.twin.__name__ for case in cases} == {twin_name(layer)}


def test_every_layer_class_is_exported():
    for room in ROOMS:
        module = importlib.import_module(f"handgrad.{room}")
        for name, each in inspect.getmembers(module, inspect.isclass):
            if each.__module__ == module.__name__ and hasattr(each, "backward"):
                assert name in handgrad.__all__, f"export {name} in handgrad/__init__.py"


@each_layer
def test_every_layer_has_its_shapes_derivation_and_example(layer):
    where = f"the docstring of {layer.__name__} in handgrad/{room_of(layer)}.py"
    for heading in ("Shapes", "Derivation", "Examples"):
        assert f"{heading}\n" in layer.__doc__, f"{where} lacks {heading}"
    for step in ("udge", "δ", "⟨dout, δ", "so that d"):
        assert step in layer.__doc__, f"{where} lacks a step of the derivation: {step}"
    assert ".backward(" in layer.__doc__, f"{where} shows no gradient in its example"


@each_layer
def test_every_layer_declares_its_fields_with_annotations(layer):
    declared = layer.__annotations__.keys()
    assert declared & {"out_shape", "out_shapes", "layers"}, (
        f"declare the fields of {layer.__name__} at the top of the class"
    )


@pytest.mark.parametrize("path", sorted((ROOT / "handgrad").glob("*.py")), ids=lambda path: path.name)
def test_layers_import_numpy_alone(path):
    outside = imported_packages(path) - set(sys.stdlib_module_names) - {"handgrad"}
    assert outside <= {"numpy"}, f"{path.name} imports {outside}"
    assert not any(name.startswith("handgrad.testing") for name in imports(path))


@pytest.mark.parametrize("room", ROOMS)
def test_twins_import_jax_alone(room):
    assert imported_packages(ROOT / "reference" / f"{room}.py") == {"jax"}


@pytest.mark.parametrize(
    "path", sorted((ROOT / "handgrad/testing").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_the_checker_knows_no_particular_layer(path):
    assert "reference" not in imported_packages(path)
    rooms = {f"handgrad.{room}" for room in ROOMS} | {"handgrad"}
    assert not rooms & set(imports(path))


# Each imports only what stands before it: the way of one check goes from the right to the left.
CHECKER = (
    *("dtypes", "trees", "subject", "outputs", "adapters", "inputs", "oracle", "trial", "properties", "severity"),
    *("found", "simpler", "search", "diagnosis", "page", "report", "checker", "parametrised"),
)
# The same for what is compared with what.
REFERENCE = [*ROOMS, "cases", "comparisons", "__main__"]


def arrows(folder, order):
    """List which of a folder's modules and rooms imports which other."""
    package = folder.relative_to(ROOT).as_posix().replace("/", ".")
    for path in sorted(folder.rglob("*.py")):
        room = path.relative_to(folder).parts[0].removesuffix(".py")
        for name in imports(path):
            imported = name.removeprefix(f"{package}.").split(".")[0]
            if name.startswith(f"{package}.") and imported != room and room != "__init__":
                yield path.relative_to(ROOT).as_posix(), order.index(room), order.index(imported), name


@pytest.mark.parametrize(
    ("folder", "order"), [("handgrad/testing", CHECKER), ("reference", REFERENCE)], ids=["the checker", "reference"]
)
def test_arrows_between_rooms_go_one_way(folder, order):
    found = list(arrows(ROOT / folder, order))
    assert found
    against = [f"{path} imports {name}" for path, room, imported, name in found if imported > room]
    assert not against, against


def test_handgrad_imports_neither_jax_nor_hypothesis():
    code = "import sys, handgrad; sys.exit(bool({'jax', 'hypothesis'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_checker_says_which_extra_is_missing():
    code = "import sys; sys.modules['jax'] = None; import handgrad.testing"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert 'handgrad.testing needs jax: pip install "handgrad[testing]"' in found.stderr
