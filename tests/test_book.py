"""The book's own classes: what their known faults do, and the words in which check_layer reports them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import strategies as st

import handgrad
import reference.activations
import reference.affine
import reference.binary
import reference.convolution
import reference.losses
import reference.pooling
from handgrad.testing import arrays, check_layer, labels, one_hot, reals
from reference.comparisons import book
from reference.comparisons.corners.departures import BOOK

LOSS = reference.losses.softmax_with_loss


def report(layer, twin, inputs):
    return check_layer(layer, twin, inputs, max_examples=50, dtypes=["float64"], raises=False)


X = np.array([[0.5, -1.0, 2.0], [0.0, 3.0, -0.25]])
RIGHT = {
    "Relu": ({}, {"x": X}),
    "Sigmoid": ({}, {"x": X}),
    "Affine": ({"W": X.T, "b": X[:, 0]}, {"x": X}),
    "SoftmaxWithLoss": ({}, {"x": X, "t": np.eye(3)[:2]}),
    "SigmoidWithLoss": ({}, {"x": X[:, 0], "t": np.array([1, 0])}),
}


@pytest.mark.parametrize("name", RIGHT)
def test_every_attribute_of_a_layer_of_the_book_is_here_with_its_value_where_the_book_is_right(name):
    params, inputs = RIGHT[name]
    theirs, ours = getattr(book, name)(**params), getattr(handgrad, name)(**params)
    for layer in (theirs, ours):
        layer.backward(np.ones_like(layer.forward(**inputs)))
    for attribute, value in vars(theirs).items():
        # its loss adds 1e-7 to the probability of a target, which is 0.17 at least; two routes round differently
        atol = 1e-7 / 0.17 if attribute == "loss" else 4 * np.finfo(np.float64).eps
        np.testing.assert_allclose(getattr(ours, attribute), value, rtol=0, atol=atol)


def test_relu_writes_into_dout_and_returns_it():
    found = report(book.Relu, reference.activations.relu, arrays(x="N D"))
    assert found.diagnoses["pure"] == (
        "the layer writes into its argument dout, in place, only where a number is negative"
    )
    assert found.diagnoses["unshared"] == "dx shares memory with dout: return a copy"
    assert "read-only" in found.diagnoses["read_only"]


def test_relu_spoils_what_a_sibling_branch_hears():
    # out = relu(x) + x hands the same dout to both of its branches
    def slope(relu):
        relu.forward(np.array([-1.0, 2.0]))
        dout = np.ones(2)
        return relu.backward(dout) + dout

    assert np.array_equal(slope(book.Relu()), [0.0, 2.0])
    assert np.array_equal(slope(handgrad.Relu()), [1.0, 2.0])


def test_relu_takes_no_single_number():
    found = report(book.Relu, reference.activations.relu, arrays(x=st.floats(-2, 2).map(float)))
    assert found.failed == ["runs"]


def test_sigmoid_overflows_on_the_way():
    found = report(book.Sigmoid, reference.activations.sigmoid, arrays(x="N D"))
    assert "only where a number is beyond" in found.diagnoses["quiet"]
    assert "only where a number is beyond" in found.diagnoses["quiet"]
    assert "hands out the very array that it remembers" in found.diagnoses["detached"]


def test_affine_takes_no_single_sample():
    found = report(book.Affine, reference.affine.affine, arrays(x="... D", W="D M", b="M"))
    assert found.failed[0] == "runs"
    assert "not aligned" in found.diagnoses["runs"]
    single = report(book.Affine, reference.affine.affine, arrays(x="D", W="D M", b="M"))
    assert {"runs", "shape"} <= set(single.failed)


def test_affine_is_right_for_batches():
    assert not report(book.Affine, reference.affine.affine, arrays(x="N D", W="D M", b="M")).failed


class AffineThatFillsItsGradients(book.Affine):
    """Keeps its gradients in arrays of the right shape, into which NumPy broadcasts a wrong number in silence."""

    def __init__(self, W, b):
        super().__init__(W, b)
        self.dW, self.db = np.zeros_like(W), np.zeros_like(b)

    def backward(self, dout):
        self.dW[...] = np.dot(self.x.T, dout)
        self.db[...] = np.sum(dout, axis=0)
        return np.dot(dout, self.W.T)


def test_affine_that_fills_its_gradients_has_the_shape_of_one_sample_right_and_its_numbers_wrong():
    found = report(AffineThatFillsItsGradients, reference.affine.affine, arrays(x="2", W="2 2", b="2"))
    assert found.failed == ["gradient", "unshared"]


def test_the_loss_ignores_dout_and_is_not_that_of_its_gradient():
    found = report(book.SoftmaxWithLoss, LOSS, arrays(x="2 3", t=one_hot("2 3")))
    assert found.diagnoses["gradient"] == "backward: dx ignores dout: it is the gradient for a dout of ones"
    assert found.diagnoses["value"].startswith("forward is at fault: out is another function than the reference's")
    assert found.diagnosis == found.diagnoses["value"]


def test_the_gradient_of_one_sample_is_divided_by_the_number_of_classes():
    found = report(book.SoftmaxWithLoss, LOSS, arrays(x="C", t=one_hot("C")))
    assert found.diagnoses["gradient"] == "backward: dx ignores dout, and is divided by C"


class LossOfLabels(book.SoftmaxWithLoss):
    """The book's forward, for class indices; with a backward that takes them, too."""

    def backward(self, dout):
        return dout * (self.y - np.eye(self.y.shape[-1])[self.t]) / len(self.t)


