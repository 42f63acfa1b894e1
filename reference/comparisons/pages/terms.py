"""What the entrance explains of its numbers."""

import numpy as np

from reference.comparisons.exact.evaluation import digits_for
from reference.comparisons.pages.markdown import paragraph
from reference.comparisons.score import BY_CHANCE, SIGNIFICANT

DIGITS = digits_for(np.dtype(np.float64))

TERMS = """\
- An *ulp* is the distance of two neighbouring floating-point numbers. Rounding to the nearest number costs half an
  ulp at most; no result can promise less.
- *out* is what a layer's forward gives, and *dx* the gradient of its input x, and so on for other names.
- A result is *closer* than JAX's, or *farther*, where its average error is the smaller one, or the larger one, in
  significantly more examples. Elsewhere it is *as close*, which the tables of errors leave out."""

JUDGED = f"""\
Both are given the same inputs in the same dtype, drawn as the search draws them, and some whose sums have many terms.
Both are judged by the exact results: those of the formula that JAX traced, evaluated in {DIGITS} digits for float64
and in float64 for the narrower dtypes. Where terms cancel, an ulp of what is left of them would say nothing; it is
then taken at the size of the rounding errors that no evaluation in the dtype can avoid. Results below the dtype's
smallest normal number are left out; for functions of one number, "Along the float32 line" has them. An operation of
which nobody has written an exact form leaves its layer unmeasured in float64, and the page says so."""

RULE = paragraph(f"""\
Closer and farther are by more than {SIGNIFICANT} standard errors, which chance alone brings about once in
{1 / BY_CHANCE:.0f} times. handgrad computes float16 in a wider dtype, and of float32 long sums; so it is closer
there above all. The worst errors of two equally close methods differ, too, as each is at its worst in other
examples.""")

WHY_FARTHER = """\
A farther result is compared once more, with JAX without XLA's optimiser. The optimiser fuses a product and the sum
that it is added to into one instruction (FMA), which rounds once where NumPy rounds twice. Where that is the reason,
the difference goes with it."""
