"""What holds for every recurrent layer."""

import re
from functools import partial

import hypothesis.strategies as st
import jax
import numpy as np
import pytest
from hypothesis import given

from handgrad import Gru, Lstm, Rnn, vjp
from handgrad.testing.subject import name_of
from tests.drawn import masks, numbers
from tests.recurrence import assert_close, assert_same, signed

N, T, D, H = 2, 4, 3, 5
X, MASK = numbers((N, T, D), size=2.0), masks((N, T))
POISON = st.sampled_from([np.nan, np.inf, -np.inf, 1e300])
STATES = {"Rnn": 1, "Lstm": 2, "Gru": 1}
PARTS = {"Rnn": 1, "Lstm": 4, "Gru": 3}

each_layer = pytest.mark.parametrize(
    "make", [Rnn, Lstm, Gru, partial(Gru, reset="after")], ids=["Rnn", "Lstm", "Gru", "Gru reset after"]
)


def params(make):
    columns = PARTS[name_of(make)] * H
    return signed(D, columns), signed(H, columns) / 2, signed(columns)


def layer(make):
    return make(*params(make))


def states(make, *leading):
    return [signed(*leading, H, start=7 * each) for each in range(STATES[name_of(make)])]


def douts(make, *leading, steps=T):
    return signed(*leading, steps, H, start=1), *(-each for each in states(make, *leading))


def run(make, x, *first, dout=None, mask=None):
    """Give the outputs, and the gradients."""
    out, pullback = vjp(layer(make), x, *first, mask=mask)
    return [*out], [*pullback(douts(make, *x.shape[:-2], steps=x.shape[-2]) if dout is None else dout)]


def in_pieces(make, x, *first, ends, mask):
    """Do the same piece by piece: each starts with the last states of the one before."""
    pieces, state, found = [slice(*each) for each in zip([0, *ends], [*ends, T], strict=True)], first, []
    for piece in pieces:
        (hs, *state), pullback = vjp(layer(make), x[:, piece], *state, mask=mask[:, piece])
        found.append((hs, pullback))
    dhs, *dstate = douts(make, *x.shape[:-2])
    dxs, dparams = [], []
    for piece, (_, pullback) in zip(reversed(pieces), reversed(found), strict=True):
        dx, *grads = pullback((dhs[:, piece], *dstate))
        dstate = grads[: len(state)]
        dxs.insert(0, dx)
        dparams.append(grads[len(state) :])
    sums = [sum(each) for each in zip(*dparams, strict=True)]
    return [np.concatenate([hs for hs, _ in found], 1), *state], [np.concatenate(dxs, 1), *dstate, *sums]


# Steps


@each_layer
@given(X, MASK)
def test_all_steps_at_once_are_one_step_after_the_other(make, x, mask):
    whole = run(make, x, *states(make, N), mask=mask)
    assert_close(in_pieces(make, x, *states(make, N), ends=[1, 2, 3], mask=mask), whole)


@each_layer
@given(X, MASK, st.integers(0, T))
def test_a_sequence_may_be_cut_if_the_states_are_handed_on(make, x, mask, end):
    whole = run(make, x, *states(make, N), mask=mask)
    assert_close(in_pieces(make, x, *states(make, N), ends=[end], mask=mask), whole)


@each_layer
def test_a_step_does_not_hear_of_later_ones(make):
    x, later = signed(T, D), signed(T, D)
    later[2:] += 1
    (hs, *_), (dx, *_) = run(make, x, dout=[np.eye(T)[:, 1:2] * np.ones(H)])
    (same, *_), _ = run(make, later)
    assert np.array_equal(hs[:2], same[:2])
    assert dx[:2].any(axis=-1).all()
    assert not dx[2:].any()


@each_layer
def test_the_last_state_is_the_last_that_is_shown(make):
    hs, h, *_ = layer(make).forward(signed(N, T, D))
    assert np.array_equal(hs[:, -1], h)


@each_layer
def test_upstream_gradients_of_last_states_that_are_left_out_are_0(make):
    x, (dhs, *dlast) = signed(N, T, D), douts(make, N)
    zeros = [np.zeros_like(each) for each in dlast]
    assert_same(run(make, x, dout=(dhs,)), run(make, x, dout=(dhs, *zeros)))


# Masks


