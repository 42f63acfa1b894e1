"""Products of windows with weights, which every convolution is made of: one number, and its three gradients.

For x (N, C, *lengths), d (N, F, *places) and a weight w_fck for each tap k of a window, write X for the windows over
x, as in `handgrad.windows`, and

    T = Σ d_nfp w_fck X_nckp        summed over all that it is written with

T is linear in each of the three. So its gradient in one of them is what the other two multiply to:

    of d :  Σ_{c,k} w_fck X_nckp        `correlate`: slide the weights over x, and sum the products
    of X :  Σ_f w_fck d_nfp             `spread`, which goes on to x: it adds the windows
    of w :  Σ_{n,p} d_nfp X_nckp        `weight_sums`: a weight is used at every place of every sample

A convolution computes the first, and goes back by the other two. A transposed convolution computes the second, and
goes back by the others. Each is a product of matrices. With groups there is one for each: w is (G, F/G, C/G · taps),
and the channels of x and of d are cut into as many parts, each of which sees one part of the other's.

Windows hold an entry of x for every tap that sees it. So they are made for a few samples at a time, which stay in the
processor's cache, and in the same memory again and again.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from handgrad.checks import Array
from handgrad.windows import Axis, add_windows, lengths, places, size, take_windows, taps

BLOCK = 2**17  # numbers in the windows that are made at a time


def correlate(x: Array, w: Array, axes: Sequence[Axis]) -> Array:
    """Compute Σ_{c,k} w_fck X_nckp, in the shape of d."""
    groups, features, _ = w.shape
    out = np.empty((len(x), groups * features, *places(axes)), np.result_type(x, w))
    for samples, X in _windows(x, axes, groups, out.dtype):
        d = out[samples].swapaxes(0, 1)
        d[...] = (w @ X).reshape(d.shape)
    return out


def spread(d: Array, w: Array, axes: Sequence[Axis]) -> Array:
    """Compute Σ_f w_fck d_nfp, and add these windows up, in the shape of x."""
    groups, _, rows = w.shape
    x = np.zeros((len(d), groups * rows // size(axes), *lengths(axes)), np.result_type(d, w))
    for samples in _blocks(len(d), groups * rows * math.prod(places(axes))):
        X = w.mT @ _matrices(d[samples], groups)
        some = x[samples].swapaxes(0, 1)
        add_windows(X.reshape(len(some), size(axes), some.shape[1], *places(axes)), axes, some)
    return x


def weight_sums(x: Array, d: Array, axes: Sequence[Axis], groups: int) -> Array:
    """Compute Σ_{n,p} d_nfp X_nckp, in the shape of w, in float64 from block to block."""
    sums = np.zeros((groups, x.shape[1] // groups * size(axes), d.shape[1] // groups))
    for samples, X in _windows(x, axes, groups, np.result_type(x, d)):
        sums += X @ _matrices(d[samples], groups).mT  # transposed: the other way round takes half as long again
    w = sums.mT
    # padding is no part of x, though 0 in X; and 0 · inf would be NaN
    return w if np.isfinite(w).all() else _weight_sums_by_taps(x, d, axes, groups).reshape(w.shape)


def _weight_sums_by_taps(x: Array, d: Array, axes: Sequence[Axis], groups: int) -> Array:
    """Compute them without windows, from those places alone at which a tap sees an entry of x."""
    w = np.empty((groups, d.shape[1] // groups, x.shape[1] // groups, size(axes)))
    for k, (entries, windows) in enumerate(taps(axes)):
        w[..., k] = _matrices(d[windows], groups) @ _matrices(x[entries], groups).mT
    return w


def _windows(x: Array, axes: Sequence[Axis], groups: int, dtype: np.dtype[Any]) -> Iterator[tuple[slice, Array]]:
    """Make the windows of a block of samples after the other, as matrices (G, C/G · taps, samples · places)."""
    rows, columns = x.shape[1] * size(axes), math.prod(places(axes))
    blocks = _blocks(len(x), rows * columns)
    # what is padding stays 0, as it is in the same places of all samples
    X = np.zeros((x.shape[1], size(axes), blocks[0].stop if blocks else 0, *places(axes)), dtype)
    for samples in blocks:
        some = x[samples].swapaxes(0, 1)
        taken = X[:, :, : some.shape[1]]
        take_windows(some, axes, taken)
        yield samples, taken.reshape(groups, rows // groups, some.shape[1] * columns)


def _blocks(samples: int, numbers: int) -> list[slice]:
    """Cut samples into blocks whose windows, of so many numbers for each sample, stay in the cache together."""
    length = max(1, BLOCK // max(1, numbers))
    return [slice(start, min(start + length, samples)) for start in range(0, samples, length)]


def _matrices(d: Array, groups: int) -> Array:
    """Give (samples, F, *places) as matrices (G, F/G, samples · places)."""
    samples, channels, *windows = d.shape
    return d.swapaxes(0, 1).reshape(groups, channels // groups, samples * math.prod(windows))
