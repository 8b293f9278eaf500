"""The generation object and its parts: what a caller gets back for what was asked."""

from datetime import date
from typing import Literal

from pydantic import AwareDatetime, Field, JsonValue

from moldar.wire.base import Count, CurrencyCode, Matrix4, MinorUnits, Response, Sha256, Triple

Status = Literal["queued", "running", "succeeded", "failed", "canceled"]
Stage = Literal["analysis", "generation", "conversion", "printability", "quote"]
Severity = Literal["info", "warning", "error"]
Verdict = Literal["ok", "warning", "error"]


class Finding(Response):
    """A word read from the prompt: `prompt[start:end]`."""

    value: str = Field(description="As understood, such as vase, petg or #aa3311.")
    text: str = Field(description="As written.")
    start: Count = Field(description="First character in the prompt.")
    end: Count = Field(description="One past the last character.")


class NumberFinding(Response):
    """A bare number read from the prompt."""

    value: int = Field(description="As understood.")
    text: str = Field(description="As written.")
    start: Count = Field(description="First character in the prompt.")
    end: Count = Field(description="One past the last character.")


class CountFinding(NumberFinding):
    """A counted part, such as 20 teeth."""

    name: str = Field(description="What is counted: teeth, holes, sides, ...")


class DimensionFinding(Response):
    """One length, converted to millimetres."""

    name: str = Field(description="size, height, width, diameter, wall, ...; size is a length whose axis was not said.")
    value_mm: float = Field(description="The length.")
    unit: str = Field(description="The unit it was written in.")
    text: str = Field(description="As written.")
    start: Count = Field(description="First character in the prompt.")
    end: Count = Field(description="One past the last character.")


class PromptProblem(Response):
    """Something contradictory or impossible in the prompt: said, not guessed away."""

    code: str = Field(description="Such as dimension.not_positive.")
    message: str = Field(description="One sentence in the prompt's language.")
    start: Count = Field(description="First character in the prompt.")
    end: Count = Field(description="One past the last character.")


class Analysis(Response):
    """What the prompt is understood to ask; what was not said is empty."""

    language: str = Field(description="en or pt.")
    subject: str = Field(description="The noun phrase that names the object, empty if none.")
    family: Finding | None = Field(None, description="The kind of parametric object, where one fits.")
    combined_with: tuple[Finding, ...] = Field((), description="Further families that the object is combined with.")
    dimensions: tuple[DimensionFinding, ...] = Field((), description="Every length that was said.")
    counts: tuple[CountFinding, ...] = Field((), description="Every counted part.")
    thread: Finding | None = Field(None, description="ISO thread, such as M8.")
    inscription: Finding | None = Field(None, description="Text to put on the object.")
    material: Finding | None = Field(None, description="The material that was named.")
    color: Finding | None = Field(None, description="The colour that was named, as #rrggbb.")
    quantity: NumberFinding | None = Field(None, description="The number of pieces.")
    uses: tuple[Finding, ...] = Field((), description="decorative, mechanical, food_contact, outdoor, flexible.")
    features: tuple[Finding, ...] = Field((), description="What is added: hole, lid, handle, drainage, hollow, ...")
    problems: tuple[PromptProblem, ...] = Field((), description="What cannot be as it was written.")


class PlanStep(Response):
    """What was decided about one backend, and why."""

    backend: str = Field(description="parametric, relief, lgm, openlrm, replicate, huggingface.")
    decision: str = Field(description="chosen, fallback or refused.")
    reason: str = Field(description="One sentence.")


