import re

import numpy as np
import pytest

from handgrad import (
    Add,
    Affine,
    BatchNorm,
    Divide,
    Embedding,
    IdentityWithLoss,
    MatMul,
    Maximum,
    Minimum,
    Multiply,
    Relu,
    SoftmaxWithLoss,
    Subtract,
    Sum,
)
from handgrad.functions import (
    cross_entropy_error,
    log_sigmoid,
    log_softmax,
    sigmoid,
    softmax,
    sum_squared_error,
)
from tests.layers import EXAMPLES, X, each_example, each_loss, gradients

REAL = "expected floating, integer or boolean, because layers compute with real numbers"
ARGUMENTS = [(key, argument) for key, example in EXAMPLES.items() for argument in example.numbers]
SETTINGS = [(key, setting) for key, example in EXAMPLES.items() for setting in example.settings]
NOT_REAL = [
    ("complex128", np.zeros((2, 3), complex)),
    ("object", np.array([[None, 1, 2], [3, 4, 5]])),
    ("<U1", np.array([["a", "b", "c"], ["d", "e", "f"]])),
    ("|S1", np.array([[b"a", b"b", b"c"], [b"d", b"e", b"f"]])),
    ("datetime64[D]", np.zeros((2, 3), "datetime64[D]")),
    ("timedelta64[s]", np.zeros((2, 3), "timedelta64[s]")),
]

each_argument = pytest.mark.parametrize(
    ("example", "argument"),
    [(EXAMPLES[key], argument) for key, argument in ARGUMENTS],
    ids=["-".join(each) for each in ARGUMENTS],
)

each_setting = pytest.mark.parametrize(
    ("example", "setting"),
    [(EXAMPLES[key], setting) for key, setting in SETTINGS],
    ids=["-".join(each) for each in SETTINGS],
)


def raises(error, message):
    """Expect an error that says exactly this."""
    return pytest.raises(error, match=f"^{re.escape(message)}$")


# Order


@each_example
def test_backward_before_forward_says_so(example):
    message = "backward: call forward first; there is nothing to go back through yet"
    with raises(RuntimeError, f"{example.name}.{message}"):
        gradients(example.make(), example.dout)


@pytest.mark.parametrize("loss", [SoftmaxWithLoss, IdentityWithLoss])
def test_backward_of_a_loss_before_forward_says_so_also_without_dout(loss):
    with pytest.raises(RuntimeError, match="call forward first"):
        loss().backward()


@each_example
def test_backward_after_a_first_forward_that_raised_says_that_there_was_none(example):
    layer = example.make()
    with pytest.raises(TypeError):
        example.forward(layer, **dict.fromkeys(example.inputs, "nonsense"))
    with pytest.raises(RuntimeError, match="call forward first"):
        gradients(layer, example.dout)


# Shapes


@each_example
@pytest.mark.parametrize("wrong", [(3, 2), (2, 3, 1), (1,), (7,), (0,)])
def test_dout_of_a_shape_that_is_not_forwards_names_both(example, wrong):
    layer = example.make()
    example.forward(layer)
    called, dout = example.first_dout
    expected = f"expected {dout.shape}, because that is the shape of forward's output"
    with raises(ValueError, f"{example.name}.backward: {called}.shape is {wrong}; {expected}"):
        layer.backward(np.ones(wrong))


@each_example
def test_dout_is_not_broadcast(example):
    layer = example.make()
    example.forward(layer)
    called, dout = example.first_dout
    for broadcast in {(), dout.shape[1:], (1, *dout.shape)} - {dout.shape}:
        with pytest.raises(ValueError, match=re.escape(f"{called}.shape is")):
            layer.backward(np.ones(broadcast))


@pytest.mark.parametrize("x", [np.ones((2, 5)), np.ones(5), np.ones((2, 3, 1)), np.ones((2, 0))])
def test_affine_names_the_shapes_of_its_input_and_its_weights(x):
    message = f"Affine.forward: x.shape is {x.shape}; expected (..., 3), because W.shape is (3, 4)"
    with raises(ValueError, message):
        EXAMPLES["Affine"].make().forward(x)


def test_affine_takes_no_single_number():
    with raises(ValueError, "Affine.forward: x.shape is (); expected (..., 3), because W.shape is (3, 4)"):
        EXAMPLES["Affine"].make().forward(1.0)


@pytest.mark.parametrize("b", [np.zeros(3), np.zeros(1), np.zeros((1, 4)), np.zeros(()), np.zeros((2, 4))])
def test_affine_takes_no_bias_that_would_be_broadcast(b):
    with raises(ValueError, f"Affine: b.shape is {b.shape}; expected (4,), because W.shape is (3, 4)"):
        Affine(np.ones((3, 4)), b)


