"""The script at the end of a page: Python that shows a failure again."""

import re

import jax
import numpy as np

from handgrad.testing.script.calls import calls_of
from handgrad.testing.script.definitions import Definitions
from handgrad.testing.script.literals import assignment
from handgrad.testing.script.tails import TAILS
from handgrad.testing.search import Failure
from handgrad.testing.trial import Trial

MODULES = {"jax": jax, "np": np, "inf": np.inf, "nan": np.nan}
VARIABLES = ("layer", "out", "pullback", "expected", "dout")


def script(failure: Failure) -> str:
    """Write Python that runs a layer on the example of a failure, and prints what is wrong."""
    trial, show = failure.trial, TAILS[failure.property]
    variables = dict.fromkeys([*VARIABLES, *trial.inputs, *trial.options], "a variable of the script")
    definitions = Definitions(MODULES | variables)
    make = definitions.define(trial.subject.make, "make")
    reference = definitions.define(trial.oracle.reference, "reference")
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
            *_arguments(trial),
            "",
            *show(trial, calls_of(trial, make, reference)),
        ]
    )
    return re.sub(r"\n{3,}", "\n\n", text)


def _arguments(trial: Trial) -> list[str]:
    return [
        *(line for name, array in trial.inputs.items() for line in assignment(name, array)),
        *(f"{name} = {option!r}" for name, option in trial.options.items()),
        *assignment("dout", trial.dout),
    ]