class Provenance(Response):
    """Where the object came from."""

    backend: str = Field(description="The backend that made it.")
    model: str = Field(description="The backend's model or family.")
    weights_sha256: Sha256 | None = Field(None, description="Null where no weights took part.")
    seed: int = Field(description="The seed that was used.")
    licence: str = Field(description="Licence class of what made it: commercial, restricted or non_commercial.")
    splat_to_object: Matrix4 | None = Field(
        None, description="From the splats' frame to printed millimetres, row by row."
    )
    plan: tuple[PlanStep, ...] = Field((), description="Every backend that was considered, in order.")
    parameters: dict[str, JsonValue] = Field(default_factory=dict, description="What the backend was given.")
    notes: tuple[str, ...] = Field((), description="What was derived or mended on the way, a sentence each.")


class FileEntry(Response):
    """One file of the result."""

    name: str = Field(description="Its name, without a folder.")
    bytes: Count = Field(description="Its size.")
    sha256: Sha256
    media_type: str = Field(description="Its Content-Type.")
    url: str = Field(description="Where to get it, absolute or from the service's root.")


class SurfaceRepair(Response):
    """One thing done to the surface of a file to make a closed solid of it."""

    code: str = Field(description="Stable name, such as filled_holes; may grow.")
    message: str = Field(description="What was done.")
    count: Count = Field(0, description="Of vertices, faces, holes or bodies, as the message has it.")
    share: float = Field(0.0, ge=0, le=1, description="Of the surface that was invented or left out.")


class PrintPlace(Response):
    """One spot of the mesh that a finding is about."""

    at_mm: Triple = Field(description="Its middle, with the lowest point of the mesh at z = 0.")
    face_count: Count = Field(description="How many faces it has.")
    faces: tuple[tuple[int, int], ...] = Field(
        (), description="Runs of face indices, first and past the last; printability.json and uploads have them."
    )
    complete: bool = Field(False, description="Whether `faces` names all of them.")


class PrintFinding(Response):
    """One thing to know before printing."""

    code: str = Field(description="Stable name, such as wall.thin.")
    severity: Severity = Field(description="error: it will not print as it is.")
    message: str = Field(description="One sentence.")
    measured: float | None = Field(None, description="What was found, in the unit that the code implies.")
    limit: float | None = Field(None, description="What it was compared with.")
    remedy: str = Field("", description="What to do, one sentence.")
    repair: str | None = Field(None, description="The repair that does it, such as thicken or hollow; may grow.")
    places: tuple[PrintPlace, ...] = Field((), description="Where, the largest spots first; at most eight.")


class PrintTurn(Response):
    """Another way up that would print better."""

    up: str = Field(description="The direction of the mesh that would point up.")
    rotation: tuple[Triple, Triple, Triple] = Field(description="Rows of the rotation to apply.")
    support_mm3: float = Field(description="Support it would take.")
    contact_mm2: float = Field(description="What would touch the bed.")
    height_mm: float = Field(description="How tall it would stand.")
    tipping_deg: float = Field(description="How far it could lean before it falls.")
    fits: bool = Field(description="In the printer's build volume.")


class Printability(Response):
    """The print report."""

    score: float = Field(ge=0, le=10, description="10 prints without a thought.")
    verdict: Verdict = Field(description="The worst finding; ok where none is worse than info.")
    watertight: bool = Field(description="Every edge borders exactly two faces.")
    manifold: bool = Field(description="Closed, consistently wound, no edge or corner shared by strangers.")
    bodies: Count = Field(description="Separate solids.")
    volume_mm3: float = Field(description="Enclosed volume.")
    area_mm2: float = Field(description="Surface.")
    size_mm: Triple = Field(description="Extents along x, y, z.")
    min_wall_mm: float | None = Field(description="Thinnest wall; null where none could be measured.")
    overhang_area_mm2: float = Field(description="Faces that look down too flatly to print unsupported.")
    support_volume_mm3: float = Field(description="Space under them.")
    fits_build_volume: bool = Field(description="In the printer's build volume as it stands.")
    stable: bool = Field(description="Stands on its own base.")
    orientation: str = Field(description="The one that all figures are for: as_modelled; may grow.")
    findings: tuple[PrintFinding, ...] = Field((), description="The worst first.")
    turns: tuple[PrintTurn, ...] = Field((), description="Better ways up, the best first; at most three.")
    repairs: tuple[SurfaceRepair, ...] = Field(
        (), description="Of an uploaded file: what making it a closed solid takes; conversions and quotes do that."
    )
    beyond_repair: str | None = Field(None, description="Of an uploaded file: why no solid can be made of it.")