@pytest.mark.parametrize("W", [np.ones(3), np.ones((2, 3, 4)), np.ones(())])
def test_affine_takes_no_weights_that_are_not_a_matrix(W):
    with raises(ValueError, f"Affine: W.shape is {W.shape}; expected (D, M), because it maps D numbers to M"):
        Affine(W, np.zeros(4))


def test_affine_checks_parameters_that_were_replaced():
    layer = EXAMPLES["Affine"].make()
    layer.b = np.zeros(1)
    with raises(ValueError, "Affine.forward: b.shape is (1,); expected (4,), because W.shape is (3, 4)"):
        layer.forward(X)
    layer.W = np.ones(3)
    with raises(ValueError, "Affine.forward: W.shape is (3,); expected (D, M), because it maps D numbers to M"):
        layer.forward(X)


@pytest.mark.parametrize("node", [Add, Subtract, Multiply, Divide, Maximum, Minimum])
def test_nodes_name_shapes_that_do_not_broadcast(node):
    message = "forward: b.shape is (2,); expected axes that broadcast, because a.shape is (2, 3)"
    with raises(ValueError, f"{node.__name__}.{message}"):
        node().forward(X, np.ones(2))


@pytest.mark.parametrize("b", [np.ones((2, 3)), np.ones(2), np.ones((5, 2, 3)), np.ones(())])
def test_matmul_names_matrices_that_do_not_fit(b):
    with raises(
        ValueError,
        f"MatMul.forward: b.shape is {b.shape}; expected (..., 3, M) or (3,), because a.shape is (2, 3)",
    ):
        MatMul().forward(X, b)


def test_matmul_takes_no_single_number():
    message = "a.shape is (); expected (..., N, D) or (D,), because a single number is no matrix"
    with raises(ValueError, f"MatMul.forward: {message}"):
        MatMul().forward(2.0, X)


def test_matmul_names_leading_axes_that_do_not_broadcast():
    with pytest.raises(ValueError, match=r"b\.shape is \(4, 3, 2\);.*\(5,\).*a\.shape is \(5, 2, 3\)"):
        MatMul().forward(np.ones((5, 2, 3)), np.ones((4, 3, 2)))


@each_loss
@pytest.mark.parametrize("mask", [[True], [True, False, True], [[True, False]], True])
def test_a_mask_of_another_shape_names_both(loss, mask):
    shape = np.shape(mask)
    because = "the batch has the shape (2, 3)"
    with raises(ValueError, f"{loss.__name__}.forward: mask.shape is {shape}; expected (2,), because {because}"):
        loss().forward(X, X, mask)


@pytest.mark.parametrize("shape", [(3,), (1,), (), (2, 1)])
def test_class_indices_of_another_shape_name_both(shape):
    with pytest.raises(ValueError, match=re.escape(f"SoftmaxWithLoss.forward: t.shape is {shape}; expected (2")):
        SoftmaxWithLoss().forward(X, np.zeros(shape, np.int64))


@pytest.mark.parametrize("shape", [(2, 4), (2,), (3,), (1, 3), (2, 3, 1)])
def test_distributions_of_another_shape_name_both(shape):
    expected = "(2, 3) for distributions or (2,) for integer class indices"
    because = "the batch has the shape (2, 3) and t.dtype is float64"
    message = f"SoftmaxWithLoss.forward: t.shape is {shape}; expected {expected}, because {because}"
    with raises(ValueError, message):
        SoftmaxWithLoss().forward(X, np.zeros(shape))


@pytest.mark.parametrize("shape", [(3,), (1, 3), (2, 1), (), (2,)])
def test_targets_are_not_broadcast(shape):
    because = "that is the shape of x"
    with raises(ValueError, f"IdentityWithLoss.forward: t.shape is {shape}; expected (2, 3), because {because}"):
        IdentityWithLoss().forward(X, np.zeros(shape))


@each_loss
def test_a_loss_takes_no_single_number(loss):
    because = "the last one is summed over"
    with raises(ValueError, f"{loss.__name__}.forward: x.shape is (); expected one axis or more, because {because}"):
        loss().forward(1.0, 0)


@pytest.mark.parametrize("function", [softmax, log_softmax])
def test_softmax_takes_no_single_number(function):
    because = "the last one is summed over"
    with raises(ValueError, f"{function.__name__}: x.shape is (); expected one axis or more, because {because}"):
        function(1.0)


