"""One example: a layer, its oracle, drawn inputs, and the results that several properties look at."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from handgrad.testing.inputs import Inputs
from handgrad.testing.inputs.axes import Sizes
from handgrad.testing.oracle import Exact, Oracle
from handgrad.testing.oracle.agreement import LIMIT, overflows, units_of_each
from handgrad.testing.outputs import Outputs, called, gradients, values
from handgrad.testing.subject import AnyArray, Results, Run, Subject


class Complaint(AssertionError):
    """A property that does not hold, in one sentence. `trial` is set where it is about an example of its own."""

    def __init__(self, sentence: str, trial: "Trial | None" = None) -> None:
        super().__init__(sentence)
        self.trial = trial


DOUBTFUL = 1e5  # errors up to here may be rounding that few replays meet, as where exp or a jump follows cancellation


@dataclass
class Trial:
    """One example. What follows `dtype` is drawn for the properties that want it.

    The layer only ever gets copies of `inputs` and `douts`.

    Parameters
    ----------
    described
        What the inputs were drawn from.
    sizes
        How long the axes are.
    inputs
        The arrays among the arguments.
    options
        Whatever else was drawn: an axis, a mode.
    outputs
        What the layer has to return.
    douts
        An upstream gradient for each output: "dout" for a single one.
    kinks
        Arrays to take instead where the description declares kinks, and upstream gradients that go with them.
    layout
        A key of LAYOUTS.
    relaid
        The arrays that are laid out so: all, or a single one.
    poison
        What a mask is to hide.
    held
        The inputs that rounding is not expected to change, as at a kink.
    earlier
        The options of another example, for a call before.
    """

    subject: Subject
    oracle: Oracle
    described: Inputs
    sizes: Sizes
    inputs: Mapping[str, AnyArray]
    options: Mapping[str, Any]
    outputs: Outputs
    douts: Mapping[str, AnyArray]
    dtype: np.dtype[Any]
    kinks: Mapping[str, AnyArray]
    layout: str
    relaid: tuple[str, ...]
    poison: float
    held: tuple[str, ...] = ()
    earlier: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def given(self) -> Results:
        """The very arrays that the first run gets, with upstream gradients among them."""
        return copies(self.arrays)

    @property
    def arrays(self) -> Results:
        """The inputs and the upstream gradients."""
        return {**self.inputs, **self.douts}

    @property
    def other_douts(self) -> Results:
        """Other upstream gradients of the same shapes."""
        # without axes, what is computed of an array is none any more
        return {name: np.asarray(1 - dout) for name, dout in self.douts.items()}

    @cached_property
    def run(self) -> Run:
        """The layer of the first run."""
        return self.build(self.given)

    def build(self, inputs: Mapping[str, AnyArray]) -> Run:
        """Make a new layer."""
        return self.subject.build({**inputs, **self.options})

    def forward(self, run: Run, inputs: Mapping[str, AnyArray]) -> Results:
        """Call a layer's forward on these arrays, and on the options."""
        return self.outputs.named(run.forward({**inputs, **self.options}))

    def backward(self, run: Run, douts: Mapping[str, AnyArray]) -> Results:
        """Call a layer's backward on these upstream gradients."""
        return run.backward(*self.outputs.arguments(douts))

    @cached_property
    def _first(self) -> tuple[Results, list[warnings.WarningMessage]]:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            out = self.forward(self.run, self.given)
            return {**out, **self.backward(self.run, self.given)}, warned

    @property
    def results(self) -> Results:
        """The results of the first run: every output, and every gradient."""
        return self._first[0]

    @property
    def warned(self) -> list[warnings.WarningMessage]:
        """The warnings of the first run."""
        return self._first[1]

    @cached_property
    def kept(self) -> Results:
        """Copies of the results, as they were when they were returned."""
        return copies(self.results)

    @cached_property
    def again(self) -> Results:
        """What backward says when it is called again on the first layer."""
        _ = self.kept
        return copies(self.backward(self.run, copies(self.douts)))

    @property
    def truth(self) -> dict[str, Exact]:
        """What the results must be."""
        return self._judged[0]

    @property
    def errors(self) -> Results:
        """The error of every element in units, of each result that has the shape of the true one."""
        return self._judged[1]

    @property
    def blamed(self) -> Results:
        """The errors of results that are not excused."""
        return {name: error for name, error in self.errors.items() if name not in self.excused}

    @cached_property
    def excused(self) -> frozenset[str]:
        """The results that JAX itself, with the reference in the dtype under test, gets as wrong.

        Scores that differ may tie in a narrow dtype, what fits may overflow on the way, and many equal terms may all
        round one way: no layer of this dtype can do what its reference cannot.
        """
        worst = {name: float(error.max(initial=0)) for name, error in self.errors.items()}
        most = np.inf if self.dtype.itemsize < 8 else DOUBTFUL  # float64 leaves the tail of rounding to excuse
        wrong = {name: error for name, error in worst.items() if LIMIT < error <= most}
        if not wrong:
            return frozenset()
        dout, wrt = self.outputs.together(self.douts), tuple(gradients(self.results))
        try:
            theirs = self.oracle.natively({**self.inputs, **self.options}, dout, wrt)
        except Exception:  # a reference may well be for float64 alone
            return frozenset()
        errors = self._errors({name: theirs[name] for name in wrong}, self.truth)
        return frozenset(
            name for name, error in errors.items() if error.max() > LIMIT and LIMIT * error.max() >= wrong[name]
        )

    @cached_property
    def _judged(self) -> tuple[dict[str, Exact], Results]:
        return self.judge(self.kept)

    def judge(self, results: Results) -> tuple[dict[str, Exact], Results]:
        """Give what results for these inputs must be, and the errors of those that have its shape."""
        truth = self._asked
        errors = self._errors(results, truth)
        worst = [float(each.max(initial=0)) for each in errors.values()]
        if any(map(self._is_doubtful, worst)):
            truth = self.ask(self.inputs, self.douts, thoroughly=True)
            errors = self._errors(results, truth)
        return truth, errors

    def _is_doubtful(self, error: float) -> bool:
        """Tell whether rounding may explain an error: more so where it decides which branch is taken."""
        most = np.inf if error > DOUBTFUL and self.oracle.decides({**self.inputs, **self.options}) else DOUBTFUL
        return LIMIT < error < most

    @cached_property
    def _asked(self) -> dict[str, Exact]:
        return self.ask(self.inputs, self.douts)

    def ask(
        self, inputs: Mapping[str, AnyArray], douts: Mapping[str, AnyArray], thoroughly: bool = False
    ) -> dict[str, Exact]:
        """Ask the oracle for the outputs and for the gradients that the layer gives."""
        dout, wrt = self.outputs.together(douts), tuple(gradients(self.results))
        return self.oracle({**inputs, **self.options}, dout, wrt, thoroughly, self.held)

    def ask_plainly(self, inputs: Mapping[str, AnyArray]) -> Results:
        """Ask JAX itself, uncompiled."""
        dout, wrt = self.outputs.together(self.douts), tuple(gradients(self.results))
        return self.oracle.plainly({**inputs, **self.options}, dout, wrt)

    def fresh(self, inputs: Mapping[str, AnyArray], douts: Mapping[str, AnyArray]) -> Results:
        """Run a new layer on exactly these arrays."""
        run = self.build(inputs)
        return {**self.forward(run, inputs), **self.backward(run, douts)}

    def _errors(self, results: Results, truth: Mapping[str, Exact]) -> Results:
        """Give the errors of results, if this is the truth.

        Where the true value overflows, its gradient may be beyond the dtype as well, and is not judged. Nor is that
        for which the reference has no number.
        """
        judged = values(results) if self.overflows(truth) else results
        comparable = [name for name in judged if results[name].shape == truth[name].value.shape]
        errors = units_of_each({name: results[name] for name in comparable}, truth, self.dtype)
        none = unknown(results, truth)
        return {name: np.where(none[name], 0, error) for name, error in errors.items()}

    def overflows(self, truth: Mapping[str, Exact]) -> bool:
        """Tell whether the dtype is too narrow for a true output."""
        return any(overflows(exact, self.dtype) for exact in values(truth).values())


