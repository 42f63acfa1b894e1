"""The cases of the tables of vectors."""

import handgrad
from handgrad.testing import arrays, labels, masks
from reference import embedding
from reference.cases.case import Case

ONE, SEVERAL = (labels(axes, classes="V", validated=True) for axes in ("...", "... K"))

CASES = (
    Case(handgrad.Embedding, embedding.embedding, arrays(indices=ONE, W="V D")),
    Case(
        handgrad.Embedding,
        embedding.embedding,
        arrays(indices=SEVERAL, W="V D", mask=masks("... K", of="indices")),
        "masked",
    ),
    Case(handgrad.EmbeddingDot, embedding.embedding_dot, arrays(h="... D", indices=ONE, W="V D")),
    Case(
        handgrad.EmbeddingDot,
        embedding.embedding_dot,
        arrays(h="... D", indices=SEVERAL, W="V D", mask=masks("... K", of="indices")),
        "of several",
    ),
)
