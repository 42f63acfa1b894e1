"""Mistakes that are easy to make, each in a short class. The checker complains of each and says what it is."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import handgrad
import reference.activations
import reference.affine
import reference.losses
from handgrad.testing import arrays, check_layer, one_hot
from reference import book

# lengths are fixed where the mistake does not depend on them: JAX then compiles once
SCORES = arrays(x="2 3", t=one_hot("2 3"))
ONE_SAMPLE = arrays(x="3", t=one_hot("3"))
ACTIVATION = arrays(x="4")
AFFINE = arrays(x="4 2", W="2 3", b="3")
AFFINE_OF_ONE_SAMPLE = arrays(x="2", W="2 3", b="3")
SQUARE_AFFINE_OF_ONE_SAMPLE = arrays(x="2", W="2 2", b="2")

# a warning is then no error that ends the run: the checker itself has to see it
numpy_warns_in_vain = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def complaints(layer, twin, inputs, max_examples=40):
    """Name the properties that fail, each with its complaint."""
    report = check_layer(layer, twin, inputs, max_examples=max_examples, dtypes=["float64"], raises=False)
    return {failure.property.__name__: failure.complaint for failure in report.failures}


def softmax(x):
    shifted = np.exp(x - x.max(axis=-1, keepdims=True, initial=-np.inf))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def mean_over_rows(rows):
    return rows.sum() / max(rows.size, 1)


# Relu


class ReluThatWritesIntoDout(book.Relu):
    """The book's own."""


def test_relu_that_writes_into_dout():
    found = complaints(ReluThatWritesIntoDout, reference.activations.relu, ACTIVATION)
    assert found.keys() >= {"pure", "read_only", "unshared"}
    assert found["pure"].startswith("dout was changed")
    assert found["unshared"] == "dx shares memory with dout"
    assert "read-only" in found["read_only"]


def test_relu_that_writes_into_dout_spoils_a_sibling_branch():
    # y = relu(x) + x hands the same dout to both of its branches
    def slope(relu):
        relu.forward(np.array([-1.0, 2.0]))
        dout = np.ones(2)
        return relu.backward(dout) + dout

    assert np.array_equal(slope(handgrad.Relu()), [1.0, 2.0])
    assert np.array_equal(slope(ReluThatWritesIntoDout()), [0.0, 2.0])


def test_relu_that_copies_x_takes_no_number_and_ours_does():
    with pytest.raises((TypeError, AttributeError)):
        ReluThatWritesIntoDout().forward(2.0)
    assert handgrad.Relu().forward(2.0) == 2.0


def test_relu_that_multiplies_is_nan_where_it_blocks_and_ours_is_0():
    x, dout = np.array([-1.0, 1.0]), np.array([np.inf, 1.0])
    relu = handgrad.Relu()
    relu.forward(x)
    with np.errstate(invalid="ignore"):
        assert np.array_equal(dout * (x > 0), [np.nan, 1.0], equal_nan=True)
    assert np.array_equal(relu.backward(dout), [0.0, 1.0])


# Sigmoid


class SigmoidThatOverflows:
    def forward(self, x):
        self.out = 1 / (1 + np.exp(-x))
        return self.out.copy() if x.ndim else np.float64(self.out)

    def backward(self, dout):
        return np.asarray(dout * (1.0 - self.out) * self.out)


@numpy_warns_in_vain
def test_sigmoid_that_overflows():
    # as many examples as anybody gets who does not ask for a number: only large ones overflow
    found = complaints(SigmoidThatOverflows, reference.activations.sigmoid, ACTIVATION, max_examples=100)
    assert found == {"quiet": "RuntimeWarning: overflow encountered in exp"}


class SigmoidThatHandsOutWhatItRemembers:
    def forward(self, x):
        self.out = handgrad.functions.sigmoid(x)
        return self.out

    def backward(self, dout):
        return dout * (1.0 - self.out) * self.out


def test_sigmoid_whose_output_may_be_overwritten_before_backward():
    found = complaints(SigmoidThatHandsOutWhatItRemembers, reference.activations.sigmoid, ACTIVATION)
    assert found.keys() == {"detached"}


# Affine


class AffineOfBatches(book.Affine):
    """The book's own."""


class AffineThatFillsItsGradients:
    """Keeps its gradients in arrays of the right shape, into which NumPy broadcasts a wrong number in silence."""

    def __init__(self, W, b):
        self.W, self.b = W, b
        self.dW, self.db = np.zeros_like(W), np.zeros_like(b)

    def forward(self, x):
        self.x = x
        return np.dot(x, self.W) + self.b

    def backward(self, dout):
        self.dW[...] = np.dot(self.x.T, dout)
        self.db[...] = np.sum(dout, axis=0)
        return np.dot(dout, self.W.T)


