"""A Transformer of two blocks, which learns a text by heart."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

import handgrad
from reference.affine import affine
from reference.comparisons.networks.network import Mask, Net, Network, Numbers, Params
from reference.comparisons.networks.zen import ALPHABET, ZEN
from reference.embedding import embedding
from reference.multi_head import multi_head_attention
from reference.row_normalisation import rms_norm
from reference.self_gated import gelu

BLOCKS = 2
MATRICES = ("Wq", "Wk", "Wv", "Wo")
WIDTH, HEADS, HIDDEN = 32, 2, 64
# the params of a block, in its order
BLOCK = {
    "gamma1": (WIDTH,),
    **dict.fromkeys(MATRICES, (WIDTH, WIDTH)),
    "gamma2": (WIDTH,),
    "W1": (WIDTH, HIDDEN),
    "b1": (HIDDEN,),
    "W2": (HIDDEN, WIDTH),
    "b2": (WIDTH,),
}


class Transformer:
    """Vectors of characters, blocks that attend to what came before, a norm, and an affine map."""

    def __init__(self, params: Params) -> None:
        blocks = (block({name: params[f"{place}.{name}"] for name in BLOCK}) for place in range(BLOCKS))
        norm, tell = handgrad.RmsNorm(params["gamma"]), handgrad.Affine(params["W"], params["b"])
        self.layers: tuple[Any, ...] = (handgrad.Embedding(params["E"]), *blocks, handgrad.Sequential(norm, tell))

    def forward(self, x: npt.NDArray[Any], mask: Mask = None) -> Numbers:
        """Compute the scores."""
        look_up, *blocks, tell = self.layers
        rows = look_up.forward(x, mask)
        for each in blocks:
            rows = each.forward(rows, mask)
        return np.asarray(tell.forward(rows))

    def backward(self, dscores: Numbers) -> None:
        """Go back from the scores to the vectors."""
        look_up, *blocks, tell = self.layers
        drows = tell.backward(dscores)
        for each in reversed(blocks):
            drows = each.backward(drows)
        look_up.backward(drows)


def block(params: Params) -> handgrad.TransformerBlock:
    """Make a block that attends with rotary positions, and feeds forward through Gelu."""
    attention = handgrad.MultiHeadAttention(
        *(params[name] for name in MATRICES),
        heads=HEADS,
        attention=handgrad.ScaledDotProductAttention(causal=True),
        rope=handgrad.Rope("half"),
    )
    first, second = handgrad.Affine(params["W1"], params["b1"]), handgrad.Affine(params["W2"], params["b2"])
    norms = handgrad.RmsNorm(params["gamma1"]), handgrad.RmsNorm(params["gamma2"])
    return handgrad.TransformerBlock(
        norms[0], attention, norms[1], handgrad.Sequential(first, handgrad.Gelu(), second)
    )


def transformer(params: Params) -> Net:
    """Make it with its loss."""
    return Net(params, Transformer(params))


def transformer_in_jax(params: Mapping[str, Any], x: Any, mask: Any) -> Any:
    """Compute its scores in JAX."""
    rows = embedding(params["E"], x, mask)
    for place in range(BLOCKS):
        rows = block_in_jax({name: params[f"{place}.{name}"] for name in BLOCK}, rows, mask)
    return affine(rms_norm(rows, params["gamma"]), params["W"], params["b"])


def block_in_jax(params: Mapping[str, Any], x: Any, mask: Any) -> Any:
    """Compute what a block makes of rows in JAX."""
    Wq, Wk, Wv, Wo = (params[name] for name in MATRICES)
    normed = rms_norm(x, params["gamma1"])
    x = x + multi_head_attention(normed, Wq, Wk, Wv, Wo, heads=HEADS, key_mask=mask, causal=True, base=10_000.0)
    hidden = gelu(affine(rms_norm(x, params["gamma2"]), params["W1"], params["b1"]))
    return x + affine(hidden, params["W2"], params["b2"])


TRANSFORMER = Network(
    "A Transformer of two blocks",
    "Embedding, TransformerBlock with Rope, RmsNorm and Gelu, RmsNorm, Affine, SoftmaxWithLoss",
    "zen.svg",
    ZEN,
    transformer,
    transformer_in_jax,
    {
        "E": (len(ALPHABET), WIDTH),
        **{f"{place}.{name}": shape for place in range(BLOCKS) for name, shape in BLOCK.items()},
        "gamma": (WIDTH,),
        "W": (WIDTH, len(ALPHABET)),
        "b": (len(ALPHABET),),
    },
    batch=10,
    epochs=70,
    learning_rate=0.03,
    accuracy=0.5,  # of the characters; some 80 % are usual
)
