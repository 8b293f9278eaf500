"""Printability: a mesh in, a print report out."""

from pipelines.printability.findings import (
    Finding,
    FindingCode,
    Orientation,
    Place,
    PrintReport,
    RepairName,
    Severity,
    Turn,
    Verdict,
)
from pipelines.printability.process import BUILD_VOLUME_MM, FDM, RESIN, BuildVolume, Process, ProcessName
from pipelines.printability.report import Examination, examine, inspect

__all__ = [
    "BUILD_VOLUME_MM",
    "FDM",
    "RESIN",
    "BuildVolume",
    "Examination",
    "Finding",
    "FindingCode",
    "Orientation",
    "Place",
    "PrintReport",
    "Process",
    "ProcessName",
    "RepairName",
    "Severity",
    "Turn",
    "Verdict",
    "examine",
    "inspect",
]
