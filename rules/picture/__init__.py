"""A process as a drawing, made from the pack alone: which shapes and words stand where.

`graph` reads the states and actions into an order, `clocks` says which clocks run in each
state, `layout` gives every box, line and word its place; what they look like is the business
of whoever shows them.
"""

from rules.picture.clocks import Running
from rules.picture.graph import Exit, Graph, Group, Node, ahead, graph
from rules.picture.layout import Labels, Marks, draw
from rules.picture.shapes import Box, Icon, Line, Picture, Words, strips

__all__ = [
    "Box",
    "Exit",
    "Graph",
    "Group",
    "Icon",
    "Labels",
    "Line",
    "Marks",
    "Node",
    "Picture",
    "Running",
    "Words",
    "ahead",
    "draw",
    "graph",
    "strips",
]
