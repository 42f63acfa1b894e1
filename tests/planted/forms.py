"""The same layers as people write them: in functions, with lists, in attributes, by JAX. Some are wrong."""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import strategies as st

from handgrad.testing import adapters, arrays, labels, reals

AFFINE = arrays(x="N D", W="D M", b="M")


def affine(x, W, b):
    return x @ W + b


def affine_forward(x, W, b):
    return x @ W + b, (x, W)


def affine_backward(dout, cache):
    x, W = cache
    return dout @ W.T, x.T @ dout, dout.sum(axis=0)


def affine_backward_by_name(dout, cache):
    dx, dW, db = affine_backward(dout, cache)
    return {"db": db, "dx": dx, "W": dW}


def affine_backward_of_the_first_row(dout, cache):
    dx, dW, _ = affine_backward(dout, cache)
    return dx, dW, dout[:1].sum(axis=0)


def step_forward(x, h):
    y = np.tanh(x + h)
    return 2 * y, y, y.copy()


def step_backward(dtwice, dh, y):
    dsum = (2 * dtwice + dh) * (1 - y**2)
    return dsum, dsum.copy()


def step_backward_deaf(dtwice, dh, y):
    return step_backward(dtwice, 0 * dh, y)


def step(x, h):
    return 2 * jnp.tanh(x + h), jnp.tanh(x + h)


def squares_loss(x, t):
    return ((x - t) ** 2).sum() / 2, x - t


def squares_loss_by_name(x, t):
    return ((x - t) ** 2).sum() / 2, {"dt": t - x, "dx": x - t}


def squares_loss_halved(x, t):
    return ((x - t) ** 2).sum() / 2, (x - t) / 2


def squares(x, t):
    return ((x - t) ** 2).sum() / 2


class Attributes:
    """Leaves every gradient in an attribute."""

    def __init__(self, W, b):
        self.W, self.b = W, b

    def __call__(self, x):
        self.x = x
        return x @ self.W + self.b

    def backprop(self, grad_output):
        self.grad_x, self.grad_w = grad_output @ self.W.T, self.x.T @ grad_output
        self.db = self.of_bias(grad_output)

    def of_bias(self, grad_output):
        return grad_output.sum(axis=0)


class AttributesHalved(Attributes):
    def of_bias(self, grad_output):
        return grad_output.sum(axis=0) / 2


ATTRIBUTES = {"forward": "__call__", "backward": "backprop", "grads": {"x": "grad_x", "W": "grad_w"}}


class Lists:
    """Fills the arrays in a list."""

    def __init__(self, W, b):
        self.params = [W, b]
        self.grads = [np.zeros_like(W), np.zeros_like(b)]

    def forward(self, x):
        self.x = x
        return x @ self.params[0] + self.params[1]

    def backward(self, dout):
        self.grads[0][...] = self.x.T @ dout
        self.grads[1][...] = dout.sum(axis=0)
        return dout @ self.params[0].T


class ListsDoubled(Lists):
    def backward(self, dout):
        dx = super().backward(dout)
        self.grads[0] *= 2
        return dx


LISTS = {"grads": {"W": "grads[0]", "b": "grads[1]"}}


class Sizes:
    """Is made by sizes, draws its own params in float64, and adds to gradients until it is told to clear them."""

    def __init__(self, inputs, outputs):
        shapes, random = {"W": (inputs, outputs), "b": (outputs,)}, np.random.default_rng(0)
        scale = np.sqrt(np.float64(2) / inputs)  # warns of no inputs
        self.parameters = {name: random.normal(0, scale, shape) for name, shape in shapes.items()}
        self.gradients = {name: np.zeros(shape) for name, shape in shapes.items()}

    def forward(self, x):
        self.x = x
        return x @ self.parameters["W"] + self.parameters["b"]

    def backward(self, dout):
        self.gradients["W"] += self.x.T @ dout
        self.gradients["b"] = self.gradients["b"] + dout.sum(axis=0)
        return dout @ self.parameters["W"].T


class SizesNegative(Sizes):
    def backward(self, dout):
        return -super().backward(dout)


def of_sizes(kind):
    def linear(W, b):
        return kind(len(W), len(b))

    places = {name: {each: f"{name}[{each!r}]" for each in "Wb"} for name in ("parameters", "gradients")}
    return adapters.layer(linear, params=places["parameters"], grads=places["gradients"], accumulates=True)


class Network:
    """Its params are a list, and so are its gradients."""

    def __init__(self, params):
        self.params = params

    def forward(self, x):
        self.xs = [x]
        for W in self.params:
            self.xs.append(self.xs[-1] @ W)
        return self.xs[-1].copy()

    def backward(self, dout):
        self.grads = []
        for W, x in zip(self.params[::-1], self.xs[-2::-1], strict=True):
            self.grads.insert(0, x.T @ dout)
            dout = dout @ W.T
        return dout


class NetworkReversed(Network):
    def backward(self, dout):
        dx = super().backward(dout)
        self.grads.reverse()
        return dx


class Weighted:
    """Weighs the sum of any number of arrays."""

    def __init__(self, w):
        self.w = w

    def forward(self, first, *others):
        self.sum, self.number = first + sum(others), 1 + len(others)
        return self.w * self.sum

    def backward(self, dout):
        self.grad = dout * self.sum
        return tuple(dout * self.w for _ in range(self.number))


def weighted(w, *terms):
    return w * sum(terms)


class Product:
    """Returns one gradient, and leaves the other."""

    def forward(self, x, y):
        self.x, self.y = x, y
        return x * y

    def backward(self, dout):
        self.grad_y = dout * self.x
        return dout * self.y


