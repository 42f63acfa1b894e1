"""The script at the end of a page: Python that shows a failure again."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jax
import numpy as np

from handgrad.testing.found import Failure
from handgrad.testing.page.script.calls import calls_of
from handgrad.testing.page.script.definitions import Definitions
from handgrad.testing.page.script.literals import assignment
from handgrad.testing.page.script.names import names_of
from handgrad.testing.page.script.tails import TAILS

IMPORTS = ["import jax", "import numpy as np", "from numpy import inf, nan"]
MODULES = {"jax": jax, "np": np, "inf": np.inf, "nan": np.nan}


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
    names = [*trial.inputs, *trial.options]

    def tail(make: str, reference: str, variables: Mapping[str, str]) -> list[str]:
        return show(trial, calls_of(trial, make, reference, variables))

    # what is left for the definitions and for the arguments is found by writing it without them
    without = tail("make", "reference", {name: f"argument_{name}" for name in names})
    own = names_of("\n".join([*IMPORTS, *without])) - {"make", "reference"}
    definitions = Definitions(dict.fromkeys(own, "a variable of the script") | MODULES)
    make = definitions.define(trial.subject.make, "make")
    reference = definitions.define(trial.oracle.reference, "reference")
    options = {name: definitions.write(option, f"the_{name}") for name, option in trial.options.items()}
    used = names_of("\n".join([*definitions.imports, *definitions.lines]))
    variables = {name: definitions.free(name, used) for name in names}
    text = "\n".join(
        [
            *IMPORTS,
            *definitions.imports,
            "",
            'jax.config.update("jax_enable_x64", True)',
            "np.set_printoptions(precision=17)",
            *definitions.lines,
            "",
            *(line for name, array in trial.inputs.items() for line in assignment(variables[name], array)),
            *(f"{variables[name]} = {option}" for name, option in options.items()),
            *assignment("dout", trial.dout),
            "",
            *tail(make, reference, variables),
        ]
    )
    return Script(re.sub(r"\n{3,}", "\n\n", text), definitions.lacks)
