"""The networks that are trained beside JAX: a file for each, and one for what several of them learn."""

from reference.comparisons.networks.convolutional import CONVOLUTIONAL
from reference.comparisons.networks.lstm import RECURRENT
from reference.comparisons.networks.transformer import TRANSFORMER
from reference.comparisons.networks.two_layers import TWO_LAYERS

NETWORKS = (TWO_LAYERS, CONVOLUTIONAL, RECURRENT, TRANSFORMER)