def test_label_minus_1_is_the_last_class():
    inputs = arrays(x="2 3", t=labels("2", classes="3", validated=True))
    assert report(book.SoftmaxWithLoss, LOSS, inputs).failed == ["runs"]
    found = report(LossOfLabels, LOSS, inputs)
    assert "label that names no class is taken for another class" in found.diagnoses["refuses"]


WINDOWS = [
    (
        book.Convolution,
        reference.convolution.convolution,
        arrays(x="N 2 4 5", W="3 2 2 3", b="3", stride=st.just(2), pad=st.just(1)),
    ),
    (
        BOOK.MaxPool,
        reference.pooling.max_pool,
        arrays(x=reals("N 2 4 5", ties=True), size=st.just((2, 2)), stride=st.just(2)),
    ),
]


@pytest.mark.parametrize(("layer", "twin", "inputs"), WINDOWS)
def test_windows_are_right_but_in_float64_and_not_of_an_empty_batch(layer, twin, inputs):
    found = check_layer(layer, twin, inputs, max_examples=50, dtypes=["float64", "float32"], raises=False)
    assert found.failed == ["runs", "dtype"]
    assert found.diagnoses["runs"].endswith("only where an axis has length 0")
    assert found.diagnoses["dtype"] == "a dtype leaks in: out.dtype is float64; expected float32"


def test_padding_makes_pooling_forget_how_many_windows_there_are():
    x = np.full((1, 1, 2, 4), -1.0)
    with pytest.raises(ValueError, match=r"cannot reshape array of size 6 into shape \(1,1,2,1\)"):
        book.Pooling(2, 2, stride=2, pad=1).forward(x)
    assert handgrad.MaxPool((2, 2), stride=2, pad=1).forward(x).shape == (1, 1, 2, 3)


def test_padding_wins_where_all_numbers_are_negative():
    padded = book.im2col(np.full((1, 1, 1, 1), -1.0), 2, 2, stride=2, pad=1)
    assert padded.max() == 0.0
    assert handgrad.MaxPool((2, 2), stride=1, pad=1).forward([[-1.0]]).tolist() == [[-1.0, -1.0], [-1.0, -1.0]]


def test_soft_targets_are_rounded_to_a_label():
    x, soft, rounded = np.array([[0.0, 3.0]]), np.array([[0.4, 0.6]]), np.array([[0.0, 1.0]])
    assert book.SoftmaxWithLoss().forward(x, soft) == book.SoftmaxWithLoss().forward(x, rounded)
    assert handgrad.SoftmaxWithLoss().forward(x, soft) > handgrad.SoftmaxWithLoss().forward(x, rounded)


