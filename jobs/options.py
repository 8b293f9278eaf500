"""What the print is priced for: the request where it speaks, else the prompt, else a recommendation."""

from dataclasses import dataclass
from typing import cast

from jobs.model import Job
from pipelines.pricing import EstimateSource, QuoteRequest, recommend
from pipelines.prompt.types import Use


@dataclass(frozen=True, slots=True)
class Resolved:
    """Print options with nothing left open."""

    material: str
    quantity: int
    infill: float
    currency: str
    uses: tuple[Use, ...]
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    source: EstimateSource | None = None


def print_options(job: Job) -> Resolved:
    """The options of a job. A material that was asked for wins; what speaks against it is a warning."""
    asked = job.request.options
    advice = recommend(job.analysis, asked.material)
    said = job.analysis.quantity.value if job.analysis.quantity else 1
    return Resolved(
        material=advice.material,
        quantity=asked.quantity if asked.quantity is not None else said,
        infill=asked.infill,
        currency=asked.currency,
        uses=tuple(cast("Use", word.value) for word in job.analysis.uses),
        reasons=advice.reasons,
        warnings=advice.warnings,
        source=asked.source,
    )


def priced(options: Resolved) -> QuoteRequest:
    """The options as the quote model takes them."""
    return QuoteRequest(
        material=options.material,
        quantity=options.quantity,
        infill=options.infill,
        currency=options.currency,
        uses=options.uses,
        source=options.source,
    )
