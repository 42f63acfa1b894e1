import re
from pathlib import Path

import pytest

import handgrad

ROOT = Path(handgrad.__file__).parents[1]
README = (ROOT / "README.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


def test_the_readme_has_examples():
    assert len(EXAMPLES) >= 2


@pytest.mark.parametrize("code", EXAMPLES)
def test_examples_of_the_readme_run_and_print_what_it_says(code, capsys):
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    printed = capsys.readouterr().out.split()
    promised = " ".join(re.findall(r"# -> (.*)", code)).split()
    assert printed == promised


def test_setup_commands_come_first():
    first = re.search(r"```sh\n(.*?)```", README, flags=re.DOTALL).group(1)
    lines = first.strip().splitlines()
    assert len(lines) == 2
    assert lines[0].endswith("python -m reference")
    assert "pytest" in lines[1]
    assert all(line.startswith("python3 -m venv .venv && ") for line in lines)