class QuoteLine(Response):
    """One line of a quote."""

    code: str = Field(description="Stable name, such as material or machine_time.")
    label: str = Field(description="For people.")
    amount_minor: MinorUnits
    source: Literal["geometry", "slicer", "vendor"] = Field(
        description="Computed, measured by a slicer or quoted by a vendor."
    )
    error_band: float = Field(ge=0, description="Relative half width: 0.2 means the amount may be 20 % off either way.")


class QuantityBreak(Response):
    """The price of one piece when more are ordered."""

    quantity: int = Field(ge=1, description="From this many pieces.")
    unit_minor: MinorUnits


class QuoteAlternative(Response):
    """The same order with one thing changed."""

    kind: str = Field(description="What is changed: material, infill, size, orientation or budget; may grow.")
    label: str = Field(description="The change, for people.")
    material: str = Field(description="Its material.")
    infill: float = Field(ge=0, le=1, description="Its filled share of the interior.")
    scale: float = Field(gt=0, description="Of every length; 1 is the size asked for.")
    total_minor: MinorUnits
    mass_g: float = Field(ge=0, description="One piece.")
    print_time_s: float = Field(ge=0, description="One piece.")
    saving_minor: int = Field(0, description="Of the whole order; below 0 where it costs more.")
    size_mm: Triple | None = Field(None, description="As it would stand.")
    up: str | None = Field(None, description="The turn of the print report that lays it; null where it is not turned.")


class PriceBookName(Response):
    """Whose prices they are."""

    name: str = Field(description="The shop's name for them.")
    dated: date = Field(description="When they were set.")
    rates_dated: date = Field(description="When its exchange rates were set.")


class Quote(Response):
    """A price; `lines` sum to `total_minor`. `unit_minor` is one piece with its tax and without shipping."""

    quote_id: str = Field(description="Names this quote.")
    currency: CurrencyCode
    total_minor: MinorUnits
    unit_minor: MinorUnits
    quantity: int = Field(ge=1, description="Pieces.")
    material: str = Field(description="What it is printed in.")
    material_reasons: tuple[str, ...] = Field((), description="Why this material, where the caller left it open.")
    material_warnings: tuple[str, ...] = Field((), description="What speaks against the material that was asked for.")
    infill: float = Field(ge=0, le=1, description="Filled share of the interior.")
    mass_g: float = Field(ge=0, description="One piece.")
    print_time_s: float = Field(ge=0, description="One piece.")
    lines: tuple[QuoteLine, ...] = Field(description="What the total is made of.")
    quantity_breaks: tuple[QuantityBreak, ...] = Field((), description="Prices of more pieces.")
    alternatives: tuple[QuoteAlternative, ...] = Field((), description="The same order with one thing changed.")
    expires_at: AwareDatetime = Field(description="The price holds until then.")
    error_band: float = Field(0.0, ge=0, description="Of the total: nine in ten are within it, as a share.")
    ship_to: str | None = Field(None, description="Zone that it is sent to; null where shipping is not priced.")
    price_book: PriceBookName | None = Field(None, description="Where the prices come from.")
    notes: tuple[str, ...] = Field((), description="What to know about how it came about, a sentence each.")
    repairs: tuple[SurfaceRepair, ...] = Field(
        (), description="Of an uploaded file: what was done to make it the closed solid that is priced."
    )


class Cost(Response):
    """What making it cost, beside printing it."""

    amount_minor: MinorUnits
    currency: CurrencyCode
    seconds: float = Field(ge=0, description="Time at work.")


