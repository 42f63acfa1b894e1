"""The networks that are trained beside JAX: what they are given, how they are compared, and how they are judged."""

import math
import sys
import unicodedata
from dataclasses import replace
from functools import partial
from itertools import pairwise

import jax
import numpy as np
import pytest

import handgrad
import reference.__main__ as command
from reference.activations import sigmoid
from reference.cases import CASES
from reference.comparisons.networks import NETWORKS
from reference.comparisons.networks.convolutional import CONVOLUTIONAL, convolutional
from reference.comparisons.networks.digits import DIGITS
from reference.comparisons.networks.network import Batch, loss_in_jax
from reference.comparisons.networks.syllables import EACH, SCRIPTS, split_syllables, syllables
from reference.comparisons.networks.text import PADDING, padded, without_padding
from reference.comparisons.networks.transformer import TRANSFORMER
from reference.comparisons.networks.two_layers import TWO_LAYERS
from reference.comparisons.networks.zen import ALPHABET, END, LINES, lines, zen
from reference.comparisons.pages.networks import facts, networks_page
from reference.comparisons.pieces import Plan
from reference.comparisons.side_by_side import MOMENTUM, Descent, SideBySide, masked_difference
from reference.comparisons.training import Training, accuracy, epoch, loss_of_frequencies, train
from tests.conftest import PROFILE

SHARE = {"quick": 10, "default": 4, "thorough": 1}[PROFILE]  # one of so many epochs: they learn some of what they can


def random():
    return np.random.default_rng(0)


# Trainings


