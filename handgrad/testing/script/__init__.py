"""The script at the end of a page: Python that shows a failure again."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import jax
import numpy as np

from handgrad.testing.script.calls import calls_of
from handgrad.testing.script.definitions import Definitions
from handgrad.testing.script.literals import assignment
from handgrad.testing.script.tails import TAILS
from handgrad.testing.search import Failure

MODULES = {"jax": jax, "np": np, "inf": np.inf, "nan": np.nan}
VARIABLES = ("layer", "out", "pullback", "expected", "dout")


@dataclass(frozen=True)
class Script:
    """Python that shows a failure again.

    Parameters
    ----------
    text
        It, to be pasted.
    lacks
        What it cannot do by itself, a sentence each.
    """

    text: str
    lacks: Sequence[str]


def script(failure: Failure) -> Script:
    """Write Python that runs a layer on the example of a failure, and prints what is wrong."""
    trial, show = failure.trial, TAILS[failure.property]
    variables = dict.fromkeys([*VARIABLES, *trial.inputs, *trial.options], "a variable of the script")
    definitions = Definitions(MODULES | variables)
    make = definitions.define(trial.subject.make, "make")
    reference = definitions.define(trial.oracle.reference, "reference")
    arguments = [
        *(line for name, array in trial.inputs.items() for line in assignment(name, array)),
        *(f"{name} = {definitions.write(option, f'the_{name}')}" for name, option in trial.options.items()),
        *assignment("dout", trial.dout),
    ]
    text = "\n".join(
        [
            "import jax",
            "import numpy as np",
            "from numpy import inf, nan",
            *definitions.imports,
            "",
            'jax.config.update("jax_enable_x64", True)',
            "np.set_printoptions(precision=17)",
            *definitions.lines,
            "",
            *arguments,
            "",
            *show(trial, calls_of(trial, make, reference)),
        ]
    )
    return Script(re.sub(r"\n{3,}", "\n\n", text), definitions.lacks)
