"""What a caller may ask. Bounds stand here once; the service, the clients and the documentation read them from here."""

import base64
import binascii
import re
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from moldar.wire.base import CurrencyCode, JsonNumber, Request, Sound

Method = Literal["auto", "local", "replicate", "huggingface", "parametric", "relief"]
Format = Literal["stl", "glb", "3mf", "obj", "ply"]
SplatFormat = Literal["splats.ply", "splat", "spz"]
Licence = Literal["any", "commercial", "permissive"]
Process = Literal["fdm", "resin"]
QuoteSource = Literal["geometry", "slicer"]
LengthUnit = Literal["mm", "cm", "inch", "m"]

PROMPT_MAX_CHARS: Final = 2000
IMAGE_MAX_BYTES: Final = 20 * 2**20  # decoded; phone cameras write 3-12 MB
SIZE_MAX_MM: Final = 2000.0  # beyond every printer of docs; larger is a slip of units

# 4 base64 characters carry 3 bytes; 100 more for "data:image/...;base64,".
_IMAGE_MAX_CHARS = IMAGE_MAX_BYTES * 4 // 3 + 100
_DATA_URI = re.compile(r"data:(image/[a-z0-9.+-]{1,60});base64,")
_CUTOUT = re.compile(r"cutout:[A-Za-z0-9_-]{1,64}")


def image_bytes(image: str) -> bytes | None:
    """The bytes that a data URI carries, or None where `image` names a cut-out.

    Raises:
        ValueError: `image` is neither a base64 `data:image/...` URI nor "cutout:ID".
    """
    if _CUTOUT.fullmatch(image):
        return None
    head = _DATA_URI.match(image)
    if head is None:
        raise ValueError("must be a data:image/...;base64, URI or cutout:ID")
    try:
        return base64.b64decode(image[head.end() :], validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("the data URI is not valid base64") from error


def _sound_image(image: str) -> str:
    if image_bytes(image) == b"":
        raise ValueError("the picture is empty")
    return image


def _https_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # both raise on nonsense such as port 99999
    except ValueError as error:
        raise ValueError("is not a URL") from error
    if parts.scheme != "https" or not host or any(c.isspace() for c in url):
        raise ValueError("must be an https:// URL")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not carry a user name or password")
    return url


def _unique(formats: tuple[Format, ...]) -> tuple[Format, ...]:
    if len(set(formats)) != len(formats):
        raise ValueError("names a format twice")
    return formats


Prompt = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=PROMPT_MAX_CHARS),
    Sound,
    Field(json_schema_extra={"pattern": r"\S"}),
]
Image = Annotated[
    str,
    StringConstraints(max_length=_IMAGE_MAX_CHARS),
    AfterValidator(_sound_image),
    Field(json_schema_extra={"pattern": f"^({_DATA_URI.pattern}[A-Za-z0-9+/]+={{0,2}}|{_CUTOUT.pattern})$"}),
]
WebhookUrl = Annotated[
    str,
    StringConstraints(max_length=2048),
    AfterValidator(_https_url),
    Field(json_schema_extra={"format": "uri", "pattern": "^https://"}),
]
SizeMm = Annotated[float, Field(gt=0, le=SIZE_MAX_MM)]
Quantity = Annotated[int, Field(ge=1, le=10_000)]
Infill = Annotated[float, Field(ge=0, le=1)]
# Which materials, currencies and places there are is the word of the service's price book: GET /v1/materials.
MaterialName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Currency = CurrencyCode
ZoneName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
BudgetMinor = Annotated[int, Field(ge=1, le=10**12)]
MetadataKey = Annotated[str, StringConstraints(min_length=1, max_length=64), Sound]
MetadataValue = Annotated[str, StringConstraints(max_length=512), Sound]


Coordinate = Annotated[float, JsonNumber]
PoseRow = tuple[Coordinate, Coordinate, Coordinate, Coordinate]


_CURRENCY: Final = "Currency of the quote, one of GET /v1/materials; null takes the price book's own."
_SHIP_TO: Final = "Zone that the order is sent to, one of GET /v1/materials; null prices it without shipping."
_BUDGET: Final = "For the whole order: asks for the largest size under it, which is one of the quote's alternatives."


