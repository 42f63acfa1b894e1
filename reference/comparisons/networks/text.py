"""Text to learn: sequences of different lengths, which are padded to the longest, and masked where they are."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from reference.comparisons.networks.network import Batch

SOME = 4  # as many sequences of different lengths may be compared one by one at every step
PADDING = -1  # an index that does not exist: whoever looked it up would fail


def padded(lines: Sequence[str], alphabet: str) -> npt.NDArray[np.int64]:
    """Write characters as their places in an alphabet, and fill the lines up to the length of the longest."""
    indices = np.full((len(lines), max(map(len, lines))), PADDING)
    for row, line in zip(indices, lines, strict=True):
        row[: len(line)] = [alphabet.index(character) for character in line]
    return indices


def without_padding(batch: Batch, random: np.random.Generator) -> tuple[Batch, Sequence[Batch]]:
    """Take some sequences of a batch, padded as they are; by their lengths, they need no padding."""
    some = batch.of(random.choice(len(batch.x), SOME, replace=False))
    return some, list(_of_one_length(some))


def _of_one_length(batch: Batch) -> Iterator[Batch]:
    lengths = np.count_nonzero(batch.x != PADDING, axis=-1)
    for length in np.unique(lengths):
        x, t, *_ = batch.of(lengths == length)
        yield Batch(x[:, :length], t[:, :length] if t.ndim > 1 else t)
