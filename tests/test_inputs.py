import hypothesis
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import handgrad
from handgrad.testing import arrays, check_layer, labels, masks, one_hot, probabilities, reals
from handgrad.testing.inputs.axes import parse, shape_of
from handgrad.testing.inputs.drawing import Settings
from handgrad.testing.inputs.shapes import pool
from handgrad.testing.oracle import Oracle
from handgrad.testing.search import Search
from handgrad.testing.subject import Subject

AXES = parse("... D M")
SHAPES = [(sizes["..."], *sizes["D"], *sizes["M"]) for sizes in pool(AXES)]


@pytest.mark.parametrize(
    "reached",
    [
        lambda leading, D, M: leading == (),
        lambda leading, D, M: leading == (0,),
        lambda leading, D, M: leading == (1,),
        lambda leading, D, M: len(leading) == 2,
        lambda leading, D, M: leading == (D,) and D == M > 1,
        lambda leading, D, M: leading != (D,) and D == M > 1,
        lambda leading, D, M: D == M == 1 and leading[0:1] > (1,),
        lambda leading, D, M: len({*leading, D, M}) == 3 and 0 not in (*leading, D, M),
        lambda leading, D, M: D == 0 and M > 0 and leading[0:1] > (0,),
        lambda leading, D, M: M == 0 and D > 0 and leading[0:1] > (0,),
        lambda leading, D, M: M == 1 and D > 1 and leading[0:1] > (1,),
        lambda leading, D, M: D > M > 1,
        lambda leading, D, M: len(leading) > 2,
        lambda leading, D, M: min(leading, default=0) > 16 and min(D, M) > 8,
    ],
    ids="alone empty single several all-equal square all-1 distinct D=0 M=0 M=1 tall deep long".split(),
)
def test_the_pool_reaches(reached):
    assert any(reached(*shape) for shape in SHAPES)


def test_an_axis_may_be_said_never_to_be_empty():
    sizes = pool([*parse("... D>0"), *parse("D M")])
    assert all(0 not in each["D"] for each in sizes)
    assert any(0 in each["M"] for each in sizes)
    assert shape_of(parse("D>0 M"), {"D": (3,), "M": (4,)}) == (3, 4)


def test_the_simplest_shape_comes_first():
    assert SHAPES[0] == ((), 1, 1)