class CameraPose(Request):
    """Where one picture was taken from: on an orbit about the object, or anywhere by its matrix."""

    elevation_deg: Annotated[float, Field(ge=-90, le=90), JsonNumber] | None = Field(
        None, description="How far above the object."
    )
    azimuth_deg: Annotated[float, Field(ge=-360, le=360), JsonNumber] | None = Field(
        None, description="How far around it: 0 sees the front, 90 the side that is on the right there."
    )
    radius: Annotated[float, Field(gt=0, le=100), JsonNumber] | None = Field(
        None, description="Distance from the object's middle, in a unit that all cameras share; null takes 1.5."
    )
    c2w: tuple[PoseRow, PoseRow, PoseRow, PoseRow] | None = Field(
        None,
        description="Instead of the others: camera to world, row by row; y up, the camera looks along its own -z.",
    )

    @model_validator(mode="after")
    def _is_on_an_orbit_or_anywhere(self) -> Self:
        orbit = (self.elevation_deg, self.azimuth_deg)
        if self.c2w is None and None in orbit:
            raise ValueError("needs elevation_deg and azimuth_deg, or c2w")
        if self.c2w is not None and (*orbit, self.radius) != (None, None, None):
            raise ValueError("c2w says all; nothing goes beside it")
        return self


class GenerationRequest(Request):
    """Ask for one object. What is left out is read from the prompt, else a sensible default is taken."""

    prompt: Prompt | None = Field(
        None, description="The object in words, English or Portuguese.", examples=["a vase 120 mm tall"]
    )
    images: tuple[Image, ...] = Field(
        (), max_length=4, description="Up to four pictures: base64 data URIs, or cutout:ID from POST /v1/cutouts."
    )
    method: Method = Field("auto", description="Which family of backends may serve; auto lets the router choose.")
    model: str = Field(
        "auto", pattern=r"^[a-z0-9][a-z0-9._:/-]{0,199}$", description="A model of the method, such as lgm or trellis."
    )
    negative_prompt: (
        Annotated[str, StringConstraints(strip_whitespace=True, max_length=PROMPT_MAX_CHARS), Sound] | None
    ) = Field(None, description="What the object should not be; only models that sample read it.")
    seed: Annotated[int, JsonNumber] = Field(
        0, ge=0, le=2**32 - 1, description="The same request with the same seed gives the same object."
    )
    steps: Annotated[int, Field(ge=1, le=1000), JsonNumber] | None = Field(
        None, description="Sampling steps; null takes the model's own."
    )
    guidance_scale: Annotated[float, Field(ge=0, le=100), JsonNumber] | None = Field(
        None, description="How strictly the model follows the prompt."
    )
    elevation_deg: Annotated[float, JsonNumber] = Field(
        0.0, ge=-90, le=90, description="How far above the object the picture was taken."
    )
    size_mm: Annotated[SizeMm, JsonNumber] | None = Field(
        None,
        description="Longest side of the printed object; null takes it from the prompt or the design, else 100 mm.",
    )
    material: MaterialName | None = Field(
        None, description="One of GET /v1/materials; null takes the prompt's, else the one recommended for the use."
    )
    quantity: Annotated[Quantity, JsonNumber] | None = Field(
        None, description="Pieces to quote; null takes the prompt's, else 1."
    )
    infill: Annotated[Infill, JsonNumber] = Field(0.2, description="Filled share of the interior.")
    currency: Currency | None = Field(None, description=_CURRENCY)
    source: QuoteSource | None = Field(
        None, description="Who says mass and time: the model, or a real slicer. Null leaves it to the service."
    )
    ship_to: ZoneName | None = Field(None, description=_SHIP_TO)
    budget_minor: Annotated[BudgetMinor, JsonNumber] | None = Field(None, description=_BUDGET)
    formats: Annotated[tuple[Format, ...], AfterValidator(_unique)] = Field(
        ("stl", "glb", "3mf"), min_length=1, max_length=5, description="Mesh files to write, each once."
    )
    texture: bool = Field(
        False, description="Keep the GLB's colours in a picture, on at most 10,000 triangles, instead of on vertices."
    )
    deadline_s: Annotated[float, Field(gt=0, le=86_400), JsonNumber] | None = Field(
        None, description="Give up when it is not done this long after it was accepted."
    )
    webhook_url: WebhookUrl | None = Field(
        None, description="Where to post the generation object when it ends; https only. Refused by this version."
    )
    licence: Licence = Field(
        "any",
        description="commercial admits only weights whose output may be sold; permissive refuses use restrictions too.",
    )
    metadata: dict[MetadataKey, MetadataValue] = Field(
        default_factory=dict, max_length=16, description="The caller's own labels, handed back unchanged."
    )
    cameras: tuple[CameraPose, ...] = Field(
        (),
        max_length=4,
        description="One for each of four pictures of the object, at 49.1 degrees of view; "
        "none: azimuths 0, 90, 180 and 270 at elevation_deg.",
    )
    best_of: Annotated[int, JsonNumber] = Field(
        1, ge=1, le=8, description="Seeds from seed on to try; the one whose views agree best is kept."
    )

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if self.prompt is None and not self.images:
            raise ValueError("a prompt, images or both are needed")
        if self.cameras and len(self.cameras) != len(self.images):
            raise ValueError(f"{len(self.cameras)} cameras for {len(self.images)} images")
        if self.texture and "glb" not in self.formats:
            raise ValueError("a texture is the GLB's: formats must hold glb")
        return self


