"""The normal distribution's Φ and φ, which NumPy does not have: how far they are from mpmath's, beside JAX's."""

from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import mpmath
import numpy as np

from handgrad.normal import normal
from reference.comparisons.answers import Truth
from reference.comparisons.pages.markdown import brief, table
from reference.comparisons.ulps import Floats, ulps

FLOAT64 = np.dtype(np.float64)
LOWEST, HIGHEST, NUMBER = -37.5, 9.0, 4651  # Φ is a normal number from LOWEST on, and beyond HIGHEST it is 1

SAID = f"""\
NumPy has no Φ, so handgrad has one of its own. At {NUMBER:,} numbers from {LOWEST:g} to {HIGHEST:g}, in float64,
beside mpmath with 40 digits:"""

CDF: dict[str, Callable[[Floats], Any]] = {
    "handgrad": lambda x: normal(x)[0],
    "`erfc(-x * jnp.sqrt(0.5)) / 2`": lambda x: jax.lax.erfc(-x * jnp.sqrt(0.5)) / 2,
    "`jax.scipy.stats.norm.cdf(x)`": jax.scipy.stats.norm.cdf,
    "`(1 + erf(x * jnp.sqrt(0.5))) / 2`": lambda x: (1 + jax.lax.erf(x * jnp.sqrt(0.5))) / 2,
}
PDF: dict[str, Callable[[Floats], Any]] = {
    "handgrad": lambda x: normal(x)[1],
    "`jax.scipy.stats.norm.pdf(x)`": jax.scipy.stats.norm.pdf,
}


def special_function(layer: str) -> str:
    """Say how exact the special function is that a layer is made of, if it is."""
    return beside_mpmath() if layer == "Gelu" else ""


@cache
def beside_mpmath() -> str:
    """Set the worst errors of Φ and φ beside those of other spellings."""
    x = np.linspace(LOWEST, HIGHEST, NUMBER)
    with mpmath.workdps(40):
        functions = {
            "Φ": (CDF, truth([mpmath.erfc(-number / mpmath.sqrt(2)) / 2 for number in map(mpmath.mpf, x)])),
            "φ": (PDF, truth([mpmath.npdf(number) for number in map(mpmath.mpf, x)])),
        }
    rows = [
        [name, spelled, *_worst(compute, x, exact)]
        for name, (spellings, exact) in functions.items()
        for spelled, compute in spellings.items()
    ]
    return f"{SAID}\n\n{table(['function', 'spelled', 'worst error, in ulps', 'at x', 'on average'], rows)}"


def truth(numbers: list[Any]) -> Truth:
    """Split exact numbers into what float64 has of them, and the rest."""
    value = np.array([float(number) for number in numbers])
    rest = np.array([float(number - each) for number, each in zip(numbers, value.tolist(), strict=True)])
    return Truth(value, rest, np.zeros_like(value))


def _worst(compute: Callable[[Floats], Any], x: Floats, exact: Truth) -> tuple[str, str, str]:
    with jax.enable_x64(True):
        got = np.asarray(compute(x))
    errors = ulps(got, exact, exact.value, FLOAT64)
    return brief(float(errors.max())), f"{x[errors.argmax()]:.6g}", brief(float(errors.mean()))
