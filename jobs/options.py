"""What the print is priced for: the request where it speaks, else the prompt, else a recommendation."""

from dataclasses import dataclass
from typing import cast

from jobs.model import Job, PrintOptions
from pipelines.pricing import EstimateSource, QuoteRequest, recommend
from pipelines.prompt.types import PromptAnalysis, Use


@dataclass(frozen=True, slots=True)
class Resolved:
    """Print options with nothing left open."""

    material: str
    quantity: int
    infill: float
    currency: str | None
    uses: tuple[Use, ...]
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    source: EstimateSource | None = None
    ship_to: str | None = None
    budget_minor: int | None = None


def print_options(job: Job) -> Resolved:
    """The options of a job. A material that was asked for wins; what speaks against it is a warning."""
    return resolved(job.request.options, job.analysis)


def resolved(asked: PrintOptions, analysis: PromptAnalysis) -> Resolved:
    """The options with what they leave open taken from the prompt, else from a recommendation."""
    advice = recommend(analysis, asked.material)
    said = analysis.quantity.value if analysis.quantity else 1
    return Resolved(
        material=advice.material,
        quantity=asked.quantity if asked.quantity is not None else said,
        infill=asked.infill,
        currency=asked.currency,
        uses=tuple(cast("Use", word.value) for word in analysis.uses),
        reasons=advice.reasons,
        warnings=advice.warnings,
        source=asked.source,
        ship_to=asked.ship_to,
        budget_minor=asked.budget_minor,
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
        ship_to=options.ship_to,
        budget_minor=options.budget_minor,
    )
