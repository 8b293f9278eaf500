"""The part of a generation request that decides who serves it."""

from dataclasses import dataclass
from typing import Literal

Method = Literal["auto", "local", "replicate", "huggingface", "parametric", "relief"]
Licence = Literal["commercial", "restricted", "non_commercial"]
AdmittedLicence = Literal["any", "commercial", "permissive"]


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked, as far as the choice of a backend depends on it."""

    method: Method = "auto"
    model: str = "auto"
    images: int = 0
    licence: AdmittedLicence = "any"
    size_mm: float | None = None
    cameras: int = 0  # poses given for the pictures: none, or one for each
    best_of: int = 1  # seeds to choose among
    finish_in_s: float | None = None  # from now; None: whenever
    budget_micros: int | None = None  # millionths of a US dollar that making the shape may cost; None: no bound


def is_admitted(licence: Licence, admitted: AdmittedLicence) -> bool:
    """Whether what comes under `licence` may serve a request that admits `admitted`."""
    if admitted == "any":
        return True
    return licence == "commercial" or (admitted == "commercial" and licence == "restricted")