def unknown(results: Results, truth: Mapping[str, Exact]) -> Results:
    """Mark where the reference has no number, in each of its results.

    Beside a value that has none, a gradient that is NaN has no better one; and where the layer has a value that the
    reference has not, they are other functions, whose gradients are not compared.
    """
    none = {name: np.isnan(exact.value) for name, exact in truth.items()}
    if not any(each.any() for each in values(none).values()):
        return none
    nan = {name: np.isnan(each) for name, each in results.items() if each.shape == none[name].shape}
    apart = any((none[name] & ~each).any() for name, each in values(nan).items())
    return {**none, **{name: none[name] | each | apart for name, each in gradients(nan).items()}}


def expect_close(got: Mapping[str, AnyArray], want: Mapping[str, Exact], errors: Mapping[str, AnyArray]) -> None:
    """Complain of the worst element that differs from the true result by more than rounding explains."""
    for name, error in errors.items():
        expect_within_limit(name, got[name], want[name], error)


def expect_within_limit(name: str, got: AnyArray, want: Exact, error: AnyArray, what: str = "") -> None:
    """Complain of the worst element if its error, in units, is above the limit."""
    if error.max(initial=0) > LIMIT:
        worst = np.unravel_index(int(error.argmax()), error.shape)
        index = f"[{', '.join(str(i) for i in worst)}]" if worst else ""
        raise Complaint(
            f"{called(name)}{index} is {got[worst]!s}{what}; expected {want.value[worst]!s}, "
            f"which is {error[worst]:.3g} units away (limit {LIMIT:.0f})"
        )


def expect_identical(got: Mapping[str, AnyArray], want: Mapping[str, AnyArray], what: str) -> None:
    """Complain unless all arrays are equal."""
    for name, array in got.items():
        if not identical(array, want[name]):
            raise Complaint(f"{called(name)} {what}: it is {brief(array)}, and was {brief(want[name])}")


def identical(a: AnyArray, b: AnyArray) -> bool:
    """Compare shape, dtype and every number; NaN is NaN, and -0 is 0."""
    alike = a.shape == b.shape and a.dtype == b.dtype
    return alike and (a.tobytes() == b.tobytes() or np.array_equal(a, b, equal_nan=True))


def copies(arrays: Mapping[str, AnyArray]) -> Results:
    """Copy each array."""
    return {name: array.copy() for name, array in arrays.items()}


def brief(array: AnyArray) -> str:
    """Write an array in one line: where that is long, its first and last elements, and its shape."""
    line = " ".join(np.array2string(array, threshold=12).split())
    if len(line) <= 200:
        return line
    ends = np.array2string(array.ravel(), threshold=6)  # of several axes, each would show six places
    return f"{' '.join(ends.split())} in the shape {array.shape}"
