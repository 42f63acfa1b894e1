"""What the cosine similarity is asked in the corners."""

from handgrad import CosineSimilarity
from reference.comparisons.corners.conventions import Question

ZEROS = {"a": [0.0, 0.0], "b": [3.0, 4.0]}
LONG, SHORT = {"a": [3e200, 4e200], "b": [1.0, 0.0]}, {"a": [3e-200, 4e-200], "b": [1.0, 0.0]}
BY_NORMS = "a @ b / (jnp.linalg.norm(a) * jnp.linalg.norm(b))"
AT_LEAST = "a @ b / jnp.maximum(jnp.linalg.norm(a) * jnp.linalg.norm(b), 1e-8)"

QUESTIONS = (
    Question(CosineSimilarity, "a vector of zeros", "out", ZEROS, [BY_NORMS, AT_LEAST]),
    Question(CosineSimilarity, "a vector of zeros", "da", ZEROS, [BY_NORMS, AT_LEAST]),
    Question(CosineSimilarity, "a very long vector", "out", LONG, [BY_NORMS, AT_LEAST]),
    Question(CosineSimilarity, "a very short vector", "out", SHORT, [BY_NORMS, AT_LEAST]),
)
