"""How JAX compiles for a check: fast rather than well, and only once. Most of a first check's time goes there."""

import os
from functools import cache
from pathlib import Path
from typing import Any

import jax
from jax.experimental.compilation_cache import compilation_cache

LEVEL = "xla_backend_optimization_level"
# a reference is small and runs for microseconds, but is compiled for every shape
FAST = {
    LEVEL: 0,
    "xla_cpu_use_fusion_emitters": False,
    "xla_cpu_parallel_codegen_split_count": 1,
}


@cache
def compile_fast(level: int = FAST[LEVEL]) -> dict[str, Any]:
    """Give those options for compiling fast that this release of XLA knows."""
    return {option: value for option, value in (FAST | {LEVEL: level}).items() if _is_known(option, value)}


@cache
def _is_known(option: str, value: Any) -> bool:
    try:
        jax.jit(lambda x: x + 1, compiler_options={option: value})(0.0)
    except jax.errors.JaxRuntimeError:
        return False
    return True


def compile_for(program: str) -> dict[str, Any]:
    """Give the options for compiling a jaxpr, of which this is the text, that is run on a hundred examples or so.

    At level 0, a convolution is a loop of seconds, and at level 1 of milliseconds.
    """
    return compile_fast(1 if convolves(program) else 0)


def convolves(program: str) -> bool:
    """Tell whether there is a convolution in a jaxpr, of which this is the text."""
    return "conv_general_dilated" in program


@cache
def keep_compiled() -> None:
    """Keep compiled functions in the user's cache folder, unless JAX already has a folder for them.

    The thresholds that go with it make JAX keep small functions too, which a check has many of.
    """
    config: Any = jax.config
    if config.jax_compilation_cache_dir is not None:
        return
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    config.update("jax_compilation_cache_dir", str(home / "handgrad" / "jax"))
    config.update("jax_persistent_cache_min_compile_time_secs", 0)
    config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    # JAX decides at its first compilation whether it keeps anything, which may already have happened
    compilation_cache.reset_cache()