def test_affine_of_batches_holds_for_batches():
    check_layer(AffineOfBatches, reference.affine.affine, AFFINE, max_examples=40, dtypes=["float64"])


def test_affine_of_batches_that_gets_one_sample():
    found = complaints(AffineOfBatches, reference.affine.affine, AFFINE_OF_ONE_SAMPLE)
    assert found["runs"].startswith("ValueError: shapes")


def test_affine_of_batches_that_gets_one_sample_and_a_square_matrix():
    found = complaints(AffineOfBatches, reference.affine.affine, SQUARE_AFFINE_OF_ONE_SAMPLE)
    assert found["shape"].startswith("dW.shape is ()")


def test_affine_that_broadcasts_a_scalar_over_its_gradients():
    found = complaints(AffineThatFillsItsGradients, reference.affine.affine, SQUARE_AFFINE_OF_ONE_SAMPLE)
    assert "shape" not in found
    assert found["gradient"].startswith(("dW[", "db["))


def test_affine_that_fills_its_gradients_overwrites_those_it_gave_before_and_ours_does_not():
    def gradient_after_another(affine):
        affine.forward(np.ones((1, 2)))
        affine.backward(np.ones((1, 2)))
        first = affine.dW
        affine.backward(np.zeros((1, 2)))
        return first

    assert not gradient_after_another(AffineThatFillsItsGradients(np.eye(2), np.zeros(2))).any()
    assert gradient_after_another(handgrad.Affine(np.eye(2), np.zeros(2))).all()


# SoftmaxWithLoss


class LossThatIgnoresDout:
    def forward(self, x, t):
        self.y, self.t = softmax(x), t
        rows = -(t * handgrad.functions.log_softmax(x)).sum(axis=-1)
        return mean_over_rows(rows)

    def backward(self, dout=1):
        return (self.y - self.t) / max(self.t[..., 0].size, 1)


class LossThatDividesByItsFirstAxis:
    def forward(self, x, t):
        self.y, self.t = softmax(x), t
        rows = -(t * handgrad.functions.log_softmax(x)).sum(axis=-1)
        return mean_over_rows(rows)

    def backward(self, dout=1):
        return dout * (self.y - self.t) / self.t.shape[0]


class LossWithAnEpsilonInItsLogarithm:
    def forward(self, x, t):
        self.y, self.t = softmax(x), t
        rows = -(t * np.log(self.y + 1e-7)).sum(axis=-1)
        return mean_over_rows(rows)

    def backward(self, dout=1):
        return dout * (self.y - self.t) / max(self.t[..., 0].size, 1)


class LossOfANaiveSoftmax:
    def forward(self, x, t):
        exps = np.exp(x)
        self.y, self.t = exps / exps.sum(axis=-1, keepdims=True), t
        rows = -np.log((t * self.y).sum(axis=-1))
        return mean_over_rows(rows)

    def backward(self, dout=1):
        return dout * (self.y - self.t) / max(self.t[..., 0].size, 1)


class LossThatTrustsItsLabels:
    def forward(self, x, t):
        self.y, self.t = softmax(x), t
        return -np.log(self.y[np.arange(len(t)), t]).sum() / len(t)


def loss_with_an_epsilon(x, t):
    """Compute in JAX the very function that LossWithAnEpsilonInItsLogarithm returns."""
    rows = -(t * jnp.log(jax.nn.softmax(x) + 1e-7)).sum(-1)
    return rows.sum() / max(rows.size, 1)


def test_loss_that_ignores_dout():
    found = complaints(LossThatIgnoresDout, reference.losses.softmax_with_loss, SCORES)
    assert found.keys() == {"gradient", "zero"}
    assert found["zero"].startswith("for dout = 0, dx is")


def test_loss_of_one_sample_divided_by_the_number_of_its_classes():
    found = complaints(LossThatDividesByItsFirstAxis, reference.losses.softmax_with_loss, ONE_SAMPLE)
    assert found.keys() == {"gradient"}
    assert found["gradient"].startswith("dx[")


def test_loss_with_an_epsilon_is_another_loss():
    found = complaints(LossWithAnEpsilonInItsLogarithm, reference.losses.softmax_with_loss, SCORES)
    assert found.keys() == {"value"}


