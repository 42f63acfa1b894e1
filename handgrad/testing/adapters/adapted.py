"""What an adapter makes."""

import functools
import inspect
from collections.abc import Callable, Iterable
from inspect import Parameter
from typing import Any, ParamSpec

P = ParamSpec("P")


class Adapted:
    """Somebody's class or function in another form, which is called as that is.

    Parameters
    ----------
    func
        What was adapted, whose name it goes by.
    call
        What calling it does.
    parameters
        What it takes, if that is not what `func` does.
    takes_all
        Whether it is called with all inputs, as a function is that returns (out, pullback).

    Attributes
    ----------
    again
        The call that makes it, for the script of a page.
    """

    again: "functools.partial[Adapted]"

    def __init__(
        self,
        func: Callable[..., Any],
        call: Callable[..., Any],
        parameters: Iterable[Parameter] | None = None,
        takes_all: bool = True,
    ) -> None:
        self.func, self.call, self.takes_all = func, call, takes_all
        self.__signature__ = inspect.signature(func) if parameters is None else inspect.Signature([*parameters])

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Call it, as `func` is called."""
        return self.call(*args, **options)


def adapter(adapt: Callable[P, Adapted]) -> Callable[P, Adapted]:
    """Let what an adapter makes remember how it was made."""

    @functools.wraps(adapt)
    def make(*args: P.args, **options: P.kwargs) -> Adapted:
        adapted = adapt(*args, **options)
        adapted.again = functools.partial(make, *args, **options)
        return adapted

    return make
