"""Neural-network layers in NumPy whose gradients are derived by hand.

Every class has its derivation in its docstring, in the same four steps, and is tested to equal `jax.vjp`.

Notation
--------
out = f(x)    what forward computes
dx            the gradient of the loss with respect to x, of the same shape as x; dout is given to backward
δx            a small nudge of x; δout is what it moves out by, in first order: linear in δx
⟨A, B⟩        the inner product, Σ A_i B_i over all entries; ⟨dout, δout⟩ is the change of the loss
⊙             the product of elements
[x > 0]       1 where the condition holds, 0 elsewhere
Aᵀ            the transpose; of an input (..., D), its rows stacked to one matrix first
B_a           broadcasting a to the shape of out: linear, too, with sums along the copies as its transpose
1             a column of ones
σ(x)          the sigmoid, 1 / (1 + exp(-x)); 1 - σ(x) is σ(-x)
N, C, D, M    rows of a batch, classes, numbers in, numbers out; "..." is any leading axes, also none

The four steps
--------------
1. Nudge each input; find δout, linear in the nudges.
2. Form ⟨dout, δout⟩.
3. Move every factor off the nudges, until it reads ⟨something, δx⟩ + ...
4. That something is dx.

The contract
------------
``out = layer.forward(x)``, then ``dx = layer.backward(dout)``, as often as you like: backward is the
vector-Jacobian product of forward for every dout, and keeps nothing from one call to the next. Gradients of
constructor arguments (``layer.params``) are left in attributes, ``layer.dW``. What has no gradient, such as an axis
or a condition, goes to the constructor, too; a mask goes to forward. Where forward returns several outputs, as a
tuple, backward takes a dout for each; those after the first may be left out, which means 0. A layer that is given
layers runs them, and leaves their gradients with them; ``parameters(layer)`` lists them all.

Axes written "..." may be any, also none, also of length 0. A gradient has the shape and the floating dtype of what
it is the gradient of; the bytes of every result are in native order. Nothing of the caller's is written to, and no
result shares memory with an argument. Inputs are remembered, not copied: leave them unchanged until backward is
done. Outputs that a layer remembers are read-only. No finite input causes a NumPy warning.
"""

from handgrad.activations import Relu, Sigmoid
from handgrad.affine import Affine
from handgrad.alibi import Alibi
from handgrad.arithmetic import Add, Divide, Multiply, Subtract
from handgrad.attention import ScaledDotProductAttention
from handgrad.bidirectional import Bidirectional
from handgrad.binary import FocalLoss, SigmoidWithLoss
from handgrad.channel_normalisation import BatchNorm, GroupNorm
from handgrad.choosing import Maximum, Minimum, Where
from handgrad.composition import Residual, Sequential, TransformerBlock
from handgrad.contrastive import InfoNceLoss, NegativeSamplingLoss
from handgrad.convolution import Convolution, ConvolutionTranspose
from handgrad.dropout import Dropout
from handgrad.elementary import Exp, Log, Power, Reciprocal, Sqrt
from handgrad.embedding import Embedding, EmbeddingDot
from handgrad.exponential import Elu, LogSigmoid, Softplus, Tanh
from handgrad.gated import GeGlu, Glu, SwiGlu
from handgrad.global_pooling import GlobalAveragePool, GlobalMaxPool
from handgrad.gru import Gru
from handgrad.indexing import Repeat, Slice, Take
from handgrad.joining import Concatenate, Split, Stack
from handgrad.layer import Layer, vjp
from handgrad.losses import IdentityWithLoss, KLDivergence, SoftmaxWithLoss
from handgrad.lstm import Lstm
from handgrad.matmul import MatMul
from handgrad.multi_head import MultiHeadAttention
from handgrad.piecewise import Abs, Clip, LeakyRelu, PRelu
from handgrad.pooling import AveragePool, MaxPool
from handgrad.positional import PositionalEncoding
from handgrad.rearranging import Reshape, Transpose
from handgrad.recurrent import Rnn
from handgrad.reductions import Max, Mean, Min, Sum
from handgrad.regression import HuberLoss, L1Loss, MeanSquaredError
from handgrad.resampling import Upsample
from handgrad.rotary import Rope
from handgrad.row_normalisation import L2Normalize, LayerNorm, RmsNorm
from handgrad.running_statistics import Statistics, running_average
from handgrad.self_gated import Gelu, HardSwish, Silu
from handgrad.similarity import CosineSimilarity
from handgrad.softmax import LogSoftmax, LogSumExp, Softmax
from handgrad.walk import Parameter, parameters

__all__ = [
    "Abs",
    "Add",
    "Affine",
    "Alibi",
    "AveragePool",
    "BatchNorm",
    "Bidirectional",
    "Clip",
    "Concatenate",
    "Convolution",
    "ConvolutionTranspose",
    "CosineSimilarity",
    "Divide",
    "Dropout",
    "Elu",
    "Embedding",
    "EmbeddingDot",
    "Exp",
    "FocalLoss",
    "GeGlu",
    "Gelu",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "Glu",
    "GroupNorm",
    "Gru",
    "HardSwish",
    "HuberLoss",
    "IdentityWithLoss",
    "InfoNceLoss",
    "KLDivergence",
    "L1Loss",
    "L2Normalize",
    "Layer",
    "LayerNorm",
    "LeakyRelu",
    "Log",
    "LogSigmoid",
    "LogSoftmax",
    "LogSumExp",
    "Lstm",
    "MatMul",
    "Max",
    "MaxPool",
    "Maximum",
    "Mean",
    "MeanSquaredError",
    "Min",
    "Minimum",
    "MultiHeadAttention",
    "Multiply",
    "NegativeSamplingLoss",
    "PRelu",
    "Parameter",
    "PositionalEncoding",
    "Power",
    "Reciprocal",
    "Relu",
    "Repeat",
    "Reshape",
    "Residual",
    "RmsNorm",
    "Rnn",
    "Rope",
    "ScaledDotProductAttention",
    "Sequential",
    "Sigmoid",
    "SigmoidWithLoss",
    "Silu",
    "Slice",
    "Softmax",
    "SoftmaxWithLoss",
    "Softplus",
    "Split",
    "Sqrt",
    "Stack",
    "Statistics",
    "Subtract",
    "Sum",
    "SwiGlu",
    "Take",
    "Tanh",
    "TransformerBlock",
    "Transpose",
    "Upsample",
    "Where",
    "parameters",
    "running_average",
    "vjp",
]