def test_loss_with_an_epsilon_has_another_gradient_than_it_says():
    found = complaints(LossWithAnEpsilonInItsLogarithm, loss_with_an_epsilon, SCORES)
    assert found.keys() == {"gradient"}


def test_loss_with_an_epsilon_flattens_out_where_its_gradient_says_that_it_falls():
    x, t = np.array([0.0, 17.0]), np.array([1.0, 0.0])
    planted, ours = LossWithAnEpsilonInItsLogarithm(), handgrad.SoftmaxWithLoss()
    true_slope = jax.grad(loss_with_an_epsilon)(x, t)[0]
    planted.forward(x, t)
    ours.forward(x, t)
    assert round(float(true_slope), 3) == -0.293
    assert round(float(planted.backward()[0]), 3) == -1.0
    assert ours.backward()[0] == planted.backward()[0]


def test_loss_with_an_epsilon_stops_at_16_where_the_target_is_all_but_impossible():
    x, t = np.array([0.0, 100.0]), np.array([1.0, 0.0])
    assert round(float(LossWithAnEpsilonInItsLogarithm().forward(x, t)), 3) == 16.118
    assert handgrad.SoftmaxWithLoss().forward(x, t) == 100.0


@numpy_warns_in_vain
def test_loss_of_a_naive_softmax():
    found = complaints(LossOfANaiveSoftmax, reference.losses.softmax_with_loss, SCORES)
    assert {"value", "gradient", "quiet"} <= found.keys()


def test_scores_that_rule_out_every_class_are_nan_to_a_plain_softmax_and_not_to_ours():
    x = np.full((1, 3), -np.inf)
    with np.errstate(invalid="ignore"):
        assert np.isnan(softmax(x)).all()
    layer = handgrad.SoftmaxWithLoss()
    assert layer.forward(x, [1]) == np.inf
    assert np.array_equal(layer.y, [[0.0, 0.0, 0.0]])
    assert np.array_equal(layer.backward(), [[0.0, -1.0, 0.0]])


def test_label_minus_1_is_the_last_class_to_a_loss_that_trusts_its_labels_and_refused_by_ours():
    x = np.array([[1.0, 2.0, 3.0]])
    trusting = LossThatTrustsItsLabels()
    assert trusting.forward(x, np.array([-1])) == trusting.forward(x, np.array([2]))
    with pytest.raises(IndexError, match=r"t\[0\] is -1"):
        handgrad.SoftmaxWithLoss().forward(x, np.array([-1]))


class LossThatTellsLabelsBySize:
    def forward(self, x, t):
        y = softmax(x)
        if t.size == y.size:
            t = t.argmax(axis=-1)
        self.y, self.t = y, t
        return mean_over_rows(-np.log(y[np.arange(len(t)), t]))


def test_soft_targets_are_rounded_to_a_label_by_a_loss_that_tells_them_by_size_and_followed_by_ours():
    x, t = np.array([[0.0, 3.0]]), np.array([[0.4, 0.6]])
    rounded = LossThatTellsLabelsBySize()
    assert rounded.forward(x, t) == rounded.forward(x, np.array([[0.0, 1.0]]))
    ours = handgrad.SoftmaxWithLoss()
    assert ours.forward(x, t) > ours.forward(x, np.array([[0.0, 1.0]]))


# The same inputs, without the mistakes


@pytest.mark.parametrize(
    ("layer", "twin", "inputs"),
    [
        (handgrad.Relu, reference.activations.relu, ACTIVATION),
        (handgrad.Sigmoid, reference.activations.sigmoid, ACTIVATION),
        (handgrad.Affine, reference.affine.affine, AFFINE_OF_ONE_SAMPLE),
        (handgrad.Affine, reference.affine.affine, SQUARE_AFFINE_OF_ONE_SAMPLE),
        (handgrad.SoftmaxWithLoss, reference.losses.softmax_with_loss, SCORES),
        (handgrad.SoftmaxWithLoss, reference.losses.softmax_with_loss, ONE_SAMPLE),
    ],
)
def test_no_complaint_about_ours(layer, twin, inputs):
    assert complaints(layer, twin, inputs) == {}


def test_check_layer_raises_with_the_complaints():
    with pytest.raises(AssertionError, match=r"(?s)ReluThatWritesIntoDout.*pure \(float64\).*dout was changed"):
        check_layer(
            ReluThatWritesIntoDout, reference.activations.relu, ACTIVATION, max_examples=10, dtypes=["float64"]
        )
