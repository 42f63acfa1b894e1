"""Describing the arguments of a layer by named axes, and drawing them."""

from handgrad.testing.inputs.descriptions import arrays, flags, labels, masks, one_hot, probabilities, reals
from handgrad.testing.inputs.inputs import Argument, Inputs

__all__ = ["Argument", "Inputs", "arrays", "flags", "labels", "masks", "one_hot", "probabilities", "reals"]