@pytest.mark.parametrize("function", [cross_entropy_error, sum_squared_error])
def test_errors_are_functions_of_rows(function):
    with pytest.raises(ValueError, match=rf"^{function.__name__}: y\.shape is \(\); expected"):
        function(1.0, 1.0)


def test_functions_name_targets_that_do_not_fit():
    with pytest.raises(ValueError, match=r"^sum_squared_error: t\.shape is \(3,\); expected \(2, 3\)"):
        sum_squared_error(X, np.zeros(3))
    with pytest.raises(ValueError, match=r"^cross_entropy_error: t\.shape is \(3,\); expected \(2,\)"):
        cross_entropy_error(X, [0, 0, 0])


@each_argument
def test_rows_of_different_lengths_are_no_array_and_the_error_names_the_argument(example, argument):
    name = re.escape(example.called(argument))
    with pytest.raises(ValueError, match=rf"^{example.name}\.forward: {name} is not an array"):
        example.forward(example.make(), **{argument: [[1.0, 2.0], [3.0]]})


@each_loss
def test_masks_of_different_lengths_are_no_array_either(loss):
    with pytest.raises(ValueError, match=rf"^{loss.__name__}\.forward: mask is not an array"):
        loss().forward(X, X, [[True], [True, False]])


@each_argument
def test_a_masked_array_is_refused_since_its_mask_would_be_lost(example, argument):
    masked = np.ma.masked_array(example.inputs[argument])
    message = re.escape(f"{example.called(argument)} is a masked array; expected a plain one")
    with pytest.raises(TypeError, match=rf"^{example.name}\.forward: {message}"):
        example.forward(example.make(), **{argument: masked})


# Labels


@pytest.mark.parametrize("label", [-1, 3, 100, -(2**63), 2**63 - 1])
def test_a_label_that_does_not_exist_is_named_with_its_position(label):
    message = f"t[1] is {label}; expected a class index from 0 to 2, because the batch has the shape (2, 3)"
    with raises(IndexError, f"SoftmaxWithLoss.forward: {message}"):
        SoftmaxWithLoss().forward(X, [0, label])
    with raises(IndexError, f"cross_entropy_error: {message}"):
        cross_entropy_error(X, [0, label])


@pytest.mark.parametrize("label", [3, 2**63, 2**64 - 1])
def test_an_unsigned_label_that_does_not_exist_is_refused(label):
    with pytest.raises(IndexError, match=rf"t\[1\] is {label}; expected a class index from 0 to 2"):
        SoftmaxWithLoss().forward(X, np.array([0, label], np.uint64))


def test_the_first_label_that_does_not_exist_and_counts_is_named():
    with pytest.raises(IndexError, match=r"t\[1, 0\] is 7;"):
        SoftmaxWithLoss().forward(np.zeros((2, 2, 3)), [[-1, 0], [7, 8]], [[False, True], [True, True]])


@pytest.mark.parametrize("label", [-1, 3])
def test_the_label_of_one_sample_has_no_position(label):
    message = f"t is {label}; expected a class index from 0 to 2, because the batch has the shape (3,)"
    with raises(IndexError, f"SoftmaxWithLoss.forward: {message}"):
        SoftmaxWithLoss().forward(X[0], label)


@pytest.mark.parametrize("label", [0, 5, -1])
def test_where_there_are_no_classes_there_is_no_label(label):
    message = f"t[0] is {label}; expected no label at all, because the batch has the shape (1, 0)"
    with raises(IndexError, f"SoftmaxWithLoss.forward: {message}"):
        SoftmaxWithLoss().forward(np.zeros((1, 0)), [label])


# Dtypes


@each_argument
@pytest.mark.parametrize(("dtype", "wrong"), NOT_REAL, ids=[dtype for dtype, _ in NOT_REAL])
def test_what_is_not_made_of_real_numbers_is_named_with_its_dtype(example, argument, dtype, wrong):
    message = f"{example.called(argument)}.dtype is {dtype}; {REAL}"
    with raises(TypeError, f"{example.name}.forward: {message}"):
        example.forward(example.make(), **{argument: wrong})


@pytest.mark.parametrize(
    ("wrong", "dtype"), [(None, "object"), ("abc", "<U3"), (1j, "complex128"), (2**70, "object")]
)
def test_what_is_not_an_array_is_named_with_the_dtype_that_it_would_have(wrong, dtype):
    with raises(TypeError, f"Relu.forward: x.dtype is {dtype}; {REAL}"):
        Relu().forward(wrong)