NETWORK = arrays(x="N D", params=["D D", "D D"])


def network(x, params):
    return x @ params[0] @ params[1]


def scaled_tanh(x, w, t):
    return jnp.tanh(x)[t] * w


def with_gradient(of_w):
    function = jax.custom_vjp(scaled_tanh)

    def backward(given, dout):
        x, w, t = given
        slopes = dout * w * (1 - jnp.tanh(x[t]) ** 2)
        return jnp.zeros_like(x).at[t].add(slopes), of_w(dout * jnp.tanh(x[t])), None

    function.defvjp(lambda *given: (scaled_tanh(*given), given), backward)
    return function


TAKEN = arrays(x="V>0", w="N", t=labels("N", classes="V"))


def of_functions(backward):
    return adapters.functions(affine_forward, backward), affine, AFFINE


RIGHT = {
    "functions": of_functions(affine_backward),
    "gradients by name": of_functions(affine_backward_by_name),
    "several outputs": (adapters.functions(step_forward, step_backward), step, arrays(x="N", h="N")),
    "value and gradient": (adapters.value_and_grad(squares_loss), squares, arrays(x="N", t="N")),
    "value and gradients": (adapters.value_and_grad(squares_loss_by_name), squares, arrays(x="N", t="N")),
    "attributes": (adapters.layer(Attributes, **ATTRIBUTES), affine, AFFINE),
    "lists": (adapters.layer(Lists, **LISTS), affine, AFFINE),
    "sizes": (of_sizes(Sizes), affine, AFFINE),
    "nested": (adapters.layer(Network, grads={"params": "grads"}), network, NETWORK),
    "one left": (adapters.layer(Product, grads={"y": "grad_y"}), lambda x, y: x * y, arrays(x="N", y="N")),
    "any number": (adapters.layer(Weighted, grads={"w": "grad"}), weighted, arrays(w="N", a="N", b="N", c="N")),
    "custom_vjp": (adapters.custom_vjp(with_gradient(lambda dw: dw)), scaled_tanh, TAKEN),
}


WRONG = {
    "functions": (
        of_functions(affine_backward_of_the_first_row),
        "affine_forward",
        "db hears only the first row of dout",
    ),
    "several outputs": (
        (adapters.functions(step_forward, step_backward_deaf), step, arrays(x="N", h="N")),
        "step_forward",
        "each of dx and dh does not hear dout[1]",
    ),
    "value and gradient": (
        (adapters.value_and_grad(squares_loss_halved), squares, arrays(x="N", t="N")),
        "squares_loss_halved",
        "dx is 0.5 times what it should be",
    ),
    "attributes": (
        (adapters.layer(AttributesHalved, **ATTRIBUTES), affine, AFFINE),
        "AttributesHalved",
        "db is 0.5 times what it should be",
    ),
    "lists": (
        (adapters.layer(ListsDoubled, **LISTS), affine, AFFINE),
        "ListsDoubled",
        "dW is 2 times what it should be",
    ),
    "sizes": ((of_sizes(SizesNegative), affine, AFFINE), "linear", "dx is -1 times what it should be"),
    "nested": (
        (adapters.layer(NetworkReversed, grads={"params": "grads"}), network, NETWORK),
        "NetworkReversed",
        "dparams[0] is the gradient of params[1]; dparams[1] is the gradient of params[0]",
    ),
    "custom_vjp": (
        (adapters.custom_vjp(with_gradient(jnp.negative)), scaled_tanh, TAKEN),
        "scaled_tanh",
        "dw is -1 times what it should be",
    ),
}


class RunningNorm:
    """Centres and scales the columns of a batch, and keeps averages of what it has seen."""

    def __init__(self, gamma):
        self.gamma, self.running = gamma, {"mean": np.zeros_like(gamma), "var": np.ones_like(gamma)}

    def forward(self, x, train):
        mean, var = (x.mean(axis=0), x.var(axis=0)) if train else self.running.values()
        if train:
            self.average("mean", mean)
            self.average("var", var)
        self.train, self.scale = train, 1 / np.sqrt(var + 1e-3)
        self.z = (x - mean) * self.scale
        return self.gamma * self.z

    def average(self, name, new):
        self.running[name] *= 0.75
        self.running[name] += 0.25 * new

    def backward(self, dout):
        self.dgamma, dz = (dout * self.z).sum(axis=0), dout * self.gamma
        if not self.train:
            return dz * self.scale
        return self.scale * (dz - dz.mean(axis=0) - self.z * (dz * self.z).mean(axis=0))


def running_norm(x, gamma, train, mean, var):
    of_batch = x.mean(0), ((x - x.mean(0)) ** 2).mean(0)
    now = of_batch if train else (mean, var)
    out = gamma * (x - now[0]) / jnp.sqrt(now[1] + 1e-3)
    kept = [0.75 * old + 0.25 * new if train else old for old, new in zip((mean, var), of_batch, strict=True)]
    return {"out": out, **dict(zip(("mean", "var"), map(jax.lax.stop_gradient, kept), strict=True))}


RUNNING = arrays(x="N>0 D", gamma="D", train=st.booleans(), mean="D", var=reals("D", low=0))
STATE = {"mean": "running['mean']", "var": "running['var']"}


class KeepsTheLast(RunningNorm):
    def average(self, name, new):
        super().average(name, new * 2 if name == "var" else new)


class KeepsMore(RunningNorm):
    seen = 0

    def forward(self, x, train):
        self.seen += 1
        return super().forward(x, train) * min(self.seen, 2)