def test_scores_that_rule_out_every_class_are_nan():
    def loss(x, t):
        return jnp.where(jnp.all(x == -jnp.inf), jnp.inf, 0) + 0 * jnp.where(jnp.isinf(x), 0, x * t).sum()

    ruled_out = arrays(x=st.just(np.full((1, 3), -np.inf)), t=st.just(np.eye(3)[:1]))
    found = report(book.SoftmaxWithLoss, loss, ruled_out)
    (failure,) = (each for each in found.failures if each.property.__name__ == "value")
    assert failure.complaint.startswith("out is nan; expected inf")


def test_a_naive_softmax_overflows():
    def naive(x):
        y = np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True)
        return y.copy(), lambda dout: y * (dout - (dout * y).sum(axis=-1, keepdims=True))

    found = report(naive, jax.nn.softmax, arrays(x="2 3"))
    assert found.diagnosis.startswith("forward is at fault: out overflows")


def test_the_true_gradient_of_the_loss_that_is_returned():
    x, t = jnp.array([0.0, 17.0]), jnp.array([1.0, 0.0])
    slope = jax.grad(lambda x: -jnp.log(jax.nn.softmax(x)[0] + 1e-7))(x)
    layer = book.SoftmaxWithLoss()
    layer.forward(np.asarray(x), np.asarray(t))
    assert round(float(slope[0]), 3) == -0.293
    assert round(float(layer.backward()[0]) * len(t), 3) == -1.0


def test_the_loss_of_sigmoid_is_not_that_of_its_gradient():
    answers = labels("4", classes="2")
    found = report(book.SigmoidWithLoss, reference.binary.sigmoid_with_loss, arrays(x="4", t=answers))
    assert found.failed == ["value", "gradient", "quiet"]
    assert found.diagnoses["value"].startswith("forward is at fault: out is another function than the reference's")


def hidden_by_label(x, t):
    return LOSS(x, t, t != -1)


def test_a_loss_over_time_overwrites_what_its_backward_needs():
    found = report(book.TimeSoftmaxWithLoss, hidden_by_label, arrays(x="2 2 3", t=labels("2 2", classes="3")))
    assert "repeatable" in found.failed
    layer = book.TimeSoftmaxWithLoss()
    layer.forward(np.zeros((1, 1, 2)), np.array([[0]]))
    assert layer.backward().tolist() == [[[-0.5, 0.5]]]
    assert layer.backward().tolist() == [[[-1.5, 0.5]]]


def test_a_loss_over_time_is_nan_where_nothing_counts_or_a_hidden_row_rules_out_the_last_class():
    x, nothing, some = np.array([[[0.0, 0.0], [1000.0, 0.0]]]), np.array([[-1, -1]]), np.array([[0, -1]])
    with np.errstate(all="ignore"):
        assert np.isnan([book.TimeSoftmaxWithLoss().forward(x, t) for t in (nothing, some)]).all()
    layer = handgrad.SoftmaxWithLoss()
    assert [layer.forward(x, t, t != -1) for t in (nothing, some)] == [0, np.log(2)]


def batch_norms(C, **options):
    """Make the book's batch normalisation, and ours with its epsilon."""
    gamma, beta = np.linspace(0.5, 2, C), np.linspace(-1, 1, C)
    return book.BatchNormalization(gamma, beta, **options), handgrad.BatchNorm(gamma, beta, eps=10e-7)


def test_batch_normalization_is_right_for_rows():
    theirs, ours = batch_norms(3)
    dout = np.cos(X)
    np.testing.assert_allclose(theirs.forward(X), ours.forward(X), rtol=1e-12)
    # of two rows, dx is what epsilon leaves of numbers a million times as large
    np.testing.assert_allclose(theirs.backward(dout), ours.backward(dout), rtol=0, atol=1e-14)
    np.testing.assert_allclose([theirs.dgamma, theirs.dbeta], [ours.dgamma, ours.dbeta], rtol=1e-12)


def test_batch_normalization_begins_with_a_running_variance_of_0():
    theirs, ours = batch_norms(1)
    x = np.array([[0.5], [-0.5]])
    # before any training, numbers are divided by the root of epsilon
    assert np.abs(theirs.forward(x, train_flg=False)).max() > 200
    ours.statistics = handgrad.Statistics(np.zeros(1), np.ones(1))
    np.testing.assert_allclose(ours.forward(x), 0.5 * x - 1, rtol=1e-6)


