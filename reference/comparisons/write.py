"""`python -m reference --write`: measure everything, and write the page and its figures."""

from collections.abc import Sequence

import handgrad.activations
from reference.cases import Case
from reference.comparisons import accuracy, conventions, departures, digits, measure, sweep
from reference.comparisons.figures import CAPTION, activation_figure, digits_figure
from reference.comparisons.page import FIGURES, TERMS, write_sections
from reference.comparisons.pieces import Plan
from reference.comparisons.plain import plain


def write(plan: Plan, search: measure.Searched, training: digits.Training) -> None:
    """Write every section but "Speed", which is measured by itself."""
    FIGURES.mkdir(exist_ok=True)
    digits_figure(training, FIGURES / "digits.svg")
    written = sections(plan, search, illustrated=True)
    write_sections({**written, "A network on real digits": digits.section(training)})


def print_layer(plan: Plan, search: measure.Searched) -> None:
    """Print what the page says, about these cases alone, as plain text."""
    written = sections(plan, search)
    print("\n" + plain(TERMS))
    for title, body in written.items():
        print(f"\n{title}\n{'-' * len(title)}\n\n{plain(body)}")


def sections(plan: Plan, search: measure.Searched, illustrated: bool = False) -> dict[str, str]:
    """Say what there is to say of the cases of a plan, by the titles of the page."""
    layers = {case.layer.__name__ for case in plan.cases}
    swept = [(case, sweep.sweep(case)) for case in sweep.elementwise_cases() if case in plan.cases]
    curves = [each for _, both in swept for each in both]
    drawn = [draw(case, both) for case, both in swept if illustrated and is_activation(case)]
    answers = conventions.answers(layers)
    departed = departures.departed(layers)
    written = {
        "How close": accuracy.section(accuracies(plan)),
        "The float32 line": sweep.section(curves, [*drawn, CAPTION] if drawn else []) if curves else "",
        "Conventions": conventions.section(answers) if answers else "",
        "Where handgrad departs from the book": departures.section(departed) if departed else "",
        "What was searched": measure.section(search),
    }
    return {title: body for title, body in written.items() if body}


def is_activation(case: Case) -> bool:
    """Tell whether a case is of a layer that has a figure."""
    return case.layer.__module__ == handgrad.activations.__name__


def draw(case: Case, curves: Sequence[sweep.Curve]) -> str:
    """Draw an activation, and give the Markdown that shows the figure."""
    path = FIGURES / f"{case.layer.__name__.lower()}.svg"
    activation_figure(case, curves, path)
    about = f"{case.name}: value and derivative by hand and by JAX, and below them the errors along the float32 line"
    return f"![{about}](figures/{path.name})"


def accuracies(plan: Plan) -> list[accuracy.Accuracy]:
    """Measure the accuracy of every case."""
    return [each for case in plan.on_every_case(accuracy.accuracy_of, accuracy.merged) for each in case]