@each_example
@pytest.mark.parametrize(("dtype", "wrong"), NOT_REAL, ids=[dtype for dtype, _ in NOT_REAL])
def test_a_dout_that_is_not_made_of_real_numbers_is_named_with_its_dtype(example, dtype, wrong):
    layer = example.make()
    example.forward(layer)
    message = f"{example.first_dout[0]}.dtype is {dtype}; {REAL}"
    with raises(TypeError, f"{example.name}.backward: {message}"):
        layer.backward(wrong)


@each_setting
def test_a_parameter_or_an_option_that_is_not_a_real_number_is_named_with_its_dtype(example, setting):
    wrong = {setting: 1j * example.settings[setting]}
    with pytest.raises(TypeError, match=rf"^{example.name}(\.forward)?: {setting}\.dtype is complex128; {REAL}$"):
        example.forward(example.subject.make(**example.params | wrong))  # at the latest


@each_setting
def test_a_parameter_or_an_option_that_was_replaced_by_no_real_number_is_named_by_forward(example, setting):
    layer = example.make()
    setattr(layer, setting, 1j * example.settings[setting])
    with raises(TypeError, f"{example.name}.forward: {setting}.dtype is complex128; {REAL}"):
        example.forward(layer)


@each_loss
@pytest.mark.parametrize("mask", [[1, 0], [1.0, 0.0], ["a", "b"], [None, None]])
def test_a_mask_that_is_not_boolean_is_named_with_its_dtype(loss, mask):
    dtype = np.asarray(mask).dtype
    message = f"{loss.__name__}.forward: mask.dtype is {dtype}; expected bool, True where a row counts"
    with raises(TypeError, message):
        loss().forward(X, X, mask)


@pytest.mark.parametrize(
    ("function", "name"),
    [
        *((function, "x") for function in (sigmoid, log_sigmoid, softmax, log_softmax)),
        *((function, name) for function in (cross_entropy_error, sum_squared_error) for name in "yt"),
    ],
)
def test_functions_name_what_is_not_made_of_real_numbers(function, name):
    arguments = {"x": X} if name == "x" else {"y": X, "t": X}
    message = f"{name}.dtype is complex128; {REAL}"
    with raises(TypeError, f"{function.__name__}: {message}"):
        function(**arguments | {name: X + 1j})


# State


ENTRIES = ("SigmoidWithLoss", "FocalLoss", "MeanSquaredError", "L1Loss", "HuberLoss")
REFUSED = [
    *((key, {argument: "nonsense"}) for key, argument in ARGUMENTS),
    ("Add", {"b": np.ones(7)}),
    ("Multiply", {"b": np.ones(7)}),
    ("Subtract", {"b": np.ones(7)}),
    ("Divide", {"b": np.ones(7)}),
    ("Where", {"b": np.ones(7)}),
    ("Maximum", {"b": np.ones(7)}),
    ("Minimum", {"b": np.ones(7)}),
    ("MatMul", {"b": X}),
    *((reduction, {"x": np.float64(1)}) for reduction in ("Sum", "Mean", "Max", "Min")),
    *((f"{reduction} masked", {"mask": np.ones(7, bool)}) for reduction in ("Sum", "Mean", "Max", "Min")),
    ("Reshape", {"x": np.ones(5)}),
    ("Transpose", {"x": X}),
    ("Concatenate", {"a": np.ones(3)}),
    ("Stack", {"a": np.ones(7)}),
    ("Slice", {"x": np.float64(1)}),
    ("Take", {"x": np.ones((1, 1, 1))}),
    ("Repeat", {"x": np.float64(1)}),
    ("Affine", {"x": np.ones((2, 5))}),
    ("Convolution", {"x": np.ones((9, 4))}),
    ("Convolution 2-d", {"x": np.ones((4, 5, 2))}),
    ("ConvolutionTranspose", {"x": np.ones((9, 3))}),
    ("ConvolutionTranspose 2-d", {"x": np.ones((4, 0, 2))}),
    ("MaxPool", {"x": np.float64(1)}),
    ("MaxPool overlapping", {"x": np.ones((4, 0))}),
    ("AveragePool", {"x": np.float64(1)}),
    ("AveragePool overlapping", {"x": np.ones((4, 0))}),
    ("GlobalAveragePool", {"x": np.ones((4, 5))}),
    ("GlobalAveragePool masked", {"mask": np.ones(7, bool)}),
    ("GlobalMaxPool masked", {"mask": np.ones(7, bool)}),
    ("Upsample", {"x": np.ones(5)}),
    ("MultiHeadAttention", {"x": np.ones((3, 7))}),
    ("MultiHeadAttention", {"mask": np.ones(9, bool)}),
    ("MultiHeadAttention sharing keys", {"context": np.ones((7, 3, 2))}),
    ("MultiHeadAttention sharing keys", {"bias": np.ones(9)}),
    ("Rope", {"x": np.ones((2, 5))}),
    ("Rope", {"positions": np.ones(9)}),
    ("ScaledDotProductAttention", {"k": np.ones((2, 5, 9))}),
    ("ScaledDotProductAttention", {"bias": np.ones(9)}),
    ("ScaledDotProductAttention masked", {"mask": np.ones(9, bool)}),
    ("ScaledDotProductAttention masked", {"keep": np.ones(9, bool)}),
    ("Dropout", {"keep": np.ones(7, bool)}),
    ("Embedding masked", {"mask": np.ones(7, bool)}),
    ("EmbeddingDot", {"indices": np.array([-1, 0])}),
    ("PositionalEncoding given", {"positions": np.zeros(7, int)}),
    ("CosineSimilarity", {"b": np.ones((2, 7))}),
    ("InfoNceLoss masked", {"k": np.ones((7, 3))}),
    ("NegativeSamplingLoss masked", {"negatives_mask": np.ones(7, bool)}),
    ("SoftmaxWithLoss", {"t": np.array([0, -1])}),
    ("SoftmaxWithLoss", {"t": np.zeros((2, 4))}),
    ("SoftmaxWithLoss", {"mask": np.ones(3, bool)}),
    ("SoftmaxWithLoss", {"mask": np.ones(2)}),
    ("SoftmaxWithLoss weighted", {"x": np.ones((2, 4))}),
    *((loss, {"t": np.zeros((2, 4))}) for loss in ("KLDivergence masked", "IdentityWithLoss")),
    *((f"{loss} masked", {"t": np.zeros((2, 4))}) for loss in ENTRIES),
    *((f"{loss} masked", {"mask": np.ones(7, bool)}) for loss in ("KLDivergence", *ENTRIES)),
    ("IdentityWithLoss", {"mask": np.ones(3, bool)}),
    ("IdentityWithLoss", {"mask": np.ones(2)}),
]