@pytest.mark.parametrize(
    "reached",
    [
        lambda x: np.any((x == 0) & ~np.signbit(x)),
        lambda x: np.any((x == 0) & np.signbit(x)),
        lambda x: np.any(x > 0) and np.any(x < 0),
        lambda x: len(x) > 1 and np.all(x == x[0]) and x[0] != 0,
        lambda x: np.any(np.abs(x) >= 3000),
        lambda x: np.any((np.abs(x) < 1e-3) & (x != 0)),
        lambda x: np.all(x > 900) and len(set(x)) > 1,
    ],
    ids="zero negative-zero both-signs ties large small offset".split(),
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_numbers_reach(reached, dtype):
    found = hypothesis.find(
        arrays(x="4").strategy(dtype),
        lambda drawn: bool(reached(drawn["x"])),
        settings=hypothesis.settings(max_examples=2000, database=None, phases=[hypothesis.Phase.generate]),
    )
    assert found["x"].dtype == dtype


def tried(described, dtype=np.float64):
    """Give all numbers that the examples of one check have, at its usual number of them."""
    subject, oracle = Subject(handgrad.Relu, ["x"]), Oracle(jax.nn.relu)
    search = Search(subject, oracle, arrays(x=described), np.dtype(dtype), Settings(100))
    return np.concatenate([trial.inputs["x"].ravel() for trial in search.examples()])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("low", [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 20, 40, 80, 160, 320, 640, 1e3])
def test_the_examples_of_a_check_leave_no_gap_on_the_line(low, sign, dtype):
    x = sign * tried(reals("..."), dtype)
    # functions turn between 10 and 1000
    assert np.any((low <= x) & (x <= (2 if 10 <= low < 1e3 else 10) * low))


@pytest.mark.parametrize(("low", "high"), [(-50.0, 50.0), (0.0, 40.0), (3.0, np.inf), (-np.inf, -1e-3), (1e3, 5e3)])
def test_the_examples_of_a_check_have_the_whole_of_a_domain_and_its_ends(low, high):
    x = tried(reals("...", low=low, high=high))
    assert np.all((low <= x) & (x <= high))
    assert {end for end in (low, high) if np.isfinite(end)} <= {*x}
    shares = np.histogram(x, 8, (low, high))[0] if np.isfinite(high - low) else [len({*x})]
    assert np.all(np.array(shares) > 0)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("kink", [0.0, 2.0, -100.0])
def test_the_examples_of_a_check_are_on_both_sides_of_a_kink_at_every_distance(kink, dtype):
    distances = tried(reals("...", kinks=[kink]), dtype).astype(np.float64) - kink
    nearest = np.finfo(dtype).eps * max(abs(kink), 1)
    for side in (distances, -distances):
        assert np.any((side > 0) & (side <= 1000 * nearest))
        assert np.any((side >= 1e-2) & (side <= 0.1))


@hypothesis.given(arrays(x="... D", W="D M", b="M").strategy(np.float32))
def test_the_same_letter_is_the_same_length(drawn):
    assert drawn["x"].shape[-1] == drawn["W"].shape[0]
    assert drawn["W"].shape[1:] == drawn["b"].shape
    assert {array.dtype for array in drawn.values()} == {np.dtype(np.float32)}


@hypothesis.given(arrays(x="... D").strategy(np.float16))
def test_numbers_are_never_subnormal(drawn):
    x = drawn["x"]
    assert np.all((x == 0) | (np.abs(x) >= np.finfo(np.float16).tiny))


@hypothesis.given(arrays(x="3", y=reals("3", low=0.5), z=reals("3", low=-1, high=1)).strategy())
def test_numbers_stay_in_their_domain(drawn):
    assert np.all(drawn["y"] >= 0.5)
    assert np.all(np.abs(drawn["z"]) <= 1)


@hypothesis.given(arrays(x="... C", t=labels("...", classes="C"), mask=masks("...", of="x")).strategy())
def test_labels_name_a_class(drawn):
    x, t, mask = drawn.values()
    assert t.shape == mask.shape == x.shape[:-1]
    assert np.all((t >= 0) & (t < max(x.shape[-1], 1)))
    assert t.size == 0 or x.shape[-1] > 0


@hypothesis.given(arrays(t=one_hot("... C"), p=probabilities("... C")).strategy())
def test_distributions_sum_to_1(drawn):
    for rows in drawn.values():
        assert np.all(rows >= 0)
        assert rows.shape[-1] == 0 or np.allclose(rows.sum(axis=-1), 1)
    assert set(np.unique(drawn["t"])) <= {0, 1}


@pytest.mark.parametrize("length", [200, 5000], ids=["bytes", "seed"])
def test_many_numbers_have_special_ones_among_them(length):
    found = hypothesis.find(
        arrays(x=f"{length}").strategy(),
        lambda drawn: np.any(drawn["x"] == 0) and len(np.unique(drawn["x"])) > 50,
        settings=hypothesis.settings(database=None, phases=[hypothesis.Phase.generate]),
    )
    assert found["x"].shape == (length,)


@pytest.mark.parametrize(
    "reached", [np.all, lambda mask: not np.any(mask), lambda mask: 0 < np.sum(mask) < 5], ids="all none some".split()
)
def test_masks_reach(reached):
    found = hypothesis.find(
        arrays(x="5 C", mask=masks("5", of="x")).strategy(),
        lambda drawn: bool(reached(drawn["mask"])),
        settings=hypothesis.settings(max_examples=500, database=None),
    )
    assert found["mask"].shape == (5,)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, ValueError, r"arrays\(\) describes no argument"),
        ({"x": 3}, TypeError, "x is described by an int; expected its axes"),
        ({"x": "N", "mask": masks("N", of="y")}, ValueError, "mask masks y, which is no argument; there are x, mask"),
    ],
    ids=["nothing", "number", "mask"],
)
def test_a_wrong_description_is_an_error_that_says_so(arguments, error, message):
    with pytest.raises(error, match=message):
        arrays(**arguments)


