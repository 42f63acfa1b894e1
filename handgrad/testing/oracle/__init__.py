"""What JAX says that the results are, how much rounding they are entitled to, and when two results agree."""

from handgrad.testing.oracle.oracle import Exact, Oracle, UnusableReference

__all__ = ["Exact", "Oracle", "UnusableReference"]
