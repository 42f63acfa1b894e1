"""Functions of one number: their values and slopes, and those of mpmath."""

import mpmath
import numpy as np


def run(layer, x, dout=1.0):
    """Give a layer's value and its gradient."""
    out = layer.forward(x)
    return out, layer.backward(np.broadcast_to(dout, out.shape))


def close_to_mpmath(layer, function, x, rtol):
    """Compare a value and a slope with those of a function of mpmath's numbers."""
    with mpmath.workdps(400):
        value, slope = function(mpmath.mpf(x)), mpmath.diff(function, x)
        out, dx = run(layer, x)
        # near the smallest number, its grid
        np.testing.assert_allclose(out, float(value), rtol=rtol, atol=1e-300)
        np.testing.assert_allclose(dx, float(slope), rtol=rtol, atol=1e-300)
