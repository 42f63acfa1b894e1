"""The cases of the cosine similarity."""

import handgrad
from handgrad.testing import arrays
from reference import similarity
from reference.cases.case import Case

CASES = (
    Case(handgrad.CosineSimilarity, similarity.cosine_similarity, arrays(a="... D", b="... D")),
    Case(handgrad.CosineSimilarity, similarity.cosine_similarity, arrays(a="N 1 D", b="M D"), "of all pairs"),
)
