"""What masks and labels mean: what is not to count does not, and what is not to be taken is refused."""

from dataclasses import replace
from typing import Any

import numpy as np

from handgrad.testing.dtypes import is_floating
from handgrad.testing.inputs.axes import shape_of
from handgrad.testing.outputs import gradients
from handgrad.testing.subject import AnyArray
from handgrad.testing.trial import Complaint, Trial, brief, copies, expect_identical, unknown


def masked(trial: Trial) -> str | None:
    """What a mask leaves out changes nothing, to the bit, whatever it holds, and has a gradient of exactly 0."""
    masks = [each for each in trial.described.arguments.values() if each.masks]
    if not masks:
        return "no argument is described as a mask"
    poisoned, blocked = copies(trial.inputs), {}
    for name in {name for mask in masks for name in mask.masks}:
        blocked[name] = ~entries_that_count(trial, name)
        poisoned[name][blocked[name]] = (
            trial.poison if is_floating(poisoned[name]) else no_label(poisoned[name].dtype)
        )
    if not any(each.any() for each in blocked.values()):
        return "nothing is masked"
    expect_identical(trial.fresh(poisoned, copies(trial.douts)), trial.kept, "depends on masked entries")
    none = unknown(trial.kept, trial.truth)
    for name, grad in gradients(trial.kept).items():
        if name in blocked and np.any((grad != 0) & blocked[name] & ~none[name]):
            raise Complaint(f"d{name} is not 0 where the mask blocks: {brief(grad)}")
    return None


def refuses(trial: Trial) -> str | None:
    """A label that names no class, below or above those that do, is an error, and not another class."""
    described = trial.described.arguments.items()
    labels = {name: each.classes for name, each in described if each.validated and each.classes}
    if not labels:
        return "no labels are described as validated"
    counting = {name: entries_that_count(trial, name) for name in labels}
    able = [name for name in labels if counting[name].any()]
    for name in able:
        for label in (no_label(trial.inputs[name].dtype), *shape_of([labels[name]], trial.sizes)):
            wrong = copies(trial.inputs)
            wrong[name][np.unravel_index(int(counting[name].argmax()), counting[name].shape)] = label
            try:
                trial.fresh(copies(wrong), copies(trial.douts))
            except (IndexError, ValueError):
                continue
            raise Complaint(f"the label {label} in {name} is taken without an error", replace(trial, inputs=wrong))
    return None if able else "no label is there that counts"


def no_label(dtype: np.dtype[Any]) -> int:
    """Give a number that names no class: -1, or the largest where there is nothing below 0."""
    return -1 if dtype.kind != "u" else int(np.iinfo(dtype).max)


def entries_that_count(trial: Trial, name: str) -> AnyArray:
    """Tell which entries of an argument no mask leaves out."""
    counting = np.ones(trial.inputs[name].shape, np.bool_)
    for mask, argument in trial.described.arguments.items():
        if name in argument.masks:
            counting[~trial.inputs[mask]] = False
    return counting
