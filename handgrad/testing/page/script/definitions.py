"""What a script has to import or to define before it can use somebody's classes and functions."""

import builtins
import functools
import re
from dataclasses import dataclass, field
from typing import Any

from handgrad.testing import adapters
from handgrad.testing.adapters.adapted import Adapted
from handgrad.testing.page.script.homes import import_of
from handgrad.testing.page.script.literals import written
from handgrad.testing.page.script.source import meanings, names_used, source_of


@dataclass
class Definitions:
    """The lines of a script that import and define things, each after what it needs, and what the names then mean."""

    known: dict[str, Any]
    imports: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def define(self, given: Any, fallback: str) -> str:
        """Write a value, or define an object and give its name: its own, unless that is none or is taken."""
        if (value := written(given)) is not None:
            return value
        own = next((name for name, each in self.known.items() if each is given), getattr(given, "__name__", ""))
        if not own.isidentifier() or self.known.get(own, given) is not given:
            own = self.free(fallback, *names_used(source_of(given)))
        self.bind(own, given)
        return own

    def free(self, name: str, *used: str) -> str:
        """Give a name that means nothing yet."""
        return self.free(f"the_{name}", *used) if name in self.known or name in used else name

    def bind(self, name: str, given: Any) -> None:
        """Leave an object under a name: import it, or write its value or its source, or ask for it."""
        if name not in self.known:
            self.known[name] = given
            self._bind(name, given)
        elif self.known[name] is not given and written(self.known[name]) != (written(given) or ""):
            self._ask(f"rename {name}: it means something else here, too")

    def _bind(self, name: str, given: Any) -> None:
        if imported := import_of(name, given):
            self.imports += [line for line in imported if line not in self.imports]
        elif (value := written(given)) is not None:
            self.lines.append(f"{name} = {value}")
        elif isinstance(given, functools.partial):
            self.bind("functools", functools)
            func = self.define(given.func, f"{name}_0")
            self.lines.append(f"{name} = functools.partial({', '.join([func, *self._passed(name, given)])})")
        elif isinstance(given, Adapted):
            self.bind("adapters", adapters)
            passed = self._passed(name, given.again)
            self.lines.append(f"{name} = adapters.{given.again.func.__name__}({', '.join(passed)})")
        elif source := source_of(given):
            self._define(name, given, source)
        else:
            self._ask(f"define {name}: it is a {type(given).__name__} where check_layer is called")

    def _passed(self, name: str, given: functools.partial[Any]) -> list[str]:
        """Write what a call passes on."""
        values = [self.define(each, f"{name}_{i}") for i, each in enumerate(given.args, 1)]
        options = [f"{option}={self.define(each, f'{name}_{option}')}" for option, each in given.keywords.items()]
        return values + options

    def _define(self, name: str, given: Any, source: str) -> None:
        """Write a source under a name, after what it uses."""
        around = meanings(given, source)
        for used in names_used(source):
            if used in around:
                self.bind(used, around[used])
            elif not hasattr(builtins, used):
                self._ask(f"define {used}: it is not to be found where check_layer is called")
        named = re.sub(rf"\b(class|def) {given.__name__}\b", rf"\1 {name}", source.rstrip(), count=1)
        self.lines += ["", f"{name} = {source}" if given.__name__ == "<lambda>" else named, ""]

    def _ask(self, what: str) -> None:
        if f"# {what}" not in self.lines:
            self.lines.append(f"# {what}")
