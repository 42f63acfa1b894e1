import os

import hypothesis
import jax

from handgrad.testing.compiling import keep_compiled

EXAMPLES = {"quick": 20, "default": 100, "thorough": 2000}
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "default")

for name, examples in EXAMPLES.items():
    hypothesis.settings.register_profile(
        name,
        max_examples=examples,
        deadline=None,  # the first example of a shape compiles
        derandomize=name != "thorough",
        print_blob=True,
        phases=set(hypothesis.Phase) - {hypothesis.Phase.explain},  # tracing every line costs more than it tells
    )
hypothesis.settings.load_profile(PROFILE)

# the oracle is float64; a jitted twin is compiled for each shape, and kept
jax.config.update("jax_enable_x64", True)
keep_compiled()