@pytest.mark.parametrize(
    ("describe", "error", "message"),
    [
        (lambda: arrays(x="N C", t=labels("N", classes="K")), ValueError, "t has as many classes as K is long"),
        (lambda: labels("N", classes=3), TypeError, "classes is 3; expected an axis"),
        (
            lambda: arrays(x="N D", mask=masks("D", of="x")),
            ValueError,
            "expected leading axes of x, which",
        ),
        (lambda: labels("N", classes="3", dtypes="int64"), TypeError, "expected a list of integer dtypes"),
        (lambda: labels("N", classes="3", dtypes=[]), TypeError, "expected a list of integer dtypes"),
        (lambda: labels("N", classes="3", dtypes=["float32"]), TypeError, "labels have the dtypes float32"),
        (lambda: masks("N", of=["x"]), TypeError, "expected names in one text"),
        (lambda: reals("N", 5, 1), ValueError, "the domain is from 5 to 1"),
        (lambda: reals("N", low=float("nan")), ValueError, "expected low < high"),
        (lambda: reals("N", 0, 1, kinks=[2]), ValueError, r"the kinks \[2\] are outside"),
        (lambda: one_hot(3), TypeError, "axes are 3; expected a text"),
    ],
    ids="classes classes-number label-text label-none label-float mask-axes mask-list domain nan kink axes".split(),
)
def test_a_description_that_would_prove_nothing_is_refused(describe, error, message):
    with pytest.raises(error, match=message):
        describe()


def test_what_a_strategy_draws_is_cast_if_it_is_a_floating_array_and_kept_if_not():
    strategies = {
        "x": st.just(np.array([0.5, 1.5])),
        "t": st.just(np.array([1, 2])),
        "s": st.just(0.1),
        "axis": st.just(-1),
    }
    drawn = hypothesis.find(arrays(**strategies).strategy(np.float32), lambda _: True)
    assert drawn["x"].dtype == np.float32
    assert drawn["t"].dtype == np.int64
    assert (drawn["s"], drawn["axis"]) == (0.1, -1)


@hypothesis.given(arrays(x="N>1 D", k=lambda N, D: st.integers(1, N + D)).strategy())
def test_a_strategy_may_depend_on_the_lengths_of_axes(drawn):
    assert 1 <= drawn["k"] <= sum(drawn["x"].shape)


class LeadingRows:
    """The first k rows of x."""

    def forward(self, x, k):
        self.shape, self.k = x.shape, k
        return x[:k].copy()

    def backward(self, dout):
        dx = np.zeros(self.shape, dout.dtype)
        dx[: self.k] = dout
        return dx


class LeadingRowsButAll(LeadingRows):
    def backward(self, dout):
        return super().backward(dout) if self.k < self.shape[0] else dout * 0


def test_a_layer_is_checked_at_all_that_a_strategy_of_axes_draws():
    inputs = arrays(x="N>0 D", k=lambda N: st.integers(1, N))
    assert not check_layer(LeadingRows, lambda x, k: x[:k], inputs, dtypes=["float64"]).failed
    report = check_layer(LeadingRowsButAll, lambda x, k: x[:k], inputs, dtypes=["float64"], raises=False)
    assert report.failed == ["gradient"]


def test_a_strategy_of_axes_has_to_be_one():
    with pytest.raises(ValueError, match="k depends on M, which is no argument's axis"):
        arrays(x="N", k=lambda M: st.integers(1, M))
    with pytest.raises(TypeError, match="k is described by a function that made 5; expected a Hypothesis strategy"):
        arrays(x="N", k=lambda N: N + 2).typical()
    with pytest.raises(TypeError, match="k is described by a type; expected its axes"):
        arrays(x="N", k=float)


