"""Functions and modules of PyTorch, which is imported when one is adapted or run."""

import importlib
from collections.abc import Callable
from functools import partial
from inspect import Parameter
from typing import Any

import jax
import numpy as np

from handgrad.testing.adapters.adapted import Adapted, adapter
from handgrad.testing.adapters.layers import Form, adapted, with_parameters
from handgrad.testing.adapters.places import places
from handgrad.testing.subject import parameters_of


@adapter
def torch_function(function: Any) -> Adapted:
    """Take a subclass of `torch.autograd.Function`, which is applied to the inputs in the order of its forward.

    It gets tensors that lie in the memory of NumPy's arrays, so that it is seen where it writes into an argument;
    what it gives is copied. What autograd takes care of itself is not there to be seen: it sums a gradient over
    broadcast axes, casts it to the dtype of its input, and lets a backward return the very tensor that it got.
    """
    plain = _torch().autograd.Function.setup_context
    behind = 1 if function.setup_context is plain else 0  # otherwise, forward gets no context
    parameters = [*parameters_of(function.forward).values()][behind:]

    def run(*inputs: Any) -> tuple[Any, Callable[[Any], Any]]:
        given = _tensors(inputs, tracked=True)
        out = function.apply(*given)
        return _arrays(out), lambda dout: _arrays(_vjp(out, given, dout))

    return Adapted(function, run, map(_by_position, parameters))


def _by_position(parameter: Parameter) -> Parameter:
    is_variadic = parameter.kind is Parameter.VAR_POSITIONAL
    return parameter if is_variadic else parameter.replace(kind=Parameter.POSITIONAL_ONLY)


@adapter
def torch_module(
    make: Callable[..., Any], *, params: dict[str, str] | None = None, state: dict[str, str] | None = None
) -> Adapted:
    """Take a class of `torch.nn.Module`, or a factory such as ``lambda W, b: Linear(*W.shape)``.

    Its own dtype is made that of its inputs. If it has a method backward, that is called, and leaves gradients in the
    ``grad`` of params; otherwise, autograd is asked. What is not there to be seen is what `torch_function` says.

    Parameters
    ----------
    make
        The class or the factory.
    params
        Into which parameters the arguments of `make` are put, by PyTorch's names: ``{"W": "0.weight"}``.
    state
        The buffers that may be kept from one forward to the next, ``{"mean": "running_mean"}``: `adapters.layer` says
        what that means for the reference.
    """
    params, grads, state = _named("tensors", params), _named("grads", params), _named("tensors", state)
    form = Form("forward", "backward", False, *places(params=params, grads=grads, state=state))
    return adapted(make, partial(Module, make), form)


def _named(what: str, names: Any) -> Any:
    return {name: f"{what}[{text!r}]" for name, text in names.items()} if isinstance(names, dict) else names


class Module:
    """A module as a layer of NumPy's arrays. What is in it goes by PyTorch's names."""

    def __init__(self, make: Callable[..., Any], /, *args: Any, **given: Any) -> None:
        self.module = make(*_tensors(args), **_tensors(given))
        self.by_hand = hasattr(self.module, "backward")
        self.adapted_class = type(self.module)
        self.tensors, self.grads = Tensors(self.module), dict[str, Any]()
        self.forward = with_parameters(self._forward, self.module.forward)

    def _forward(self, *inputs: Any, **options: Any) -> Any:
        self.given = _tensors(inputs, not self.by_hand), _tensors(options, not self.by_hand)
        for each in filter(_is_floating, jax.tree.leaves(self.given)):
            self.module.to(each.dtype)
        with _torch().set_grad_enabled(not self.by_hand):
            self.out = self.module(*self.given[0], **self.given[1])
        return _arrays(self.out)

    def backward(self, *douts: Any) -> Any:
        """Call the module's own backward, or ask autograd."""
        parameters = dict(self.module.named_parameters())
        if self.by_hand:
            for each in parameters.values():
                each.grad = _torch().zeros_like(each)
            with _torch().no_grad():
                returned = self.module.backward(*_tensors(douts))
            self.grads = _arrays({name: each.grad for name, each in parameters.items()})
            return _arrays(returned)
        (args, named), grads = _vjp(self.out, (self.given, parameters), douts)
        self.grads = _arrays(grads)
        return _arrays((*args, *named.values()))


class Tensors:
    """The parameters and buffers of a module, as arrays by their names."""

    def __init__(self, module: Any) -> None:
        self.module = module

    def named(self, name: str) -> Any:
        """Give one by its name."""
        tensors = dict(self.module.named_parameters()) | dict(self.module.named_buffers())
        if name not in tensors:
            raise ValueError(
                f"{type(self.module).__name__} has no parameter and no buffer {name!r}; it has {', '.join(tensors)}"
            )
        return tensors[name]

    def __getitem__(self, name: str) -> Any:
        return _arrays(self.named(name))

    def __setitem__(self, name: str, array: Any) -> None:
        # contiguous, as a parameter is: batch_norm of PyTorch 2.13 gives a wrong dx for one with strides
        self.named(name).data = _tensors(np.asarray(array, order="C"))


def _vjp(out: Any, given: Any, dout: Any) -> Any:
    """Ask autograd for the gradients of all tensors that are given, in the tuples and dicts that these are in."""
    leaves, structure = jax.tree.flatten(given)
    wanted = [each for each in leaves if getattr(each, "requires_grad", False)]
    pairs = zip(jax.tree.leaves(out), jax.tree.leaves(_tensors(dout)), strict=True)
    heard = [(each, upstream) for each, upstream in pairs if each.requires_grad]
    if not heard:
        raise TypeError(
            "autograd has no gradient of what was returned; expected it to come from the inputs by PyTorch"
        )
    outs, douts = zip(*heard, strict=True)
    found = _torch().autograd.grad(outs, wanted, douts, retain_graph=True, allow_unused=True)
    grads = dict(zip(map(id, wanted), found, strict=True))
    return jax.tree.unflatten(structure, [grads.get(id(each)) for each in leaves])


def _tensors(tree: Any, tracked: bool = False) -> Any:
    """Make tensors of arrays, in their memory; autograd may keep track of floating ones."""
    return jax.tree.map(lambda each: _tensor(each, tracked) if isinstance(each, np.ndarray) else each, tree)


def _is_floating(thing: Any) -> bool:
    return isinstance(thing, _torch().Tensor) and bool(thing.is_floating_point())


def _tensor(array: Any, tracked: bool) -> Any:
    backwards = any(step < 0 for step in array.strides)  # which PyTorch does not have
    tensor = _torch().from_numpy(array.copy() if backwards else array)
    return tensor.requires_grad_() if tracked and _is_floating(tensor) else tensor


def _arrays(tree: Any) -> Any:
    """Make arrays of tensors, in memory of their own."""
    kind = _torch().Tensor
    return jax.tree.map(lambda each: each.detach().numpy().copy() if isinstance(each, kind) else each, tree)


def _torch() -> Any:
    return importlib.import_module("torch")
