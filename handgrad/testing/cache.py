"""Where JAX keeps what it has compiled: most of a check's time goes into compiling, and none needs to do it twice."""

import os
from functools import cache
from pathlib import Path
from typing import Any

import jax
from jax.experimental.compilation_cache import compilation_cache


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