class AnalysisRequest(GenerationRequest):
    """The generation one is about to ask for: what it is understood to mean, who would serve it and for how much."""


class BatchRequest(Request):
    """Many generations under one id. All are accepted or none is."""

    generations: tuple[GenerationRequest, ...] = Field(
        min_length=1, max_length=200, description="Served as capacity allows."
    )


class QuoteRequest(Request):
    """Price a finished generation again without generating it again; null keeps what it was generated with."""

    material: MaterialName | None = Field(None, description="Another material.")
    size_mm: Annotated[SizeMm, JsonNumber] | None = Field(
        None, description="Another longest side; the shape is scaled."
    )
    infill: Annotated[Infill, JsonNumber] | None = Field(None, description="Another filled share of the interior.")
    quantity: Annotated[Quantity, JsonNumber] | None = Field(None, description="Another number of pieces.")
    currency: Currency | None = Field(None, description="Another currency.")
    ship_to: ZoneName | None = Field(None, description="Another place.")
    budget_minor: Annotated[BudgetMinor, JsonNumber] | None = Field(None, description=_BUDGET)
    source: QuoteSource | None = Field(None, description="Who says mass and time: the model, or a real slicer.")


class FileQuoteRequest(Request):
    """The form beside the file of `POST /v1/quotes`."""

    material: MaterialName = Field("pla", description="What it is printed in.")
    size_mm: SizeMm | None = Field(None, description="Longest side; null keeps the file's own millimetres.")
    infill: Infill = Field(0.2, description="Filled share of the interior.")
    quantity: Quantity = Field(1, description="Number of pieces.")
    currency: Currency | None = Field(None, description=_CURRENCY)
    ship_to: ZoneName | None = Field(None, description=_SHIP_TO)
    budget_minor: BudgetMinor | None = Field(None, description=_BUDGET)
    source: QuoteSource | None = Field(
        None, description="Who says mass and time: the model, or a real slicer. Null leaves it to the service."
    )
    unit: LengthUnit | None = Field(
        None, description="Of the file's numbers; null takes the file's word, else guesses from the size and says so."
    )


class ConversionRequest(Request):
    """The form beside the file of `POST /v1/conversions`; the answer is the converted file itself."""

    format: Format | SplatFormat = Field(description="What to write; splats.ply keeps Gaussians in a .ply.")
    texture: bool = Field(False, description="Of a glb: colours in a picture instead of on vertices.")
    size_mm: SizeMm | None = Field(
        None, description="Longest side; null keeps a mesh's own, and makes of splats 100 mm."
    )
    unit: LengthUnit | None = Field(
        None, description="Of the file's numbers; null takes the file's word, else guesses from the size and says so."
    )


class InspectionRequest(Request):
    """The form beside the file of `POST /v1/printability`."""

    size_mm: SizeMm | None = Field(None, description="Longest side; null keeps the file's own millimetres.")
    process: Process = Field("fdm", description="fdm melts filament; resin cures liquid.")
    unit: LengthUnit | None = Field(
        None, description="Of the file's numbers; null takes the file's word, else guesses from the size and says so."
    )


class PictureRequest(Request):
    """The form beside the file of `POST /v1/pictures`; the answer is the picture itself."""

    format: Literal["png", "webp"] = Field("png", description="png is one picture; webp is a turn around the object.")
    size: Annotated[int, Field(ge=16, le=1024)] = Field(512, description="Pixels per side.")
    elevation_deg: float = Field(0.0, ge=-90, le=90, description="How far above the object the camera is.")
    azimuth_deg: float = Field(0.0, ge=-360, le=360, description="How far around it: 0 sees the front.")
    frames: Annotated[int, Field(ge=2, le=72)] | None = Field(
        None, description="Pictures of a webp; null takes 36. A png has one."
    )

    @model_validator(mode="after")
    def _has_frames_only_where_it_turns(self) -> Self:
        if self.format == "png" and self.frames is not None:
            raise ValueError("frames are of a webp: a png is one picture")
        return self


class Rating(Request):
    """A person's judgement of one generation."""

    stars: Annotated[int, JsonNumber] = Field(ge=1, le=5, description="5 is best.")
    comment: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), Sound] | None = Field(
        None, description="In a word."
    )
