"""The theorem: for every input and every dout, a layer's value and gradients are those of `jax.vjp` of its twin.

JAX computes in float64 on exactly the numbers that the layer got, in a few lines that are the test's own. Equal
means: no further away than rounding explains, which the checker's oracle measures on the twin (`entitled`).
"""

import inspect
from functools import cache, partial

import hypothesis.strategies as st
import jax
import numpy as np
import pytest
from hypothesis import given

import handgrad
from handgrad.testing.dtypes import all_in_float64
from handgrad.testing.inputs.values import real_numbers
from handgrad.testing.oracle import Exact, Oracle
from handgrad.testing.oracle.agreement import LIMIT, overflows, units
from handgrad.testing.oracle.compiling import compile_fast
from reference.cases import CASES

DTYPES = st.sampled_from([np.dtype(np.float64), np.dtype(np.float32)])

oracle_of = cache(Oracle)


@cache
def inputs_of(name, dtype):
    (case,) = (case for case in CASES if case.name == name)
    return case.inputs.strategy(dtype)


@cache
def douts_of(shape, dtype):
    return real_numbers(shape, dtype).strategy()


each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@each_case
@given(data=st.data(), dtype=DTYPES)
def test_value_and_gradients_equal_jax_vjp(case, data, dtype):
    inputs = data.draw(inputs_of(case.name, dtype))
    dout = data.draw(douts_of(oracle_of(case.twin).out_shape(inputs), dtype))
    made_of, forward_inputs = split(case, inputs)
    params = [name for name, each in made_of.items() if isinstance(each, np.ndarray)]

    out, pullback = handgrad.vjp(case.layer(**made_of), **forward_inputs)
    grads = pullback(dout)

    wrt = (*list(forward_inputs)[: len(grads) - len(params)], *params)
    arrays = {name: each for name, each in inputs.items() if isinstance(each, np.ndarray)}
    options = tuple((name, each) for name, each in inputs.items() if name not in arrays)
    jax_out, jax_grads = jax_vjp(case.twin, wrt, options)(all_in_float64(arrays), dout.astype(np.float64))

    entitled = [exact.entitled for exact in oracle_of(case.twin)(inputs, dout, wrt).values()]
    assert_equal([out], [jax_out], entitled[:1], dtype)
    if not overflows(Exact(np.asarray(jax_out), entitled[0]), dtype):
        assert_equal(grads, jax_grads, entitled[1:], dtype)


@cache
def jax_vjp(twin, wrt, options):
    @partial(jax.jit, compiler_options=compile_fast())
    def value_and_gradients(inputs, dout):
        rest = {name: array for name, array in inputs.items() if name not in wrt}
        out, pullback = jax.vjp(
            lambda *args: twin(**rest, **dict(options), **dict(zip(wrt, args, strict=True))),
            *(inputs[name] for name in wrt),
        )
        return out, pullback(dout)

    return value_and_gradients


def split(case, inputs):
    """Tell what a layer is made of, params and options, from what its forward takes."""
    made_of = {name: each for name, each in inputs.items() if name in inspect.signature(case.layer).parameters}
    return made_of, {name: each for name, each in inputs.items() if name not in made_of}


def assert_equal(got, want, entitled, dtype):
    for one, other, error in zip(got, want, entitled, strict=True):
        assert np.shape(one) == np.shape(other)
        assert np.all(units(np.asarray(one), Exact(np.asarray(other), error), dtype) <= LIMIT)
