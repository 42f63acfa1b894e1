"""Activation functions made of exponentials, which level off on one side or on both."""

import numpy as np
import numpy.typing as npt

from handgrad.checks import Array, Shape, above_0, double, floating, ieee, number, remembered, upstream, wide
from handgrad.functions import log_sigmoid, sigmoid


class Tanh:
    """Squash to the interval from -1 to 1: out = tanh(x) = sinh(x) / cosh(x).

    Shapes
    ------
    x, dx, out, dout : any

    Derivation
    ----------
    Nudge x. The derivatives of sinh = (exp(x) - exp(-x)) / 2 and cosh = (exp(x) + exp(-x)) / 2 are each other. So by
    the quotient rule,

        δout = (cosh² - sinh²) / cosh² ⊙ δx = (1 - out²) ⊙ δx

    Take the inner product with dout and free the nudge:

        ⟨dout, δout⟩ = ⟨dout ⊙ (1 - out²), δx⟩

    so that dx = dout ⊙ (1 - out) ⊙ (1 + out): nothing but the output is needed. Near 1 and -1 these factors lose
    nothing, where out² would be rounded before it is subtracted.

    For large |x|, out rounds to 1 or -1 and dx is exactly 0 (beyond |x| ≈ 10 in float32, 19 in float64), although the
    true slope is 4 exp(-2|x|). JAX does the same (in float32 beyond 8).

    Examples
    --------
    >>> tanh = Tanh()
    >>> tanh.forward([0.0, -1.0])
    array([ 0.        , -0.76159416])
    >>> tanh.backward([1.0, 1.0])
    array([1.        , 0.41997434])
    """

    out: Array  # any shape, read-only
    out_shape: Shape

    def forward(self, x: npt.ArrayLike) -> Array:
        """Compute tanh(x)."""
        x = floating("Tanh.forward", "x", x)
        self.out = remembered(np.asarray(np.tanh(wide(x)), x.dtype))
        self.out_shape = x.shape
        return self.out

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx."""
        dout = upstream(self, dout)
        dx = dout * (1 - self.out) * (1 + self.out)
        return np.asarray(dx, self.out.dtype)


class Softplus:
    """Round off the corner of Relu: out = log(1 + exp(beta x)) / beta.

    Shapes
    ------
    x, dx, out, dout : any

    Derivation
    ----------
    Nudge x. By the rules for log and exp, in which beta goes out against the 1 / beta outside,

        δout = exp(beta x) / (1 + exp(beta x)) ⊙ δx = σ(beta x) ⊙ δx

    Take the inner product with dout and free the nudge:

        ⟨dout, δout⟩ = ⟨dout ⊙ σ(beta x), δx⟩

    so that dx = dout ⊙ σ(beta x): from the corner of Relu, rounded off, comes its step, rounded off.

    Examples
    --------
    >>> softplus = Softplus()
    >>> softplus.forward([-1000.0, 0.0, 1000.0])
    array([0.00000000e+00, 6.93147181e-01, 1.00000000e+03])
    >>> softplus.backward([1.0, 1.0, 1.0])
    array([0. , 0.5, 1. ])
    """

    beta: float
    used: float  # beta as forward used it
    x: Array  # any shape
    out_shape: Shape

    def __init__(self, beta: float = 1.0) -> None:
        self.beta = above_0("Softplus", "beta", beta, "it divides")

    @ieee
    def forward(self, x: npt.ArrayLike) -> Array:
        """Compute log(1 + exp(beta x)) / beta, without overflow for any x."""
        x = floating("Softplus.forward", "x", x)
        beta = above_0("Softplus.forward", "beta", self.beta, "it divides")
        # out = max(x, 0) + log(1 + exp(-beta |x|)) / beta, as in log σ: beta x may overflow where out does not
        out = np.maximum(x, 0) - log_sigmoid(beta * np.abs(double(x))) / beta
        self.x, self.used, self.out_shape = x, beta, x.shape
        return np.asarray(out, x.dtype)

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx."""
        dout = upstream(self, dout)
        dx = dout * sigmoid(self.used * double(self.x))
        return np.asarray(dx, self.x.dtype)