@pytest.mark.parametrize(
    "reached", [lambda x: np.any(x == 6), lambda x: np.any(x == 0) and np.any(x == 6)], ids=["one", "both"]
)
def test_kinks_reach(reached):
    inputs = arrays(x=reals("3", kinks=[0, 6]))
    for strategy in (inputs.strategy(), inputs.at_kinks(inputs.pool()[0], np.dtype(np.float64)).strategy()):
        hypothesis.find(strategy, lambda drawn: bool(reached(drawn["x"])))


def test_kinks_stay_in_their_domain():
    inputs = arrays(x=reals("3", low=0.5, high=2, ties=True))
    hypothesis.find(inputs.at_kinks({}, np.dtype(np.float64)).strategy(), lambda drawn: set(drawn["x"]) == {1.0, 2.0})


def test_a_typical_example_has_several_rows_and_ordinary_numbers_of_both_signs_that_do_not_tie():
    example = arrays(x="... N D", t=labels("... N", classes="D"), mask=masks("... N", of="x t")).typical("float32")
    x, t, mask = example.values()
    assert (x.shape, x.dtype, t.shape, mask.shape) == ((2, 3, 4), np.float32, (2, 3), (2, 3))
    assert len(np.unique(x)) == x.size
    assert x.min() < -1 < 1 < x.max()
    assert len(np.unique(t)) > 1
    assert set(mask.ravel().tolist()) == {True, False}


def test_a_typical_example_stays_in_its_domain():
    x = arrays(x=reals("N D", low=2, high=3)).typical()["x"]
    assert np.all((x > 2) & (x < 3))


def test_a_typical_example_has_the_simplest_of_what_a_strategy_draws():
    assert arrays(x="N D", axis=st.sampled_from([1, 0])).typical()["axis"] == 1


def test_a_typical_example_of_axes_that_are_never_long_is_the_simplest_shape():
    assert arrays(x="1 1").typical()["x"].shape == (1, 1)


def drawn_of(**arguments):
    """Draw many examples of inputs."""
    drawn = []

    @hypothesis.given(arrays(**arguments).strategy())
    def draw(example):
        drawn.append(example)

    draw()
    return drawn


@pytest.mark.parametrize(
    ("described", "dtypes"),
    [
        (labels("3", classes="4"), {"int64", "int32", "uint8"}),
        (labels("3", classes="300"), {"int64", "int32"}),
        (labels("3", classes="4", dtypes=["int16"]), {"int16"}),
    ],
)
def test_labels_have_any_of_their_dtypes_that_holds_all_classes(described, dtypes):
    assert {example["t"].dtype.name for example in drawn_of(x="3 4", t=described, y="300")} == dtypes


def test_labels_that_no_dtype_holds_are_an_error():
    with pytest.raises(ValueError, match="labels of 300 classes do not fit in uint8"):
        arrays(t=labels("3", classes="300", dtypes=["uint8"])).typical()


@pytest.mark.parametrize("some", [False, True])
def test_a_mask_of_some_is_never_false_alone(some):
    drawn = drawn_of(x="N>0", mask=masks("N>0", of="x", some=some))
    assert all(example["mask"].any() for example in drawn) == some


def test_labels_of_eight_bits_are_drawn():
    """One that subtracts from a label wraps around."""

    def layer(x, t):
        hot = np.arange(x.shape[-1]) - (t[:, None] - 1) == 1
        return (x * hot).sum(-1), lambda dout: dout[:, None] * hot

    def reference(x, t):
        return x[jnp.arange(len(t)), t]

    inputs = {dtype: arrays(x="N C", t=labels("N", classes="C", dtypes=[dtype])) for dtype in ("int64", "uint8")}
    check_layer(layer, reference, inputs["int64"], max_examples=40)
    with pytest.raises(AssertionError, match="value"):
        check_layer(layer, reference, inputs["uint8"], max_examples=40)
