"""Repairs that a report offers: each takes a solid and gives a solid, and says what it changed.

They are applied only when asked for. What they give is closed and manifold, in the frame of what they took, and is to
be inspected again: a repair that mends one finding may raise another. `apply_repairs` applies several and does that.
"""

from pipelines.printability.repairs.base import fill_voids, flatten_base, turn
from pipelines.printability.repairs.hollow import hollow
from pipelines.printability.repairs.order import Applied, Declined, Outcome, Part, RepairStep, Tell, apply_repairs
from pipelines.printability.repairs.solids import Repaired
from pipelines.printability.repairs.split import Split, split_to_fit
from pipelines.printability.repairs.thicken import thicken

__all__ = [
    "Applied",
    "Declined",
    "Outcome",
    "Part",
    "RepairStep",
    "Repaired",
    "Split",
    "Tell",
    "apply_repairs",
    "fill_voids",
    "flatten_base",
    "hollow",
    "split_to_fit",
    "thicken",
    "turn",
]