class LogSigmoid:
    """Take the logarithm of the sigmoid: out = log σ(x) = -log(1 + exp(-x)).

    Shapes
    ------
    x, dx, out, dout : any

    Derivation
    ----------
    Nudge x. By the rules for log and exp,

        δout = exp(-x) / (1 + exp(-x)) ⊙ δx = 1 / (exp(x) + 1) ⊙ δx = σ(-x) ⊙ δx

    Take the inner product with dout and free the nudge:

        ⟨dout, δout⟩ = ⟨dout ⊙ σ(-x), δx⟩

    so that dx = dout ⊙ σ(-x). That is 1 - σ(x), of which nothing is left where σ(x) rounds to 1.

    Examples
    --------
    >>> log_sigmoid = LogSigmoid()
    >>> log_sigmoid.forward([-1000.0, 0.0, 100.0])
    array([-1.00000000e+03, -6.93147181e-01, -3.72007598e-44])
    >>> log_sigmoid.backward([1.0, 1.0, 1.0])
    array([1.00000000e+00, 5.00000000e-01, 3.72007598e-44])
    """

    x: Array  # any shape
    out_shape: Shape

    def forward(self, x: npt.ArrayLike) -> Array:
        """Compute log σ(x), without overflow for any x."""
        x = floating("LogSigmoid.forward", "x", x)
        self.x, self.out_shape = x, x.shape
        return log_sigmoid(x)

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx."""
        dout = upstream(self, dout)
        dx = dout * sigmoid(-wide(self.x))
        return np.asarray(dx, self.x.dtype)


class Elu:
    """Let positive numbers pass and stop the others at -alpha: out = x where x > 0, alpha (exp(x) - 1) elsewhere.

    Shapes
    ------
    x, dx, out, dout : any

    Derivation
    ----------
    Nudge x. Where x > 0 the output moves along, elsewhere by the rule for exp,

        δout = ([x > 0] + alpha exp(x) ⊙ [x ≤ 0]) ⊙ δx

    Take the inner product with dout and free the nudge:

        ⟨dout, δout⟩ = ⟨dout ⊙ ([x > 0] + alpha exp(x) ⊙ [x ≤ 0]), δx⟩

    so that dx = dout where x > 0, and dout ⊙ alpha exp(x) elsewhere. At x = 0, a kink unless alpha is 1, this takes
    the slope of the left, alpha. On the left the slope is out + alpha as well, but far out that has no digits left.

    Examples
    --------
    >>> elu = Elu()
    >>> elu.forward([-1.0, 0.0, 2.0])
    array([-0.63212056,  0.        ,  2.        ])
    >>> elu.backward([1.0, 1.0, 1.0])
    array([0.36787944, 1.        , 1.        ])
    """

    alpha: float
    used: float  # alpha as forward used it
    x: Array  # any shape
    out_shape: Shape

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = number("Elu", "alpha", alpha)

    @ieee
    def forward(self, x: npt.ArrayLike) -> Array:
        """Compute x where x > 0, and alpha (exp(x) - 1) elsewhere. NaN stays NaN."""
        x, alpha = floating("Elu.forward", "x", x), number("Elu.forward", "alpha", self.alpha)
        out = np.where(x > 0, x, alpha * np.expm1(np.minimum(wide(x), 0)))
        self.x, self.used, self.out_shape = x, alpha, x.shape
        return np.asarray(out, x.dtype)

    @ieee
    def backward(self, dout: npt.ArrayLike) -> Array:
        """Return dx."""
        dout = upstream(self, dout)
        # NumPy's exponential is right to one unit in the last place in float64, and in float32 only to 2.5
        dx = np.where(self.x > 0, dout, dout * (self.used * np.exp(double(np.minimum(self.x, 0)))))
        return np.asarray(dx, self.x.dtype)
