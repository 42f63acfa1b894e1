import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import handgrad

ROOT = Path(handgrad.__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```)?", README, flags=re.DOTALL)
NUMBER = re.compile(r"\d+(\.\d*)?(e[+-]?\d+)?")


def test_the_readme_has_examples():
    assert len(BLOCKS) >= 3
    assert sum(bool(output) for _, output in BLOCKS) == 1


@pytest.mark.parametrize(("code", "output"), BLOCKS)
def test_examples_of_the_readme_run_and_print_what_it_says(code, output, tmp_path):
    script = tmp_path / "example.py"
    script.write_text(code)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    run = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, check=True)
    promised = output or "\n".join(re.findall(r"# -> (.*)", code))
    # releases of Hypothesis draw other examples; the words stay
    mask = NUMBER if output else re.compile("(?!)")
    assert mask.sub("#", run.stdout).split() == mask.sub("#", promised).split()


def test_setup_commands_come_first():
    first = re.search(r"```sh\n(.*?)```", README, flags=re.DOTALL).group(1)
    lines = first.strip().splitlines()
    assert len(lines) == 2
    assert lines[0].endswith("python -m reference")
    assert "pytest" in lines[1]
    assert all(line.startswith("python3 -m venv .venv && ") for line in lines)