@pytest.fixture(scope="module", params=NETWORKS, ids=lambda network: network.figure)
def training(request):
    return train(replace(request.param, epochs=request.param.epochs // SHARE))


def test_a_network_learns_and_the_same_in_handgrad_and_in_jax(training):
    steps = training.learnt // training.network.batch
    assert len(training.losses) == len(training.differences) == training.network.epochs * steps
    assert np.allclose(training.losses, training.jax_losses, rtol=1e-9)
    assert command.close(training)
    assert max(training.last_losses) < training.losses[0]
    assert command.learnt(training) or SHARE > 1


def test_a_training_tells_four_times_how_far_it_is():
    told = []
    train(replace(TWO_LAYERS, epochs=2), tell=told.append)
    assert [line.split(":")[0] for line in told] == [f"step {step:>5} of 28" for step in (7, 14, 21, 28)]


def with_sigmoid(params, x):
    return sigmoid(x @ params["W1"] + params["b1"]) @ params["W2"] + params["b2"]


def test_networks_that_compute_something_else_come_apart():
    assert not command.close(train(replace(TWO_LAYERS, in_jax=with_sigmoid, epochs=1), tell=lambda _: None))


def test_each_goes_where_its_own_gradients_lead_it():
    learnt, _ = DIGITS.examples(random())
    first = TWO_LAYERS.initial_params(random())
    both = SideBySide(replace(TWO_LAYERS, in_jax=with_sigmoid), TWO_LAYERS.initial_params(random()))
    both.step(learnt, learnt, [learnt])
    net, loss = TWO_LAYERS.make(first), partial(loss_in_jax, with_sigmoid)
    net.gradient(learnt)
    for params, grads in ((both.params, net.grads), (both.jax_params, jax.grad(loss)(first, learnt))):
        for name, grad in grads.items():
            assert np.allclose(params[name], first[name] - TWO_LAYERS.learning_rate * grad, rtol=0, atol=1e-15)


def test_a_step_down_has_a_part_of_the_one_before_in_it():
    params = {"x": np.array([1.0])}
    descent = Descent(params, 0.1)
    for x in (0.9, 0.9 - 0.1 - MOMENTUM * 0.1):
        descent.step({"x": np.array([1.0])})
        assert params["x"] == pytest.approx(x)


def made(**spoiled):
    losses, differences = np.array([2.0, 0.5]), np.array([1e-16, 2e-16])
    training = Training(TWO_LAYERS, losses, losses, differences, differences, 0.98, 0.98, 2.3, 100, 10)
    return replace(training, **spoiled)


def test_a_training_that_learns_the_same_agrees():
    assert command.agreement(made())


@pytest.mark.parametrize(
    "spoiled",
    [
        {"differences": np.array([2e-12, 0.0])},
        {"differences": np.array([0.0, math.nan])},
        {"masked_differences": np.array([2e-12, 0.0])},
        {"jax_losses": np.array([2.0, 0.5 + 2e-12])},
        dict.fromkeys(("losses", "jax_losses"), np.array([2.0, 1.2])),
        {"accuracy": 0.94},
        {"jax_accuracy": 0.94},
    ],
)
def test_a_training_that_comes_apart_or_learns_little_is_no_agreement(spoiled):
    assert not command.agreement(made(**spoiled))


def test_a_network_that_learns_little_makes_the_command_fail(capsys, monkeypatch):
    monkeypatch.setattr(command, "compare_layers", lambda _: ([], True))
    for trained, code in ((made(), 0), (made(accuracy=0.5), 1)):
        monkeypatch.setattr(command, "compare_training", lambda *_, trained=trained: trained)
        assert command.compare(Plan(CASES, 1, 0), writing=False) == code
    assert "NOT everything agrees" in capsys.readouterr().out


def test_the_command_prints_what_is_learnt_and_how_it_went(capsys):
    training = command.compare_training(replace(TWO_LAYERS, epochs=1), 0)
    first, *_, last = capsys.readouterr().out.strip().splitlines()
    assert first.startswith(
        "The book's two-layer network, in float64: Affine, Relu, Affine, SoftmaxWithLoss. It tells"
    )
    assert last.split()[-1] == f"{training.masked_differences.max():.2g}"


def test_a_gradient_that_is_not_a_number_is_a_difference_that_is_none(monkeypatch):
    def none_of_b1(params):
        net = TWO_LAYERS.make(params)
        with_nan = {name: np.full_like(array, math.nan) if name == "b1" else array for name, array in params.items()}
        monkeypatch.setattr(type(net), "grads", property(lambda _: with_nan))
        return net

    assert np.isnan(train(replace(TWO_LAYERS, make=none_of_b1, epochs=1), tell=lambda _: None).differences).all()


def test_the_facts_and_the_page_say_how_it_went():
    about = [about for about, *_ in facts(made())]
    assert about[2] == "accuracy on 10 digits held back"
    assert max(map(len, about)) <= 43, "the command's column is as wide"
    page = networks_page([made()])
    assert "## The book's two-layer network" in page
    assert "| loss of the frequencies alone (unigram) | 2.300000 |" in page
    assert "It learns from 100 digits, in 2 steps of 100." in page.replace("\n", " ")


# Comparing and judging


def test_batches_of_an_epoch_have_every_row_once_but_those_that_are_left_over():
    examples = Batch(np.arange(10), np.arange(10))
    batches = epoch(random(), examples, 3)
    met = np.concatenate([batch.x for batch in batches])
    assert [len(batch.x) for batch in batches] == [3, 3, 3]
    assert len(set(met)) == 9
    assert (met != np.arange(9)).any()


def test_a_batch_that_is_not_the_mean_of_its_parts_is_a_difference():
    batch, _ = DIGITS.examples(random())
    net = TWO_LAYERS.make(TWO_LAYERS.initial_params(random()))
    halves = [batch.of(slice(1000)), batch.of(slice(1000, None))]
    assert masked_difference(net, batch, halves) < 1e-15
    assert masked_difference(net, batch, halves[:1]) > 1e-4


def test_the_loss_of_the_frequencies_is_the_entropy_of_the_classes_that_count():
    t = np.array([[0, 1], [2, 3], [5, 5]])
    counts = np.array([[True, True], [True, True], [False, False]])
    assert loss_of_frequencies(Batch(t, t, counts=counts)) == pytest.approx(math.log(4))
    assert loss_of_frequencies(Batch(t, t)) > math.log(4)


def test_an_accuracy_is_that_of_what_counts():
    net = convolutional(CONVOLUTIONAL.initial_params(random()))
    x = random().random((4, 64))
    right = net.scores(Batch(x, None)).argmax(axis=-1)
    t, counts = np.where(np.arange(4) < 2, right, (right + 1) % 10), np.arange(4) < 3
    assert accuracy(net, Batch(x, t)) == 0.5
    assert accuracy(net, Batch(x, t, counts=counts)) == pytest.approx(2 / 3)


def test_initial_weights_keep_the_size_of_what_they_are_multiplied_by():
    params = CONVOLUTIONAL.initial_params(random())
    assert np.std(params["W2"]) == pytest.approx(math.sqrt(2 / 256), rel=0.05)
    assert np.std(params["W1"]) == pytest.approx(math.sqrt(2 / 9), rel=0.2)
    assert np.std(TRANSFORMER.initial_params(random())["E"]) == pytest.approx(math.sqrt(2), rel=0.05)
    assert (params["gamma"] == 1).all()
    assert not params["beta"].any()


# What is learnt


def test_a_digit_that_is_masked_has_no_label_and_is_in_no_statistic():
    batch, _ = DIGITS.examples(random())
    masked, (part,) = CONVOLUTIONAL.task.unmasked(batch.of(slice(100)), random())
    assert np.count_nonzero(masked.t == -1) == 25
    assert len(part.x) == 75
    net = convolutional(CONVOLUTIONAL.initial_params(random()))
    assert np.allclose(net.scores(masked)[masked.counts], net.scores(part), rtol=0, atol=1e-12)
    assert not np.allclose(net.scores(masked._replace(mask=None))[masked.counts], net.scores(part), rtol=0, atol=1e-3)


def test_a_convolutional_network_reads_a_digit_whatever_stands_beside_it():
    batch, _ = DIGITS.examples(random())
    params, one = CONVOLUTIONAL.initial_params(random()), batch.of(slice(1))
    reading = CONVOLUTIONAL.reads(params, epoch(random(), batch, 100))
    learning = CONVOLUTIONAL.make(params)
    assert np.allclose(reading.scores(one), reading.scores(batch)[:1], rtol=0, atol=1e-12)
    assert not np.allclose(learning.scores(one), learning.scores(batch)[:1], rtol=0, atol=1e-3)


def test_in_the_end_the_reader_reads_and_gets_an_epoch_of_batches():
    batches = []

    def ignorant(params, seen):
        batches.append(len(seen))
        return TWO_LAYERS.make({name: np.zeros_like(array) for name, array in params.items()})

    training = train(replace(TWO_LAYERS, epochs=1, reader=ignorant), tell=lambda _: None)
    assert max(training.accuracy, training.jax_accuracy) < 0.2
    assert batches == [14, 14]


def test_it_reads_with_the_running_average_of_the_statistics_of_batches():
    batch, _ = DIGITS.examples(random())
    params = CONVOLUTIONAL.initial_params(random())
    batches = epoch(random(), batch, 500)
    filters = handgrad.Convolution(params["W1"], params["b1"], pad="same")
    first, second = (filters.forward(each.x.reshape(-1, 1, 8, 8)) for each in batches)
    used = CONVOLUTIONAL.reads(params, batches).network.layers[1].statistics
    for name, statistic in (("mean", np.mean), ("var", np.var)):
        expected = 0.9 * statistic(first, axis=(0, 2, 3)) + 0.1 * statistic(second, axis=(0, 2, 3))
        assert np.allclose(getattr(used, name), expected)


def test_the_zen_is_not_printed(capsys, monkeypatch):
    monkeypatch.delitem(sys.modules, "this")
    assert zen()[0] == "The Zen of Python, by Tim Peters"
    assert len(LINES) == 20
    assert capsys.readouterr().out == ""


def text_of(row):
    return "".join(ALPHABET[index] for index in row if index != PADDING)


def test_after_each_character_of_a_line_comes_the_next():
    whole, _ = lines(random())
    for line, x, t, mask in zip(LINES, *whole[:3], strict=True):
        assert (text_of(x), text_of(t)) == (END + line, line + END)
        assert mask.sum() == len(line) + 1
    assert (whole.mask == whole.counts).all()


def test_a_character_is_guessed_from_those_before_it_alone():
    whole, _ = lines(random())
    net, changed = TRANSFORMER.make(TRANSFORMER.initial_params(random())), whole.x.copy()
    changed[:, 10] = (changed[:, 10] + 1) % len(ALPHABET)
    before, after = net.scores(whole), net.scores(whole._replace(x=changed))
    assert np.array_equal(before[:, :10], after[:, :10])
    assert (before[:, 10:19] != after[:, 10:19]).any(axis=-1).all()


def test_there_are_as_many_syllables_of_each_script_some_of_them_held_back():
    learnt, held_back = split_syllables(random())
    t = np.concatenate([learnt.t, held_back.t])
    assert np.bincount(t).tolist() == [EACH] * len(SCRIPTS)
    assert len(held_back.t) == math.ceil(len(t) / 5)
    for start, places in SCRIPTS.items():
        of_script = syllables(start, places)
        assert {unicodedata.lookup(start + each) for each in of_script} <= set(map(chr, places))
        assert all(each.isascii() and each.isupper() for each in of_script)


def test_padding_is_behind_what_is_there_and_exists_in_no_alphabet():
    assert padded(["ab", "", "c"], "abc").tolist() == [[0, 1], [PADDING, PADDING], [2, PADDING]]
    with pytest.raises(IndexError):
        handgrad.Embedding(np.ones((3, 1))).forward([PADDING])


@pytest.mark.parametrize("examples", [lines, split_syllables])
def test_sequences_without_padding_are_those_with(examples):
    batch, _ = examples(random())
    some, parts = without_padding(batch, random())
    assert all(each.mask is each.counts is None and PADDING not in each.x for each in parts)
    assert all(one.x.shape[1] < other.x.shape[1] for one, other in pairwise(parts))
    shown = sorted(tuple(row) for part in parts for row in part.x)
    assert shown == sorted(tuple(row[row != PADDING]) for row in some.x)
    assert sum(part.t.size for part in parts) == (len(some.t) if some.counts is None else some.counts.sum())


def test_the_networks_are_trained_in_float64_whatever_jax_is_set_to():
    with jax.enable_x64(False):
        training = train(replace(TWO_LAYERS, epochs=1), tell=lambda _: None)
    assert command.close(training)
