"""The theorem: what a layer computes by hand is what JAX makes of its twin, for every input and every dout.

A layer's value and gradients are those of `jax.vjp`; a loss's gradients are those of `jax.grad`; and by the chain
rule so are those of layers behind one another that end in a loss. JAX computes in float64 on exactly the numbers
that the layers got, in a few lines that are the test's own. Equal means: no further away than rounding explains,
which the checker's oracle measures on the twin (`entitled`).
"""

from dataclasses import dataclass
from functools import cache, partial
from inspect import signature

import hypothesis.strategies as st
import jax
import numpy as np
import pytest
from hypothesis import assume, given, settings

import handgrad
from handgrad.layer import in_order
from handgrad.testing.dtypes import all_in_float64
from handgrad.testing.inputs import Argument, arrays, labels, masks
from handgrad.testing.inputs.axes import parse
from handgrad.testing.inputs.values import booleans, real_numbers, small_integers, together
from handgrad.testing.oracle import Exact, Oracle
from handgrad.testing.oracle.agreement import LIMIT, overflows, units
from handgrad.testing.oracle.compiling import compile_fast
from handgrad.testing.subject import Subject, as_passed, call_by_name, taken_by
from reference.activations import relu
from reference.affine import affine
from reference.cases import CASES
from reference.losses import identity_with_loss, softmax_with_loss
from tests.layers import EXAMPLES

FLOAT64 = np.dtype(np.float64)
DTYPES = st.sampled_from([FLOAT64, np.dtype(np.float32)])
WEIGHTS = st.sampled_from([1.0, -3.0])  # of a loss among others, which is its dout


def defaults_of(function):
    return [each.default for each in signature(function).parameters.values()]


BY_NAME = {case.name: case for case in CASES}
LOSSES = [case for case in CASES if 1 in defaults_of(case.layer.backward) and EXAMPLES[case.name].dout.shape == ()]

oracle_of = cache(Oracle)


@cache
def inputs_of(name, dtype):
    return BY_NAME[name].inputs.strategy(dtype)


@cache
def douts_of(shape, dtype):
    return real_numbers(shape, dtype).strategy()


def each(cases):
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.name)


@each(CASES)
@given(data=st.data(), dtype=DTYPES)
def test_value_and_gradients_equal_jax_vjp(case, data, dtype):
    inputs = data.draw(inputs_of(case.name, dtype))
    shapes = oracle_of(case.twin).outputs(inputs).shapes
    douts = [data.draw(douts_of(shape, dtype)) for shape in shapes]

    out, pullback = by_hand(case, inputs)
    grads, outs = pullback(as_output(douts, out)), in_order(out)

    wrt, (arrays, options) = tuple(grads), split(inputs)
    jax_outs, jax_grads = jax_vjp(case.twin, wrt, options)(arrays, [dout.astype(np.float64) for dout in douts])

    entitled = [exact.entitled for exact in oracle_of(case.twin)(inputs, douts, wrt).values()]
    assert_equal(outs, jax_outs, entitled[: len(outs)], dtype)
    if not any(overflows(Exact(np.asarray(each), np.zeros(())), dtype) for each in jax_outs):
        assert_equal(grads.values(), jax_grads, entitled[len(outs) :], dtype)


@each(LOSSES)
@given(data=st.data(), dtype=DTYPES, weight=WEIGHTS)
def test_backward_of_a_loss_equals_jax_grad(case, data, dtype, weight):
    inputs = data.draw(inputs_of(case.name, dtype))
    run = Subject(case.layer, list(inputs)).build(inputs)
    run.forward(inputs)
    dinputs = in_order(run.layer.backward() if weight == 1 else run.layer.backward(weight))
    dparams = {name: getattr(run.layer, f"d{name}") for name in run.params()}
    grads = dict(zip(run.names, dinputs, strict=False)) | dparams

    assert_equal_jax_grad(grads, case.twin, inputs, weight, dtype)


