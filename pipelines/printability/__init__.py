"""Printability: a mesh in, a print report out."""

from pipelines.printability.process import BUILD_VOLUME_MM, FDM, RESIN, BuildVolume, Process, ProcessName
from pipelines.printability.report import Finding, FindingCode, Orientation, PrintReport, Severity, Verdict, inspect

__all__ = [
    "BUILD_VOLUME_MM",
    "FDM",
    "RESIN",
    "BuildVolume",
    "Finding",
    "FindingCode",
    "Orientation",
    "PrintReport",
    "Process",
    "ProcessName",
    "Severity",
    "Verdict",
    "inspect",
]
