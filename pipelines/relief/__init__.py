"""Reliefs: one picture becomes a cushion, a plate or a cookie cutter."""

from pipelines.relief.build import RELIEF_VIEW, ReliefMode, ReliefOptions, build_relief, resolved_mode

__all__ = ["RELIEF_VIEW", "ReliefMode", "ReliefOptions", "build_relief", "resolved_mode"]