def test_batch_normalization_goes_back_through_the_batch_before_the_last_forward():
    theirs, ours = batch_norms(1, running_mean=np.zeros(1), running_var=np.ones(1))
    batch, x, dout = (
        np.array([[100.0], [300.0], [0.0]]),
        np.array([[1.0], [2.0], [4.0]]),
        np.array([[1.0], [2.0], [0.5]]),
    )
    theirs.forward(batch)
    stale = theirs.backward(dout)
    theirs.forward(x, train_flg=False)
    assert np.array_equal(theirs.backward(dout), stale)
    ours.forward(batch)
    ours.statistics = handgrad.Statistics(np.zeros(1), np.ones(1))
    ours.forward(x)
    np.testing.assert_allclose(ours.backward(dout), 0.5 * dout, rtol=1e-6)


def test_batch_normalization_takes_each_pixel_of_an_image_for_a_channel():
    images = np.random.default_rng(0).standard_normal((5, 2, 3, 3))
    theirs, ours = book.BatchNormalization(1.0, 0.0), handgrad.BatchNorm(np.ones(18), np.zeros(18), eps=10e-7)
    np.testing.assert_allclose(theirs.forward(images).reshape(5, 18), ours.forward(images.reshape(5, 18)), rtol=1e-12)


def recurrent(name, k, **options):
    """Make a layer of the book's that goes through time, and ours."""
    params = [np.cos(np.arange(size)).reshape(shape) for size, shape in ((6 * k, (3, 2 * k)), (4 * k, (2, 2 * k)))]
    params.append(np.sin(np.arange(2 * k)))
    return getattr(book, f"Time{name.upper()}")(*params, **options), getattr(handgrad, name)(*params)


SEQUENCES = np.cos(np.arange(24.0)).reshape(2, 4, 3)
RECURRENT = pytest.mark.parametrize(("name", "k"), [("Rnn", 1), ("Lstm", 4), ("Gru", 3)])
IN_FLOAT32 = {"rtol": 0, "atol": 4 * np.finfo(np.float32).eps}


@RECURRENT
def test_recurrent_layers_are_right_but_for_what_float32_rounds(name, k):
    theirs, ours = recurrent(name, k)
    dhs = np.sin(np.arange(16.0)).reshape(2, 4, 2)
    hs, *_ = ours.forward(SEQUENCES)
    np.testing.assert_allclose(theirs.forward(SEQUENCES), hs, **IN_FLOAT32)
    np.testing.assert_allclose(theirs.backward(dhs), ours.backward(dhs), **IN_FLOAT32)
    for got, want in zip(theirs.grads, (ours.dWx, ours.dWh, ours.db), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12)
    assert theirs.forward(SEQUENCES).dtype == np.float32


@RECURRENT
def test_a_stateful_layer_remembers_what_nobody_sees(name, k):
    theirs, ours = recurrent(name, k, stateful=True)
    first, second = theirs.forward(SEQUENCES), theirs.forward(SEQUENCES)
    assert np.abs(second - first).max() > 0.01
    # ours says where it ended, and is told where to begin
    _, *last = ours.forward(SEQUENCES)
    hs, *_ = ours.forward(SEQUENCES, *last)
    np.testing.assert_allclose(second, hs, **IN_FLOAT32)


def test_a_cell_that_was_handed_on_has_a_gradient_that_the_book_throws_away():
    theirs, ours = recurrent("Lstm", 4, stateful=True)
    _, h, c = ours.forward(SEQUENCES)
    dhs = np.ones((2, 4, 2))
    for _ in range(2):
        theirs.forward(SEQUENCES)
    theirs.backward(dhs)
    ours.forward(SEQUENCES, h, c)
    _, dh0, dc0 = ours.backward(dhs)
    np.testing.assert_allclose(theirs.dh, dh0, rtol=1e-12)
    assert np.abs(dc0).min() > 0.1
    kept = [each for each in vars(theirs).values() if isinstance(each, np.ndarray) and each.shape == dc0.shape]
    assert len(kept) == 1
    assert kept[0] is theirs.dh
