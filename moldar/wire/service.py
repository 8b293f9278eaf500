"""Everything else the service answers: lists, events, analyses, its own state, and the one error body."""

from typing import Literal

from pydantic import AwareDatetime, Field, JsonValue

from moldar.wire.base import Count, MinorUnits, Response
from moldar.wire.generation import Analysis, Cost, Generation, PlanStep, PriceBookName


class GenerationPage(Response):
    """Some of the caller's generations, the newest first."""

    items: tuple[Generation, ...] = Field(description="At most as many as were asked for.")
    next_cursor: str | None = Field(None, description="Opaque; ask again with it for what follows. Null at the end.")


class Batch(Response):
    """Many generations under one id."""

    id: str = Field(description="Names the batch.")
    created_at: AwareDatetime = Field(description="When it was accepted.")
    status: Literal["running", "finished"] = Field(description="finished when every generation is final.")
    items: tuple[Generation, ...] = Field(description="In the order they were asked for.")


class Moderation(Response):
    """Why something is not made here."""

    category: str = Field(description="weapons, hate, sexual, ...")
    reason: str = Field(description="One sentence.")


class AnalysisResponse(Response):
    """What would happen if the generation were asked for now."""

    analysis: Analysis | None = Field(None, description="What the prompt is understood to ask; null without a prompt.")
    plan: tuple[PlanStep, ...] = Field(description="Every backend considered, with its reason.")
    cost: Cost | None = Field(None, description="Estimate for the chosen backend; null where nothing can serve.")
    moderation: Moderation | None = Field(None, description="Set when the prompt would be refused.")


class Material(Response):
    """One material that can be printed."""

    name: str = Field(description="As requests name it.")
    label: str = Field(description="For people.")
    process: str = Field(description="fdm or resin.")
    density_g_cm3: float = Field(gt=0, description="Density.")
    price_per_kg_minor: MinorUnits
    currency: str = Field(description="Currency of the price, ISO 4217.")
    nozzle_c: tuple[int, int] | None = Field(None, description="Lowest and highest nozzle temperature; null for resin.")
    bed_c: tuple[int, int] | None = Field(None, description="Lowest and highest bed temperature; null for resin.")
    uses: tuple[str, ...] = Field((), description="What it is good for.")
    not_for: tuple[str, ...] = Field((), description="What it fails at.")
    food_contact: str = Field("", description="What to know before food touches it.")
    sources: tuple[str, ...] = Field((), description="Where the figures come from, with the day they were read.")


class Zone(Response):
    """A place that orders are sent to."""

    name: str = Field(description="As requests name it.")
    label: str = Field(description="For people.")


class MaterialList(Response):
    """Every material, and what else the price book leaves to choose."""

    items: tuple[Material, ...] = Field(description="In order of name.")
    currencies: tuple[str, ...] = Field((), description="ISO 4217, the price book's own first.")
    zones: tuple[Zone, ...] = Field((), description="Where orders can go.")
    price_book: PriceBookName | None = Field(None, description="Where the prices come from.")


class BackendState(Response):
    """Whether one backend can serve now, and why not."""

    name: str = Field(description="parametric, relief, lgm, openlrm, replicate, huggingface.")
    available: bool = Field(description="A request that fits it would be admitted.")
    reason: str = Field(description="Why not, and what would change that; or what it is.")
    capacity: Count = Field(description="Generations at a time.")
    in_flight: Count = Field(description="Generations now.")
    queue_depth: Count = Field(description="Generations waiting.")
    licence: str = Field(description="commercial, restricted or non_commercial.")


class BackendList(Response):
    """Every backend, the configured and the absent."""

    items: tuple[BackendState, ...] = Field(description="In order of preference.")


class Cutout(Response):
    """A picture without its background, kept for a following generation."""

    id: str = Field(description="Use as cutout:ID in images.")
    width: int = Field(gt=0, description="Pixels.")
    height: int = Field(gt=0, description="Pixels.")
    method: str = Field(description="alpha, grabcut or rembg.")
    url: str = Field(description="The PNG with its alpha.")
    expires_at: AwareDatetime = Field(description="Kept until then.")


class Event(Response):
    """One thing that happened to a job: the data of a server-sent event, whose id is `id` and whose name is `kind`."""

    id: Count = Field(description="Rises with every event of the service; send as Last-Event-ID to resume after it.")
    generation_id: str = Field(description="The job.")
    kind: str = Field(
        description="queued, started, stage, progress, retried, stage_done, succeeded, failed, canceled; may grow."
    )
    at: AwareDatetime = Field(description="When.")
    data: dict[str, JsonValue] = Field(default_factory=dict, description="Such as stage and progress.")


class FieldError(Response):
    """What is wrong with one field."""

    field: str = Field(description="Path in the request, such as images.0.")
    message: str = Field(description="One sentence.")


class Problem(Response):
    """The one error body (RFC 9457), sent as application/problem+json."""

    type: str = Field("about:blank", description="Page about this kind of error.")
    title: str = Field(description="The kind of error, the same each time.")
    status: int = Field(ge=100, le=599, description="HTTP status.")
    detail: str = Field(description="This error, in one sentence.")
    code: str = Field(description="Stable name of docs/errors.md.")
    retryable: bool = Field(description="The same request may succeed later.")
    instance: str | None = Field(None, description="The request it happened to.")
    errors: tuple[FieldError, ...] = Field((), description="Fields at fault, where that is known.")


class Check(Response):
    """One thing the service needs."""

    name: str = Field(description="What.")
    ok: bool = Field(description="Whether it works.")
    detail: str = Field("", description="In a sentence.")


class Health(Response):
    """Whether the service is alive (`/healthz`) or ready to serve (`/readyz`)."""

    status: Literal["ok", "unavailable"] = Field(description="unavailable comes with HTTP 503.")
    version: str = Field(description="Of the service.")
    checks: tuple[Check, ...] = Field((), description="What was looked at.")
