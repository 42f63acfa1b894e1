"""A computational graph, put together of nodes: what a layer that groups them has to equal."""

from handgrad import vjp


class Graph:
    """Calls nodes, and remembers their pullbacks. What is used twice hears from both uses.

    graph = Graph()
    y = graph(Reciprocal(), graph(Add(), 1.0, graph(Exp(), x)))
    (dx,) = graph.gradients(y, dy, x)
    """

    def __init__(self):
        self.steps = []

    def __call__(self, node, *inputs):
        """Give the value of a node."""
        out, pullback = vjp(node, *inputs)
        self.steps.append((out, inputs, pullback))
        return out

    def gradients(self, value, dvalue, *wanted):
        """Go back from a value, step by step, to the inputs that are wanted."""
        heard = {id(value): dvalue}
        for out, inputs, pullback in reversed(self.steps):
            if id(out) in heard:
                for each, grad in zip(inputs, pullback(heard[id(out)]), strict=False):  # a mask has none
                    heard[id(each)] = heard.get(id(each), 0) + grad
        return [heard[id(each)] for each in wanted]
