"""What is probably wrong with a layer that fails, in one line."""

from handgrad.testing.diagnosis.diagnosis import diagnose

__all__ = ["diagnose"]