@each_layer
@given(numbers((T, D), size=2.0), masks(T))
def test_hidden_steps_are_as_good_as_left_out(make, x, mask):
    dhs, *dlast = douts(make)
    (hs, *last), (dx, *grads) = run(make, x, *states(make), dout=(dhs, *dlast), mask=mask)
    want = run(make, x[mask], *states(make), dout=(dhs[mask], *dlast))
    assert_close([hs[mask], last, dx[mask], grads], want)
    assert not hs[~mask].any()
    assert not dx[~mask].any()


@each_layer
@given(X, MASK, POISON)
def test_hidden_steps_are_inert_whatever_they_hold(make, x, mask, poison):
    dhs, *dlast = douts(make, N)
    want = run(make, x, *states(make, N), dout=(dhs, *dlast), mask=mask)
    x, dhs = x.copy(), dhs.copy()
    x[~mask], dhs[~mask] = poison, poison
    assert_same(run(make, x, *states(make, N), dout=(dhs, *dlast), mask=mask), want)


@each_layer
@pytest.mark.parametrize("held", [1.0, np.nan, np.inf])
def test_where_nothing_counts_first_states_and_their_gradients_pass_as_they_are(make, held):
    first = [held * each for each in states(make, N)]
    found = run(make, np.full((N, T, D), held), *first, mask=np.zeros((N, T), bool))
    _, *dlast = douts(make, N)
    dparams = [np.zeros_like(each) for each in params(make)]
    assert_same(found, [np.zeros((N, T, H)), first, np.zeros((N, T, D)), dlast, dparams])


@each_layer
def test_nan_stays_in_its_sequence_and_behind_its_step(make):
    x = signed(N, T, D)
    want, *_ = layer(make).forward(x)
    x[0, 2, 0] = np.nan
    hs, *_ = layer(make).forward(x)
    assert np.isnan(hs[0, 2:]).all()
    hs[0, 2:] = want[0, 2:]
    assert np.array_equal(hs, want)


# Shapes


@each_layer
def test_there_may_be_no_steps(make):
    x, first, (dhs, *dlast) = np.zeros((N, 0, D)), states(make, N), douts(make, N, steps=0)
    assert_same(run(make, x, *first), [dhs, first, x, dlast, [np.zeros_like(each) for each in params(make)]])


@each_layer
@pytest.mark.parametrize("leading", [(), (1,), (2, 3), (0,)])
def test_leading_axes_may_be_any(make, leading):
    x, first = signed(*leading, T, D), states(make, *leading)
    found = run(make, x, *first)
    flat = [each.reshape(-1, *each.shape[len(leading) :]) for each in (x, *first, *douts(make, *leading))]
    want = run(make, *flat[: 1 + len(first)], dout=flat[1 + len(first) :])
    assert_close(found, jax.tree.map(lambda each, got: each.reshape(got.shape), want, found))


@each_layer
def test_first_states_are_0_unless_they_are_given(make):
    x, zeros = signed(N, T, D), [np.zeros((N, H))] * STATES[name_of(make)]
    out, (dx, *grads) = run(make, x, *zeros)
    assert_same(run(make, x), [out, dx, grads[len(zeros) :]])


@each_layer
def test_first_states_that_are_broadcast_hear_from_all_sequences(make):
    x, first = signed(N, T, D), states(make)
    out, (dx, *grads) = run(make, x, *(np.stack([each] * N) for each in first))
    copies, dparams = grads[: len(first)], grads[len(first) :]
    assert_close(run(make, x, *first), [out, dx, [each.sum(axis=0) for each in copies], dparams])


@each_layer
def test_first_states_of_some_axes_hear_from_all_others(make):
    x, first = signed(2, 3, T, D), states(make, 3)
    out, (dx, *grads) = run(make, x, *(np.stack([each] * 2) for each in first))
    copies, dparams = grads[: len(first)], grads[len(first) :]
    assert_close(run(make, x, *first), [out, dx, [each.sum(axis=0) for each in copies], dparams])


# Dtypes


@each_layer
def test_float16_is_rounded_once(make):
    arrays = [signed(N, T, D), *states(make, N)]
    halves = [each.astype(np.float16) for each in arrays]
    some = make(*(each.astype(np.float16) for each in params(make)))
    exact = make(*(each.astype(np.float16).astype(np.float64) for each in params(make)))
    out, pullback = vjp(some, *halves)
    want, exact_pullback = vjp(exact, *(each.astype(np.float64) for each in halves))
    half = np.finfo(np.float16)
    for got, wanted in zip([*out, *pullback(out)], [*want, *exact_pullback(out)], strict=True):
        assert got.dtype == np.float16
        np.testing.assert_allclose(got, wanted, rtol=0.51 * half.eps, atol=2e-6)


