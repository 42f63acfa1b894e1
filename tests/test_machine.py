import re

import jax
import numpy as np

from reference.comparisons.machine import kernel, machine, processor


def test_the_processor_is_named_as_linux_names_it(tmp_path):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\nmodel name\t: Some CPU @ 2 GHz\n")
    assert processor(cpuinfo) == "Some CPU @ 2 GHz"


def test_a_processor_without_a_name_is_called_something(tmp_path):
    assert processor(tmp_path / "nowhere")


def test_the_releases_are_named():
    assert f"NumPy {np.__version__}, JAX {jax.__version__}" in machine()


def test_the_kernel_of_matrix_products_is_named():
    np.ones((2, 2)) @ np.ones((2, 2))
    assert re.fullmatch(r"(\w+ for \w+)(, \w+ for \w+)*", kernel())
