"""What arithmetic is asked in the corners."""

from handgrad import Divide
from reference.comparisons.corners.conventions import Question

QUESTIONS = (
    Question(Divide, "by 0", "db", {"a": [1.0, -1.0, 0.0], "b": [0.0, 0.0, 0.0]}, ["a / b"]),
    Question(Divide, "by 1e-200", "db", {"a": [1e-200], "b": [1e-200]}, ["a / b"]),
)
