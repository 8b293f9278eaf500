"""The generation stage of the lgm backend as functions of a job: what is asked of the models, and what they gave."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from jobs.model import CameraPose, FilePayload, Generated, Job, JobRequest, Provenance
from pipelines.cameras import FOVY_DEG, checked_c2w, orbit, orbit_c2w
from pipelines.errors import NoBackend
from pipelines.images import cut_out, decode, encode_png, recentred
from pipelines.parametric import build, design
from pipelines.routing import Request, Way, way_for
from pipelines.shaping import Wish

if TYPE_CHECKING:
    from pipelines.geometry import Views
    from pipelines.shaping import Shaped

STEPS: Final = 30  # of the sampler; SPEC A.9
PICTURE_PX: Final = 256  # what ImageDream was trained on
DESIGN_ELEVATIONS_DEG: Final = (30.0, -30.0, 30.0, -30.0)  # at elevation 0 nobody sees into a vase, or under a table
_VIEWS_FROM: Final = {"views": "own", "design": "parametric", "text": "mvdream", "picture": "imagedream"}
_LONGEST: Final = ("size", "height", "width", "length", "depth", "diameter")


@dataclass(frozen=True, slots=True)
class LgmCard:
    """What a worker says of one of its LGMs."""

    name: str
    pixels: int  # per side of its views
    sha256: str


@dataclass(frozen=True, slots=True)
class SamplerCard:
    """What a worker says of one of its samplers."""

    name: str
    sha256: str
    solver: str
    restriction: str = ""  # what whoever gets its results must be told


@dataclass(frozen=True, slots=True)
class Offer:
    """What one worker can do, and what goes with its results."""

    ways: tuple[Way, ...]
    lgms: tuple[LgmCard, ...]
    samplers: tuple[SamplerCard, ...] = ()
    rembg_weights: Path | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """A job as the models take it, and what is known of it before they are asked."""

    wish: Wish
    way: Way
    lgm: LgmCard
    size_mm: float | None  # longest side
    parameters: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


def routed(request: JobRequest) -> Request:
    """The part of a request that decides who serves it."""
    return Request(
        request.method,
        request.model,
        len(request.images),
        request.licence,
        request.size_mm,
        len(request.cameras),
        request.best_of,
        request.deadline_s,
    )


def poses(cameras: Sequence[CameraPose]) -> NDArray[np.float32]:
    """The poses [V, 4, 4] of cameras as a caller gave them. Raises InvalidInput where one is no pose."""
    given = [
        orbit_c2w(pose.elevation_deg or 0.0, pose.azimuth_deg or 0.0, pose.radius)
        if pose.c2w is None
        else np.asarray(pose.c2w, np.float64)
        for pose in cameras
    ]
    return checked_c2w(np.stack(given))


def order_of(job: Job, pictures: Sequence[bytes], offer: Offer) -> Order:
    """What this worker's models are to do for a job.

    Raises:
        NoBackend: this worker has not the weights that the plan was made with.
        InputError: pictures that cannot be read or show nothing, poses that are none, a design that cannot be.
    """
    way, objection = way_for(routed(job.request), job.analysis, offer.ways)
    if way is None:
        raise NoBackend(f"This worker cannot make it: {objection}.")
    asked = job.request.model
    lgm = next(card for card in offer.lgms if card.name == (asked if asked in way.models else way.models[0]))
    if way.name == "design":
        return _photographed(job, way, lgm)
    if way.name == "views":
        return _own(job, pictures, way, lgm, offer)
    return _sampled(job, pictures, way, lgm, offer)


def generated(job: Job, order: Order, shaped: "Shaped", offer: Offer) -> Generated:
    """The stage's output: the Gaussians, the files of them and of their views, and where they came from."""
    from pipelines.splats import write_splats  # noqa: PLC0415 - numba, which only replicas that hold models load

    views = [
        FilePayload(f"view_{number}.png", "image/png", encode_png(_bytes_of(image)))
        for number, image in enumerate(shaped.views.images)
    ]
    splats = FilePayload("gaussians.ply", "application/x-ply", write_splats(shaped.gaussians, "ply"))
    best = tuple((f"candidate_{one.seed}", f"{one.psnr_db:.2f} dB") for one in shaped.candidates)
    sampler = next((card for card in offer.samplers if card.name == _VIEWS_FROM[order.way.name]), None)
    sampled = (("solver", sampler.solver), (f"{sampler.name}_sha256", sampler.sha256)) if sampler else ()
    provenance = Provenance(
        backend="lgm",
        model=order.lgm.name,
        weights_sha256=order.lgm.sha256,
        seed=shaped.seed,
        licence=order.way.licence,
        parameters=(("views", _VIEWS_FROM[order.way.name]), *order.parameters, *sampled, *best),
        notes=(*order.notes, *shaped.notes, *([sampler.restriction] if sampler and sampler.restriction else [])),
    )
    return Generated(provenance, gaussians=shaped.gaussians, files=(splats, *views), size_mm=order.size_mm)


