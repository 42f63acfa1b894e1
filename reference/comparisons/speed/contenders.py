"""Who is timed, and how each of them does the same work.

A contender gets everything ready, and returns the step that is timed.
"""

import tracemalloc
from collections.abc import Callable
from importlib import import_module
from itertools import accumulate
from typing import Any

import jax
import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[Any]
Step = Callable[[], Any]

OURS, FLOOR, BOOK, BARE, JAX, TORCH = CONTENDERS = (
    "handgrad",
    "the floor",
    "the book",
    "bare NumPy",
    "`jax.jit`",
    "PyTorch",
)


def by_numpy(layer: Any, inputs: tuple[Any, ...], *dout: Any) -> Step:
    """Let a layer of handgrad, or of the book, go forward and backward."""
    return lambda: (layer.forward(*inputs), layer.backward(*dout))


def copying(*arrays: Numbers) -> Step:
    """Copy the bytes that have to move, to where nothing has to be allocated."""
    there = [np.empty_like(array) for array in arrays]

    def copy() -> None:
        for to, array in zip(there, arrays, strict=True):
            np.copyto(to, array)

    return copy


class Jitted:
    """Let JAX compile the value and the vector-Jacobian product, with its arguments on its device beforehand."""

    def __init__(self, function: Callable[..., Any], *arguments: Any, dout: Any) -> None:
        def value_and_gradients(dout: Any, *arguments: Any) -> Any:
            out, pullback = jax.vjp(function, *arguments)
            return out, pullback(dout)

        self.ready = jax.device_put((dout, *arguments))
        self.compiled: Any = jax.jit(value_and_gradients).lower(*self.ready).compile()

    def __call__(self) -> Any:
        """Compute them."""
        wait: Any = jax.block_until_ready
        return wait(self.compiled(*self.ready))

    def peak(self) -> int:
        """Tell how much memory the compiler has planned for results, and for what is needed on the way."""
        planned = self.compiled.memory_analysis()
        return int(planned.output_size_in_bytes + planned.temp_size_in_bytes)


class ByTorch:
    """Let PyTorch compute the value and the gradients of what is floating."""

    def __init__(self, function: Callable[..., Any], *arguments: Numbers, dout: Any) -> None:
        self.torch: Any = import_module("torch")
        self.torch.set_num_threads(1)
        self.tensors = [self.torch.tensor(each, requires_grad=each.dtype.kind == "f") for each in arguments]
        self.wanted = [each for each in self.tensors if each.requires_grad]
        self.function, self.upstream = function, self.torch.tensor(dout)

    def __call__(self) -> Any:
        """Compute them."""
        out = self.function(self.torch, *self.tensors)
        return out, self.torch.autograd.grad(out, self.wanted, self.upstream)

    def peak(self) -> int:
        """Add up what PyTorch's profiler saw it ask for and give back."""
        with self.torch.profiler.profile(profile_memory=True) as seen:
            self()
        moves = [event for event in seen.profiler.kineto_results.events() if event.name() == "[memory]"]
        held = accumulate(event.nbytes() for event in sorted(moves, key=lambda event: event.start_ns()))
        return max(held, default=0)


def peak(step: Step) -> int:
    """Measure the most memory that a step has at one time, and warm it up."""
    step()
    return step.peak() if isinstance(step, Jitted | ByTorch) else traced_peak(step)


def traced_peak(step: Step) -> int:
    """Measure what NumPy asks for."""
    tracemalloc.start()
    step()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most
