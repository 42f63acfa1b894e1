"""The networks that are trained beside JAX: a file for each of them, and one for each task that there is to learn."""

from reference.comparisons.networks.convolutional import CONVOLUTIONAL
from reference.comparisons.networks.lstm import RECURRENT
from reference.comparisons.networks.transformer import TRANSFORMER
from reference.comparisons.networks.two_layers import TWO_LAYERS

NETWORKS = (TWO_LAYERS, CONVOLUTIONAL, RECURRENT, TRANSFORMER)
