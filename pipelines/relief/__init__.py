"""Reliefs: one picture becomes a cushion, a plate or a cookie cutter."""

from pipelines.relief.build import ReliefMode, ReliefOptions, build_relief, resolved_mode

__all__ = ["ReliefMode", "ReliefOptions", "build_relief", "resolved_mode"]
