"""Mutants of our own layers that compute the same function, and why."""

LAST_OF_TWO = "the axes are two, and the last of them is axis 1"
SAME_COLUMN = "there is one column, which is the first and the last"
IN_PLACE = "the memory of what is no longer needed is not used again; the numbers are the same"
LONG_DOUBLE = "only a long double gets here, which no dtype of the tests has"
NOT_COPIED = "a copy that is not needed; the numbers are the same"
PROMOTED = "NumPy's promotion of what follows gives the same"
ONE_LENGTH = "the lists are always of one length"
ANY_NUMBER = "a Python number of any value has no say in a dtype"

EQUIVALENT: dict[tuple[str, str, str], str] = {}