@each_layer
def test_dtypes_that_mix_are_promoted_and_each_gradient_keeps_its_own(make):
    some = make(*(each.astype(np.float32) for each in params(make)))
    first = [each.astype(np.float16) for each in states(make, N)]
    out, pullback = vjp(some, signed(N, T, D).astype(np.float16), *first)
    assert {each.dtype for each in out} == {np.dtype(np.float32)}
    dtypes = [each.dtype for each in pullback(douts(make, N))]
    assert dtypes == [np.float16] * (1 + len(first)) + [np.float32] * 3
    assert some.forward(np.ones((T, D), np.float32), *[0.5] * len(first))[0].dtype == np.float32


@each_layer
def test_a_narrow_dout_does_not_make_the_way_back_narrow(make):
    x, (dhs, *dlast) = signed(N, T, D), (each.astype(np.float32) for each in douts(make, N))
    wide = [each.astype(np.float64) for each in (dhs, *dlast)]
    assert_same(run(make, x, dout=(dhs, *dlast)), run(make, x, dout=wide))
    assert_same(run(make, x, dout=(dhs, *wide[1:])), run(make, x, dout=wide))


# Errors


def raises(make, message, error=ValueError):
    """Expect an error that says exactly this."""
    return pytest.raises(error, match=f"^{re.escape(name_of(make) + message)}$")


@each_layer
@pytest.mark.parametrize("shape", [(D,), (T, 2), ()])
def test_sequences_that_do_not_fit_are_named_with_both_shapes(make, shape):
    because = f"because Wx.shape is {(D, PARTS[name_of(make)] * H)}"
    with raises(make, f".forward: x.shape is {shape}; expected (..., T, 3), {because}"):
        layer(make).forward(np.ones(shape))


@each_layer
def test_states_and_masks_that_do_not_fit_are_named_with_both_shapes(make):
    x, made = np.ones((N, T, D)), layer(make)
    because = f"because x.shape is (2, 4, 3) and Wh.shape is {(H, PARTS[name_of(make)] * H)}"
    for place, name in enumerate(["h0", "c0"][: STATES[name_of(make)]]):
        first = [np.ones((3, H)) if place == each else 0.0 for each in range(STATES[name_of(make)])]
        expected = "expected (2, 5) or one that broadcasts to it"
        with raises(make, f".forward: {name}.shape is (3, 5); {expected}, {because}"):
            made.forward(x, *first)
    with raises(make, ".forward: mask.shape is (4,); expected (2, 4), because the batch has the shape (2, 4, 3)"):
        made.forward(x, mask=np.ones(T, bool))
    with pytest.raises(TypeError, match=r"mask\.dtype is float64; expected bool"):
        made.forward(x, mask=np.ones((N, T)))


@each_layer
def test_params_that_do_not_fit_are_named_with_both_shapes(make):
    k = PARTS[name_of(make)]
    columns = f"{k} H" if k > 1 else "H"
    because = f"because Wh.shape is {(2, 2 * k)}"
    with raises(make, f": Wh.shape is (2, 3); expected (H, {columns}), because it maps a state of H numbers"):
        make(np.ones((1, 3)), np.ones((2, 3)), np.ones(3))
    with raises(make, f": Wh.shape is (2,); expected (H, {columns}), because it maps a state of H numbers"):
        make(np.ones((1, 2)), np.ones(2), np.ones(2))
    with raises(make, f": Wx.shape is (2, 3); expected (D, {2 * k}), {because}"):
        make(np.ones((2, 3)), np.ones((2, 2 * k)), np.ones(2 * k))
    with raises(make, f": b.shape is (1,); expected {(2 * k,)}, {because}"):
        make(np.ones((2, 2 * k)), np.ones((2, 2 * k)), np.ones(1))


@each_layer
def test_what_does_not_fit_is_found_before_anything_changes(make):
    made, x = layer(make), signed(N, T, D)
    made.forward(x)
    want = made.backward(*douts(make, N))
    made.Wh = np.ones((3, 3))
    with pytest.raises(ValueError, match=r"Wh\.shape is \(3, 3\)|Wx\.shape is \(3, "):
        made.forward(2 * x)
    assert_same(made.backward(*douts(make, N)), want)
