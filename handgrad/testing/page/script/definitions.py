"""What a script has to define before it can use somebody's classes and functions."""

import ast
import builtins
import enum
import functools
import re
import sys
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from types import MethodType, ModuleType
from typing import Any

import jax
import numpy as np

from handgrad.testing.page.script.defaults import stale_defaults
from handgrad.testing.page.script.homes import MAIN, folder_of, global_of, home_of
from handgrad.testing.page.script.literals import statements, written
from handgrad.testing.page.script.making import BRACKETS, call_of, is_made_of_attributes
from handgrad.testing.page.script.names import attributes_used, names_around, names_used, places_of
from handgrad.testing.page.script.source import assignment_of, edited, plain, source_of


class Definitions:
    """The lines of a script that import and define things, each after what it needs.

    Parameters
    ----------
    taken
        Names that mean something in the script already, and what.
    """

    def __init__(self, taken: Mapping[str, Any]) -> None:
        self.known = dict(taken)
        self.imports: list[str] = []
        self.lines: list[str] = []
        self.lacks: list[str] = []  # what the script cannot do by itself, a sentence each

    def define(self, given: Any, fallback: str) -> str:
        """Define a class or function under a name, and give the name: its own, unless that is none or is taken."""
        name = getattr(given, "__name__", "")
        if getattr(builtins, name, None) is given:
            return name
        if known := self._known(given):
            return known
        if not name.isidentifier() or name in self.known:
            name = self.free(fallback, names_used(source_of(plain(given))))
        self.bind(name, given)
        return name

    def write(self, given: Any, name: str) -> str:
        """Write a value as Python, after what it needs, which is named after it."""
        if (value := self._value(name, given)) is not None:
            return value
        if isinstance(given, type):
            return self.define(given, name)
        if known := self._known(given):
            return known
        name = self.free(name)
        self.bind(name, given)
        return name

    def _known(self, given: Any) -> str:
        """Give the name of an object, but of no number or text, which is the same for everybody."""
        names = (name for name, each in self.known.items() if each is given)
        return next(names, "") if written(given) is None else ""

    def _means(self, name: str, given: Any) -> bool:
        """Tell whether a name means an object, or one that is written alike."""
        return self.known[name] is given or written(self.known[name]) == (written(given) or "")

    def _name_for(self, name: str, given: Any) -> str:
        """Give a name that means an object, or nothing yet: its own, if it can be."""
        if name not in self.known or self._means(name, given):
            return name
        return self._known(given) or self._name_for(f"the_{name}", given)

    def free(self, name: str, used: Collection[str] = ()) -> str:
        """Give a name that means nothing yet, and is not among those that are used."""
        return self.free(f"the_{name}", used) if name in self.known or name in used else name

    def bind(self, name: str, given: Any, module: str = "") -> None:
        """Leave an object of a module under a name: import it, or write its value, its source or a comment."""
        if name not in self.known:
            self.known[name] = given
            self._bind(name, given, module or getattr(given, "__module__", None) or "")
        elif not self._means(name, given):
            self._lack(f"{name} means two things, and only the first is here: rename one of them")

    def _bind(self, name: str, given: Any, module: str) -> None:
        if isinstance(given, ModuleType):
            self._import("" if name == given.__name__ else name, given.__name__)
        elif (value := written(given)) is not None:
            self.lines.append(f"{name} = {value}")
        elif isinstance(given, np.ndarray | jax.Array) and (lines := statements(name, given)):
            self.lines += lines
        elif isinstance(given, functools.partial | MethodType):
            self.lines.append(f"{name} = {self._value(name, given)}")
        elif home := home_of(given):
            self._import(name, *home)
        elif outer := _outer(given):
            owner, inner = self.define(outer, f"{name}_class"), given.__qualname__.partition(".")[2]
            self.lines.append(f"{name} = {owner}.{inner}")
        elif plain(given) is not given:
            self._bind(name, plain(given), module)
        elif source := source_of(given):
            self._define(name, given, source)
        elif not self._find(name, given, module):
            self._make(name, given)

    def _import(self, name: str, module: str, member: str = "") -> None:
        folder = folder_of(module)
        statement = f"from {module} import {member}" if member else f"import {module}"
        renamed = f" as {name}" if name and name != member else ""
        path = ["import sys", f"sys.path.insert(0, {folder!r})"] if folder else []
        self.imports += [line for line in (*path, f"{statement}{renamed}") if line not in self.imports]

    def _value(self, name: str, given: Any) -> str | None:
        """Write what is made in place, after what it is made of, and that after `name`."""
        kind = type(given)
        if (value := written(given)) is not None:
            return value
        if isinstance(given, functools.partial):
            self.bind("functools", functools)
            parts = [self.define(given.func, f"{name}_partial"), *self._parts(name, given.args, given.keywords)]
            return f"functools.partial({', '.join(parts)})"
        if isinstance(given, MethodType):
            return f"{self.write(given.__self__, f'{name}_object')}.{given.__name__}"
        if kind is dict:
            keys, values = self._parts(f"{name}_key", [*given], {}), self._parts(name, [*given.values()], {})
            return f"{{{', '.join(map(': '.join, zip(keys, values, strict=True)))}}}"
        if kind in BRACKETS:
            return BRACKETS[kind].format(", ".join(self._parts(name, [*given], {})))
        if isinstance(given, enum.Enum) and given.name in kind.__members__:
            return f"{self.define(kind, f'{name}_class')}.{given.name}"
        if call := call_of(given):
            return f"{self.define(kind, f'{name}_class')}({', '.join(self._parts(name, *call))})"
        return None

    def _parts(self, name: str, arguments: Sequence[Any], options: Mapping[str, Any]) -> list[str]:
        """Write the arguments of a call."""
        return [
            *(self.write(each, f"{name}_argument_{i}") for i, each in enumerate(arguments, start=1)),
            *(f"{option}={self.write(each, f'{name}_{option}')}" for option, each in options.items()),
        ]

    def _make(self, name: str, given: Any) -> None:
        """Make an object, or say that it cannot be written."""
        if (value := self._value(name, given)) is not None:
            self.lines.append(f"{name} = {value}")
        elif not (is_made_of_attributes(given) and self._fill(name, given)):
            self._miss(name, f"the {'class' if isinstance(given, type) else type(given).__name__} that ")

    def _fill(self, name: str, given: Any) -> bool:
        """Make an object of its class, and give it its attributes; if one cannot be written, leave all as it was."""
        kind = self.define(type(given), f"{name}_class")
        known, said = dict(self.known), (self.imports, self.lines, self.lacks)
        before = [[*each] for each in said]
        self.lines.append(f"{name} = {kind}.__new__({kind})")
        with suppress(RecursionError):  # it may hold half of the process
            for attribute, value in vars(given).items():
                part = self.write(value, f"{name}_{attribute}")
                self.lines.append(f"vars({name})[{attribute!r}] = {part}")
                if len(self.lacks) > len(before[-1]):
                    break
            else:
                return True
        self.known = known
        for each, lines in zip(said, before, strict=True):
            each[:] = lines
        return False

    def _define(self, name: str, given: Any, source: str) -> None:
        """Write a source after what it needs, under its own name, or under another where that is taken."""
        own, around = given.__name__, names_around(given)
        stale = stale_defaults(given, source, {**around, **vars(given)})
        source = edited(source, {place: self.write(value, f"{name}_default") for place, value in stale})
        if own == "<lambda>":
            source = f"{name} = {source}"
        elif self.known.setdefault(own, given) is not given:
            source = re.sub(rf"\b(class|def) {own}\b", rf"\1 {name}", source, count=1)
        elif own != name:
            source += f"\n{name} = {own}"
        self.lines += ["", *self._supplied(source, around, given.__module__).splitlines(), ""]

    def _find(self, name: str, given: Any, module: str) -> bool:
        """Import an object from its module, or repeat the statement that made it; tell whether that can be done."""
        found = global_of(given, module) or ""
        assignment = assignment_of(found, sys.modules[module]) if found else ""
        if found and module != MAIN:
            self._import(name, module, found)
        elif assignment:
            own = found if self.known.setdefault(found, given) is given else name
            renamed = edited(assignment, dict.fromkeys(places_of(found, assignment), own))
            self.lines.append(self._supplied(renamed, vars(sys.modules[module]), module))
            self.lines += [f"{name} = {own}"] if own != name else []
        return bool((found and module != MAIN) or assignment)

    def _supplied(self, source: str, around: Mapping[str, Any], module: str) -> str:
        """Define what a source uses, and give it with other names for what has one that is taken."""
        texts: dict[ast.expr, str] = {}
        for name in names_used(source):
            if name in around:
                given, places = around[name], places_of(name, source)
                other = self._name_for(name, given) if places else name
                self.bind(other, given, module)
                texts |= dict.fromkeys(places, other)
                if isinstance(given, ModuleType):
                    parts = [f"{given.__name__}.{each}" for each in attributes_used(source, name)]
                    for part in sorted(set(parts) & sys.modules.keys()):
                        self._import("", part)
            elif name not in self.known and not hasattr(builtins, name):
                self._miss(name)
        return edited(source, texts)

    def _miss(self, name: str, what: str = "") -> None:
        self._lack(f"{name} cannot be written out here: define it as {what}it is where check_layer is called")

    def _lack(self, sentence: str) -> None:
        if sentence not in self.lacks:
            self.lacks.append(sentence)
            self.lines.append(f"# {sentence}")


def _outer(given: Any) -> Any:
    """Give the class that a nested class or a static method belongs to."""
    first, *rest = getattr(given, "__qualname__", "").split(".")
    outer = getattr(sys.modules.get(getattr(given, "__module__", None) or ""), first, None)
    try:
        return outer if rest and functools.reduce(getattr, rest, outer) is given else None
    except AttributeError:
        return None