def _photographed(job: Job, way: Way, lgm: LgmCard) -> Order:
    from pipelines.pictures.photograph import photograph, to_model_frame  # noqa: PLC0415 - embree, as above

    made = build(design(job.analysis, job.request.size_mm))
    seen = photograph(to_model_frame(made.mesh), orbit(DESIGN_ELEVATIONS_DEG), FOVY_DEG, lgm.pixels)
    parameters = tuple((name, f"{value:g}") for name, value in made.design.parameters)
    return Order(
        _wish(job, way, lgm, seen),
        way,
        lgm,
        float(made.mesh.size.max()),
        (("family", made.design.family), *parameters),
        made.design.notes,
    )


def _own(job: Job, pictures: Sequence[bytes], way: Way, lgm: LgmCard, offer: Offer) -> Order:
    from pipelines.lgm import own_views  # noqa: PLC0415 - torch, which only replicas that hold models load

    c2w = poses(job.request.cameras) if job.request.cameras else None
    seen = own_views(
        [decode(picture) for picture in pictures],
        c2w,
        elevation_deg=job.request.elevation_deg,
        size=lgm.pixels,
        rembg_weights=offer.rembg_weights,
    )
    cameras = "given" if job.request.cameras else f"standard at {job.request.elevation_deg:g} deg"
    return Order(_wish(job, way, lgm, seen), way, lgm, _said_size_mm(job), (("cameras", cameras),))


def _sampled(job: Job, pictures: Sequence[bytes], way: Way, lgm: LgmCard, offer: Offer) -> Order:
    picture = recentred(cut_out(decode(pictures[0]), offer.rembg_weights), PICTURE_PX) if pictures else None
    seeds = tuple((job.request.seed + k) % 2**32 for k in range(job.request.best_of))
    wish = _wish(job, way, lgm, None, seeds=seeds, picture=picture)
    given = {"steps": wish.steps, "guidance_scale": wish.guidance_scale, "elevation_deg": wish.elevation_deg}
    parameters = tuple((name, f"{value:g}") for name, value in given.items() if value is not None)
    return Order(wish, way, lgm, _said_size_mm(job), parameters)


def _wish(
    job: Job,
    way: Way,
    lgm: LgmCard,
    views: "Views | None",
    seeds: tuple[int, ...] | None = None,
    picture: NDArray[np.float32] | None = None,
) -> Wish:
    request = job.request
    return Wish(
        way=way.name,
        model=lgm.name,
        views=views,
        prompt=request.prompt,
        negative_prompt=request.negative_prompt,
        picture=picture,
        seeds=seeds or (request.seed,),
        steps=request.steps or STEPS,
        guidance_scale=request.guidance_scale,
        elevation_deg=request.elevation_deg,
    )


def _said_size_mm(job: Job) -> float | None:
    """The longest length that the prompt gives the object as a whole, None where it gives none."""
    said = [found.value_mm for found in job.analysis.dimensions if found.name in _LONGEST]
    return max(said, default=None)


def _bytes_of(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.asarray(np.rint(255 * np.clip(image, 0, 1)), np.uint8)
