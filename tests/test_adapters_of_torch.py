"""Functions and modules of PyTorch, where it is installed: it is nothing that handgrad needs."""

import jax
import jax.numpy as jnp
import pytest

from handgrad.testing import adapters, arrays, check_layer, flags

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.usefixtures("as_found")


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Threads cost much more than such small arrays take."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def check(layer, reference, inputs, **options):
    return check_layer(layer, reference, inputs, max_examples=30, raises=False, **options)


class Softplus(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.clamp(x, min=0) + torch.log1p(torch.exp(-x.abs()))

    @staticmethod
    def backward(ctx, dout):
        (x,) = ctx.saved_tensors
        return dout * torch.sigmoid(x)


class SoftplusOfTheOutput(Softplus):
    @staticmethod
    def backward(ctx, dout):
        (x,) = ctx.saved_tensors
        return dout * torch.sigmoid(Softplus.forward(ctx, x))


class SoftplusInPlace(Softplus):
    @staticmethod
    def backward(ctx, dout):
        (x,) = ctx.saved_tensors
        return dout.mul_(torch.sigmoid(x))


class Shifted(torch.autograd.Function):
    """Gives the very tensor that it gets, of which autograd takes care."""

    @staticmethod
    def forward(_ctx, x):
        return x + 1

    @staticmethod
    def backward(_ctx, dout):
        return dout


class Kept(torch.autograd.Function):
    """Two outputs of two inputs: the first is twice the sum, where it is kept, and the second that of squares."""

    @staticmethod
    def forward(x, y, kept):
        return torch.where(kept, 2 * (x + y), 0), x**2 + y**2

    @staticmethod
    def setup_context(ctx, inputs, _output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, dsum, dsquares):
        x, y, kept = ctx.saved_tensors
        dboth = torch.where(kept, 2 * dsum, 0)
        return dboth + 2 * x * dsquares, dboth + 2 * y * dsquares, None


class KeptAlways(Kept):
    @staticmethod
    def backward(ctx, dsum, dsquares):
        x, y, _ = ctx.saved_tensors
        return 2 * dsum + 2 * x * dsquares, 2 * dsum + 2 * y * dsquares, None


KEPT = arrays(x="N", y="N", kept=flags("N"))


def kept(x, y, kept):
    return jnp.where(kept, 2 * (x + y), 0), x**2 + y**2


class Linear(torch.nn.Module):
    """Is made by sizes; its product has a backward of its own."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(outputs, inputs))
        self.bias = torch.nn.Parameter(torch.zeros(outputs))

    def forward(self, x):
        return self.Product.apply(x, self.weight) + self.bias

    class Product(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, weight):
            ctx.save_for_backward(x, weight)
            return x @ weight.T

        @staticmethod
        def backward(ctx, dout):
            x, weight = ctx.saved_tensors
            return dout @ weight, dout.T @ x


class LinearDeaf(Linear):
    class Product(Linear.Product):
        @staticmethod
        def backward(ctx, dout):
            x, weight = ctx.saved_tensors
            return dout @ weight, torch.ones_like(dout).T @ x


class ByHand(torch.nn.Module):
    """Has a method backward, and takes its params."""

    def __init__(self, weight, bias):
        super().__init__()
        self.weight, self.bias = torch.nn.Parameter(weight), torch.nn.Parameter(bias)

    def forward(self, x):
        self.x = x
        return x @ self.weight.T + self.bias

    def backward(self, dout):
        self.weight.grad = dout.T @ self.x
        self.bias.grad += self.of_bias(dout)
        return dout @ self.weight

    def of_bias(self, dout):
        return dout.sum(axis=0)


class ByHandTwice(ByHand):
    def of_bias(self, dout):
        return 2 * dout.sum(axis=0)


LINEAR = arrays(x="N D", weight="M D", bias="M")
PARAMS = {"weight": "weight", "bias": "bias"}


def linear(x, weight, bias):
    return x @ weight.T + bias


def of_module(kind):
    def make(weight, bias):
        return kind(weight.shape[1], len(bias))

    return adapters.torch_module(make, params=PARAMS)


@pytest.mark.parametrize(
    ("layer", "reference", "inputs"),
    [
        (adapters.torch_function(Softplus), jax.nn.softplus, arrays(x="...")),
        (adapters.torch_function(Shifted), lambda x: x + 1, arrays(x="N")),
        (adapters.torch_function(Kept), kept, KEPT),
        (of_module(Linear), linear, LINEAR),
        (adapters.torch_module(ByHand, params=PARAMS), linear, LINEAR),
    ],
    ids=["function", "same-tensor", "several-outputs", "module", "by-hand"],
)
def test_a_right_layer_passes(layer, reference, inputs):
    report = check(layer, reference, inputs)
    assert report.failed == []
    assert report.without_gradient == []


@pytest.mark.parametrize(
    ("layer", "reference", "inputs", "failed", "said"),
    [
        (
            adapters.torch_function(SoftplusOfTheOutput),
            jax.nn.softplus,
            arrays(x="..."),
            "gradient",
            "backward: dx ",
        ),
        (
            adapters.torch_function(SoftplusInPlace),
            jax.nn.softplus,
            arrays(x="..."),
            "pure",
            "the layer writes into its argument dout, in place",
        ),
        (adapters.torch_function(KeptAlways), kept, KEPT, "gradient", "for a kept that lets everything count"),
        (of_module(LinearDeaf), linear, LINEAR, "gradient", "backward: dweight ignores dout"),
        (
            adapters.torch_module(ByHandTwice, params=PARAMS),
            linear,
            LINEAR,
            "gradient",
            "backward: dbias is 2 times what it should be",
        ),
    ],
    ids=["function", "in-place", "several-outputs", "module", "by-hand"],
)
def test_a_wrong_layer_is_caught(layer, reference, inputs, failed, said):
    report = check(layer, reference, inputs, dtypes=["float64"])
    assert failed in report.failed
    assert said in report.diagnosis


class RunningNorm(torch.nn.BatchNorm1d):
    def forward(self, x):
        return super().forward(x)


class RunningNormTwice(RunningNorm):
    def forward(self, x):
        return super().forward(x) + 0 * super().forward(x)


def running_norm(x, weight, bias, mean, var):
    of_batch, variance, n = x.mean(0), ((x - x.mean(0)) ** 2).mean(0), len(x)
    stop = jax.lax.stop_gradient
    return {
        "out": (x - of_batch) / jnp.sqrt(variance + 1e-5) * weight + bias,
        "mean": stop(0.9 * mean + 0.1 * of_batch),
        "var": stop(0.9 * var + 0.1 * n / (n - 1) * variance),
    }


@pytest.mark.parametrize(("kind", "failed"), [(RunningNorm, []), (RunningNormTwice, ["value"])])
def test_buffers_that_are_declared_are_compared(kind, failed):
    def make(weight, bias):
        assert len(weight) == len(bias)
        return kind(len(weight))

    layer = adapters.torch_module(make, params=PARAMS, state={"mean": "running_mean", "var": "running_var"})
    inputs = arrays(x="N>1 D>0", weight="D", bias="D", mean="D", var="D")
    assert check(layer, running_norm, inputs, dtypes=["float64"]).failed == failed


class Cut(torch.nn.Module):
    def forward(self, x):
        return x.detach() * 2


def test_a_module_that_a_lambda_makes_goes_by_the_name_of_its_class():
    layer = adapters.torch_module(lambda weight, bias: Linear(weight.shape[1], len(bias)), params=PARAMS)
    assert check(layer, linear, LINEAR, dtypes=["float64"]).layer == "Linear"


def test_what_autograd_does_not_see_is_said():
    report = check(adapters.torch_module(Cut), lambda x: 2 * x, arrays(x="..."), dtypes=["float64"])
    assert "autograd has no gradient of what was returned" in report.diagnosis


def test_a_parameter_that_is_not_there_is_named():
    layer = adapters.torch_module(ByHand, params={"weight": "0.weight"})
    report = check(layer, linear, LINEAR, dtypes=["float64"])
    assert "ByHand has no parameter and no buffer '0.weight'; it has weight, bias" in report.diagnosis
