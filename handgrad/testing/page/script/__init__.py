"""The script at the end of a page: Python that shows a failure again."""

import ast
import builtins
import re

import jax
import numpy as np

from handgrad.testing.found import Failure
from handgrad.testing.outputs import variable
from handgrad.testing.page.script.definitions import Definitions
from handgrad.testing.page.script.literals import assignment
from handgrad.testing.page.script.tails import tails

MODULES = {"jax": jax, "np": np, "inf": np.inf, "nan": np.nan}


def script(failure: Failure) -> str:
    """Write Python that runs a layer on the example of a failure, and prints what is wrong."""
    trial = failure.trial
    variables = {name: f"argument_{variable(name)}" for name in [*trial.inputs, *trial.options]}
    # what is left for the definitions and for the arguments is found by writing it without them
    without = ast.parse(tails(trial, "make", "reference", variables)[failure.property])
    own = {each.id for each in ast.walk(without) if isinstance(each, ast.Name)} - {"make", "reference"}
    definitions = Definitions(dict.fromkeys(own, "a variable of the script") | vars(builtins) | MODULES)
    make = definitions.define(trial.subject.make, "make")
    reference = definitions.define(trial.oracle.reference, "reference")
    options = {name: definitions.define(option, f"the_{variable(name)}") for name, option in trial.options.items()}
    for name in variables:
        variables[name] = definitions.free(variable(name), *variables.values())
    lines = [
        "import jax\nimport numpy as np\nfrom numpy import inf, nan",
        *definitions.imports,
        "",
        'jax.config.update("jax_enable_x64", True)\nnp.set_printoptions(precision=17)',
        *definitions.lines,
        "",
        *(line for name, array in trial.inputs.items() for line in assignment(variables[name], array)),
        *(f"{variables[name]} = {option}" for name, option in options.items()),
        *(line for name, array in trial.douts.items() for line in assignment(variable(name), array)),
        "",
        tails(trial, make, reference, variables)[failure.property],
    ]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))