# in float64 alone: what overflows float32 on the way is inf to the layers, and 0 · inf where the loss masks it
@each([case for case in CASES if case not in LOSSES])
@settings(max_examples=settings.default.max_examples // 4)
@given(data=st.data(), weight=WEIGHTS)
def test_a_layer_before_a_loss_equals_jax_grad(case, data, weight):
    inputs = data.draw(inputs_at_some_shapes(case.name))
    shapes = oracle_of(case.twin).outputs(inputs).shapes
    assume(all(shapes))  # the loss needs an axis
    targets = [data.draw(targets_of(shape)) for shape in shapes]

    out, to_inputs = by_hand(case, inputs)
    douts = [dout_of_a_loss(each, *target, weight) for each, target in zip(in_order(out), targets, strict=True)]
    grads = to_inputs(as_output(douts, out))

    of_losses = {f"loss_{i}_{j}": each for i, target in enumerate(targets) for j, each in enumerate(target)}
    assert_equal_jax_grad(grads, before_losses(case.twin, len(targets)), inputs | of_losses, weight, FLOAT64)


def dout_of_a_loss(out, t, mask, weight):
    (dout,) = handgrad.vjp(handgrad.IdentityWithLoss(), out, t, mask)[1](weight)
    return dout


@cache
def inputs_at_some_shapes(name):
    inputs = BY_NAME[name].inputs
    # JAX compiles two programs for each shape: four from the middle will do, where axes are alike or of many lengths
    pool = inputs.pool()
    both = [
        st.tuples(inputs.of_sizes(sizes, FLOAT64).strategy(), inputs.others(sizes, FLOAT64))
        for sizes in pool[3:7] or pool
    ]
    return st.one_of(both).map(lambda drawn: inputs.in_order(drawn[0] | drawn[1]))


@cache
def targets_of(shape):
    both = together({"t": real_numbers(shape, FLOAT64), "mask": booleans(shape[:-1])})
    return both.strategy().map(lambda drawn: (drawn["t"], drawn["mask"]))


@cache
def before_losses(twin, number):
    """Make a function of the inputs, and of a target and a mask for each output: the losses of all, added up."""

    def loss(**arguments):
        targets = [[arguments.pop(f"loss_{i}_{j}") for j in range(2)] for i in range(number)]
        outs = in_order(call_by_name(twin, arguments))
        return sum(identity_with_loss(out, *target) for out, target in zip(outs, targets, strict=True))

    return loss


def whole(axes):
    return Argument(parse(axes), lambda shape, dtype, _: small_integers(shape, dtype))


HIDDEN = {"x": whole("... D"), "W1": whole("D H"), "b1": whole("H")}
NETWORK = arrays(**HIDDEN, W2="H C", b2="C", t=labels("...", classes="C"), mask=masks("...", of="x t"))
network_inputs = cache(NETWORK.strategy)


def network(x, W1, b1, W2, b2, t, mask):
    return softmax_with_loss(affine(relu(affine(x, W1, b1)), W2, b2), t, mask)


@given(data=st.data(), dtype=DTYPES, weight=WEIGHTS)
def test_the_books_two_layer_network_equals_jax_grad(data, dtype, weight):
    inputs = data.draw(network_inputs(dtype))
    # sums of products of whole numbers are exact, and with halves never 0: rounding decides nothing at the kink
    inputs["b1"] = inputs["b1"] + dtype.type(0.5)
    x, W1, b1, W2, b2, t, mask = inputs.values()

    hidden, to_affine1 = handgrad.vjp(handgrad.Affine(W1, b1), x)
    active, to_hidden = handgrad.vjp(handgrad.Relu(), hidden)
    scores, to_affine2 = handgrad.vjp(handgrad.Affine(W2, b2), active)
    _, to_scores = handgrad.vjp(handgrad.SoftmaxWithLoss(), scores, t, mask)
    dactive, dW2, db2 = to_affine2(*to_scores(weight))
    dx, dW1, db1 = to_affine1(*to_hidden(dactive))

    assert_equal_jax_grad({"x": dx, "W1": dW1, "b1": db1, "W2": dW2, "b2": db2}, network, inputs, weight, dtype)


def as_output(douts, out):
    """Give upstream gradients as the outputs are: in a tuple, or the only one."""
    return tuple(douts) if isinstance(out, tuple) else douts[0]


def by_hand(case, inputs):
    """Run a layer, and give its output and a pullback to the gradients by the names of what they are gradients of."""
    subject = Subject(case.layer, list(inputs))
    layer = subject.construct(inputs)
    names, params = taken_by(layer.forward, subject.forward_names), getattr(layer, "params", ())
    by_place, by_name = as_passed(layer.forward, {name: inputs[name] for name in names})
    out, pullback = handgrad.vjp(layer, *by_place, **by_name)

    def to_inputs(dout):
        grads = pullback(dout)
        return dict(zip((*names[: len(grads) - len(params)], *params), grads, strict=True))

    return out, to_inputs


@cache
def jax_vjp(twin, wrt, options):
    @partial(jax.jit, compiler_options=compile_fast())
    def value_and_gradients(inputs, douts):
        out, pullback = jax.vjp(function_of(wrt, twin, inputs, options), *(inputs[name] for name in wrt))
        return in_order(out), pullback(as_output(douts, out))

    return value_and_gradients


@cache
def jax_grad(twin, wrt, options):
    @partial(jax.jit, compiler_options=compile_fast())
    def gradients(inputs, weight):
        loss = function_of(wrt, twin, inputs, options)
        weighted = jax.grad(lambda *args: weight * loss(*args), argnums=range(len(wrt)))
        return weighted(*(inputs[name] for name in wrt))

    return gradients


def function_of(wrt, twin, inputs, options):
    rest = {name: each for name, each in inputs.items() if name not in wrt}
    return lambda *args: call_by_name(twin, dict(zip(wrt, args, strict=True)) | rest | options.chosen)


@dataclass(frozen=True)
class Options:
    """What is no array, such as an axis, and is compiled in. It need not be hashable."""

    chosen: dict

    def __hash__(self):
        return hash(repr(self.chosen))


def split(inputs):
    arrays = {name: each for name, each in inputs.items() if isinstance(each, np.ndarray)}
    return all_in_float64(arrays), Options({name: each for name, each in inputs.items() if name not in arrays})


def assert_equal_jax_grad(grads, twin, inputs, weight, dtype):
    wrt, (arrays, options) = tuple(grads), split(inputs)
    out, *exact = oracle_of(twin)(inputs, np.asarray(weight, dtype), wrt).values()
    if not overflows(out, dtype):
        jax_grads = jax_grad(twin, wrt, options)(arrays, weight)
        assert_equal(grads.values(), jax_grads, [each.entitled for each in exact], dtype)


def assert_equal(got, want, entitled, dtype):
    for one, other, error in zip(got, want, entitled, strict=True):
        assert np.shape(one) == np.shape(other)
        assert np.all(units(np.asarray(one), Exact(np.asarray(other), error), dtype) <= LIMIT)
