"""Repairs of a solid before it is printed: what may be asked, and what came of it."""

import json
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import AfterValidator, AwareDatetime, Base64Bytes, BeforeValidator, Field, model_validator

from moldar.wire.base import Count, JsonNumber, Request, Response, Sha256
from moldar.wire.generation import FileEntry, Printability, Quote, SurfaceRepair
from moldar.wire.requests import Format, LengthUnit, Process, SizeMm

RepairKind = Literal["thicken", "flatten_base", "hollow", "split_to_fit", "fill_voids", "turn"]


class Thicken(Request):
    """Grow every wall that is thinner than asked."""

    kind: Literal["thicken"] = Field(description="thicken.")
    wall_mm: Annotated[float, Field(gt=0, le=20), JsonNumber] | None = Field(
        None, description="Thinnest wall there shall be; null takes what the process calls sound."
    )


class FlattenBase(Request):
    """Cut a sliver off the bottom, so that it stands on a flat."""

    kind: Literal["flatten_base"] = Field(description="flatten_base.")


class Hollow(Request):
    """Take the inside out, and drill two holes into each cavity."""

    kind: Literal["hollow"] = Field(description="hollow.")
    wall_mm: Annotated[float, Field(ge=0.4, le=50), JsonNumber] | None = Field(
        None, description="Wall that is left; null takes 2."
    )
    drain_mm: Annotated[float, Field(ge=1, le=20), JsonNumber] | None = Field(
        None, description="Diameter of the holes; null takes 4."
    )


class SplitToFit(Request):
    """Cut it into parts that fit the printer, with holes for dowels."""

    kind: Literal["split_to_fit"] = Field(description="split_to_fit.")


class FillVoids(Request):
    """Fill closed hollows."""

    kind: Literal["fill_voids"] = Field(description="fill_voids.")


class Turn(Request):
    """Lay it another way."""

    kind: Literal["turn"] = Field(description="turn.")
    choice: Annotated[int, Field(ge=1, le=3), JsonNumber] | None = Field(
        None, description="Which of the report's turns; null takes the best, of those that fit if any does."
    )


RepairStep: TypeAlias = Annotated[
    Thicken | FlattenBase | Hollow | SplitToFit | FillVoids | Turn, Field(discriminator="kind")
]


def _each_once(steps: tuple[RepairStep, ...]) -> tuple[RepairStep, ...]:
    if len({step.kind for step in steps}) != len(steps):
        raise ValueError("names a repair twice")
    return steps


def _read_steps(value: object) -> object:
    """Steps as a form has them: JSON, or kinds with commas between them."""
    if not isinstance(value, str):
        return value
    if not value.lstrip().startswith("["):
        return [{"kind": kind.strip()} for kind in value.split(",")] if value.strip() else []
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise ValueError("is neither a list of kinds nor JSON") from None


Steps = Annotated[tuple[RepairStep, ...], AfterValidator(_each_once)]


class RepairRequest(Request):
    """Repairs of a finished generation, which is not generated again; its files stay as they are."""

    repairs: Steps = Field(
        (), max_length=6, description="In any order; those that are not needed or not possible are listed with why."
    )
    offered: bool = Field(False, description="Also do what the report's findings offer.")

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not self.repairs and not self.offered:
            raise ValueError("repairs, offered or both are needed")
        return self


class FileRepairRequest(Request):
    """The form beside the file of `POST /v1/repairs`. Without repairs the file is only made a closed solid."""

    repairs: Annotated[Steps, BeforeValidator(_read_steps)] = Field(
        (), max_length=6, description="As JSON, or kinds with commas: thicken,flatten_base."
    )
    offered: bool = Field(False, description="Also do what the report's findings offer.")
    process: Process = Field("fdm", description="fdm melts filament; resin cures liquid.")
    size_mm: SizeMm | None = Field(None, description="Longest side; null keeps the file's own.")
    unit: LengthUnit | None = Field(None, description="Of the file's numbers; null takes the file's word.")
    format: Format = Field("stl", description="Mesh file to write.")


class AppliedRepair(Response):
    """A repair that was done."""

    kind: str = Field(description="One of those that findings name as their repair.")
    changes: tuple[str, ...] = Field(description="What it changed, a sentence each.")


class DeclinedRepair(Response):
    """A repair that was not needed or not possible."""

    kind: str = Field(description="One of those that findings name as their repair.")
    reason: str = Field(description="One sentence.")


class RepairedPart(Response):
    """One solid to print."""

    name: str = Field(description="part, or part-1 and on with dowel where it was cut up.")
    pieces: int = Field(ge=1, description="How many of it one object takes.")
    printability: Printability = Field(description="The report after the repairs.")
    quote: Quote | None = Field(None, description="Its price; null for uploads, and where it does not fit the printer.")
    files: tuple[str, ...] = Field(description="Names of its files.")


class Repairs(Response):
    """What repairs made of an object, measured before and after."""

    applied: tuple[AppliedRepair, ...] = Field((), description="In the order in which they were done.")
    declined: tuple[DeclinedRepair, ...] = Field((), description="Asked for or offered, and not done.")
    before: Printability = Field(description="The report before.")
    parts: tuple[RepairedPart, ...] = Field(description="What is there now.")
    gone: tuple[str, ...] = Field((), description="Codes of findings that no part has any more.")
    raised: tuple[str, ...] = Field((), description="Codes of findings that are new.")


class FileContent(Response):
    """One file in the answer itself."""

    name: str = Field(description="Its name, without a folder.")
    bytes: Count = Field(description="Its size.")
    sha256: Sha256
    media_type: str = Field(description="Its Content-Type.")
    data: Base64Bytes = Field(description="What it holds, in base64.")


class RepairedFile(Repairs):
    """An uploaded file after its repairs."""

    mended: tuple[SurfaceRepair, ...] = Field((), description="What making it a closed solid took.")
    files: tuple[FileContent, ...] = Field(description="One for each part.")


class GenerationRepair(Repairs):
    """A finished generation after repairs; its first files and quote stay as they are."""

    generation_id: str = Field(description="Whose solid it was.")
    number: int = Field(ge=1, description="Counts the repairs of this generation; part of the names of its files.")
    created_at: AwareDatetime = Field(description="When.")
    files: tuple[FileEntry, ...] = Field(description="Also listed with the generation.")


class RepairList(Response):
    """Every repair of one generation."""

    items: tuple[GenerationRepair, ...] = Field(description="In order of number.")
