"""Exact solids with dimensions: a prompt that names a family becomes a closed mesh and OpenSCAD source of the same.

A family is drawn once, as arithmetic over named variables; the drawing is evaluated by manifold3d and printed as
OpenSCAD, so the two cannot disagree.
"""

from pipelines.parametric.building import build
from pipelines.parametric.catalog import FAMILIES
from pipelines.parametric.designing import design, serves
from pipelines.parametric.types import Design, Family, Parameter, ParametricObject

__all__ = ["FAMILIES", "Design", "Family", "Parameter", "ParametricObject", "build", "design", "serves"]