@pytest.mark.parametrize(("key", "wrong"), REFUSED)
def test_a_forward_that_raises_leaves_the_layer_as_it_was(key, wrong):
    example = EXAMPLES[key]
    layer = example.make()
    example.forward(layer)
    want = gradients(layer, example.dout)
    before = dict(vars(layer))
    doubled = example.changed(lambda each: 2 * each).inputs
    with pytest.raises((TypeError, ValueError, IndexError)):
        example.forward(layer, **doubled | wrong)
    assert vars(layer).keys() == before.keys()
    assert all(vars(layer)[name] is value for name, value in before.items())
    for got, expected in zip(gradients(layer, example.dout), want, strict=True):
        assert np.array_equal(got, expected)


@each_example
def test_a_backward_that_raises_leaves_the_layer_as_it_was(example):
    layer = example.make()
    example.forward(layer)
    want = gradients(layer, example.dout)
    before = dict(vars(layer))
    for wrong in (np.ones((9, 9)), "nonsense"):
        with pytest.raises((TypeError, ValueError)):
            layer.backward(wrong)
    assert all(vars(layer)[name] is value for name, value in before.items())
    for got, expected in zip(gradients(layer, example.dout), want, strict=True):
        assert np.array_equal(got, expected)


def test_an_empty_list_is_a_mask_labels_or_indices_of_nothing():
    assert SoftmaxWithLoss().forward(np.zeros((0, 3)), [], []) == 0
    assert Embedding(np.ones((3, 2))).forward([]).shape == (0, 2)
    assert Sum(axis=-1).forward([], []) == 0
    with pytest.raises(TypeError, match=r"mask\.dtype is float64; expected bool"):
        Sum(axis=-1).forward([], np.zeros(0))


@pytest.mark.parametrize(
    ("statistics", "error", "says"),
    [
        (5, TypeError, r"BatchNorm\.forward: statistics is 5; expected \(mean, var\)"),
        (np.zeros((2, 3)), TypeError, r"expected \(mean, var\)"),
        ((np.zeros(3),), TypeError, r"expected \(mean, var\)"),
        ((np.zeros(3), -np.ones(3)), ValueError, r"var has -1\.0; expected 0 or more"),
    ],
)
def test_statistics_that_are_none_are_named(statistics, error, says):
    norm = BatchNorm(np.ones(3), np.zeros(3), statistics=statistics)
    with pytest.raises(error, match=says):
        norm.forward(np.ones((2, 3)))
