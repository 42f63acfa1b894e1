"""Mutants of our own layers that compute the same function, and why."""

EQUIVALENT: dict[tuple[str, str, str], str] = {}