class JobError(Response):
    """Why a generation failed."""

    code: str = Field(description="Of docs/errors.md, such as backend.failed.")
    message: str = Field(description="One sentence.")
    retryable: bool = Field(description="The same request may succeed later.")


class AcceptedCamera(Response):
    """One camera as it was accepted."""

    elevation_deg: float | None = Field(None, description="How far above the object.")
    azimuth_deg: float | None = Field(None, description="How far around it.")
    radius: float | None = Field(None, description="Distance from the object's middle.")
    c2w: Matrix4 | None = Field(None, description="Camera to world, row by row.")


class AcceptedRequest(Response):
    """The request as it was accepted. Pictures are named by their digest, not repeated."""

    prompt: str | None = Field(None, description="The words.")
    images: tuple[str, ...] = Field((), description="sha256:HEX of each picture, or cutout:ID.")
    method: str = Field("auto", description="Which family of backends may serve.")
    model: str = Field("auto", description="Which model.")
    negative_prompt: str | None = Field(None, description="What the object should not be.")
    seed: int = Field(0, description="The seed.")
    steps: int | None = Field(None, description="Sampling steps.")
    guidance_scale: float | None = Field(None, description="How strictly the model follows the prompt.")
    elevation_deg: float = Field(0.0, description="How far above the object the picture was taken.")
    size_mm: float | None = Field(None, description="Longest side asked for.")
    material: str | None = Field(None, description="Material asked for.")
    quantity: int | None = Field(None, description="Pieces asked for.")
    infill: float = Field(0.2, description="Filled share of the interior.")
    currency: str | None = Field(None, description="Currency of the quote; null for the price book's own.")
    source: str | None = Field(None, description="Who was asked for mass and time of the quote.")
    ship_to: str | None = Field(None, description="Zone that the order is sent to.")
    budget_minor: int | None = Field(None, description="For the whole order.")
    formats: tuple[str, ...] = Field(("stl", "glb", "3mf"), description="Mesh files.")
    texture: bool = Field(False, description="Whether the GLB's colours are a picture.")
    deadline_s: float | None = Field(None, description="Time allowed.")
    webhook_url: str | None = Field(None, description="Told when it ends.")
    licence: str = Field("any", description="Licence classes admitted.")
    metadata: dict[str, str] = Field(default_factory=dict, description="The caller's own labels.")
    cameras: tuple[AcceptedCamera, ...] = Field((), description="Where the pictures were taken from.")
    best_of: int = Field(1, description="Seeds that were tried.")


class Generation(Response):
    """One job, from the moment it was accepted to its result."""

    id: str = Field(description="Names it in every other call.")
    status: Status = Field(description="succeeded, failed and canceled are final.")
    stage: Stage | None = Field(None, description="What is being done; null before and after.")
    progress: float = Field(0.0, ge=0, le=1, description="Share of the work done.")
    queue_position: Count | None = Field(None, description="Jobs in front of this one while it is queued.")
    eta_s: float | None = Field(None, ge=0, description="Estimated time until it ends.")
    created_at: AwareDatetime = Field(description="When it was accepted.")
    started_at: AwareDatetime | None = Field(None, description="When work began.")
    finished_at: AwareDatetime | None = Field(None, description="When it ended.")
    request: AcceptedRequest = Field(description="What was asked.")
    analysis: Analysis | None = Field(None, description="What the prompt is understood to ask.")
    provenance: Provenance | None = Field(None, description="Where the object came from.")
    files: tuple[FileEntry, ...] = Field((), description="What can be downloaded.")
    printability: Printability | None = Field(None, description="The print report.")
    quote: Quote | None = Field(None, description="The price of printing it.")
    cost: Cost | None = Field(None, description="What making it cost.")
    error: JobError | None = Field(None, description="Why it failed.")

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in FINAL


FINAL = frozenset({"succeeded", "failed", "canceled"})
