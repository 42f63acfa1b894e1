"""What a number was measured with: the releases, and the processor."""

import os
import platform
import re
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from threadpoolctl import threadpool_info

CPUINFO = Path("/proc/cpuinfo")


def machine() -> str:
    """Name the releases and the processor."""
    packages = [("NumPy", "numpy"), ("JAX", "jax"), ("PyTorch", "torch")]
    releases = [f"{name} {version(package)}" for name, package in packages if find_spec(package)]
    python = f"Python {platform.python_version()}"
    return f"{', '.join([python, *releases])}; {processor()} ({platform.machine()}), cores: {os.cpu_count()}"


def kernel() -> str:
    """Name the library that computes NumPy's matrix products, and for which processor it does so."""
    libraries = (each for each in threadpool_info() if each["user_api"] == "blas")
    return ", ".join(dict.fromkeys(f"{each['internal_api']} for {each.get('architecture')}" for each in libraries))


def processor(cpuinfo: Path = CPUINFO) -> str:
    """Name the processor, which Python itself does not know on Linux."""
    named = re.search(r"^model name\s*: (.*)", cpuinfo.read_text(), re.MULTILINE) if cpuinfo.exists() else None
    return named[1] if named else platform.processor() or "unknown processor"
