"""Stage outputs as bytes and back: what a new holder needs to go on after the last stored stage."""

import hashlib
import io
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from jobs.lifecycle import Stage
from jobs.model import Checkpoint, Converted, FilePayload, FileRecord, Generated, Job, Provenance
from jobs.ports import ArtifactStore
from pipelines.geometry import Gaussians, TriangleMesh
from pipelines.pricing import Quote
from pipelines.printability import PrintReport

Arrays = dict[str, NDArray[Any]]
NPZ: Final = "application/x-npz"
_SHAPE: Final = "shape.npz"

PROVENANCE: Final = TypeAdapter(Provenance)
REPORT: Final = TypeAdapter(PrintReport)
QUOTE: Final = TypeAdapter(Quote)


@dataclass(frozen=True, slots=True)
class Placement:
    """The document of the conversion stage: how the shape became the object."""

    transform: tuple[float, ...]
    repairs: tuple[str, ...]


PLACEMENT: Final = TypeAdapter(Placement)


def pack_mesh(mesh: TriangleMesh) -> bytes:
    """A mesh as an uncompressed .npz: the fastest lossless form."""
    arrays: Arrays = {"vertices": mesh.vertices, "faces": mesh.faces}
    if mesh.colors is not None:
        arrays["colors"] = mesh.colors
    return _pack(arrays)


def unpack_mesh(data: bytes) -> TriangleMesh:
    """The inverse of `pack_mesh`."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return TriangleMesh(arrays["vertices"], arrays["faces"], arrays.get("colors"))


def pack_gaussians(gaussians: Gaussians, size_mm: float | None = None) -> bytes:
    """Gaussians as an uncompressed .npz, with the size that their object is known to have."""
    arrays: Arrays = {name: getattr(gaussians, name) for name in ("means", "opacity", "scaling", "rotation", "rgb")}
    return _pack(arrays if size_mm is None else {**arrays, "size_mm": np.array(size_mm)})


def unpack_gaussians(data: bytes) -> Gaussians:
    """The inverse of `pack_gaussians`."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return Gaussians(*(arrays[name] for name in ("means", "opacity", "scaling", "rotation", "rgb")))


def _pack(arrays: Arrays) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]  # numpy's stub takes the file for an array
    return buffer.getvalue()


def generated_files(shape: Generated) -> tuple[FilePayload, ...]:
    """What the generation stage stores: its shape for a later holder, and the files the user gets."""
    if shape.mesh is not None:
        packed = pack_mesh(shape.mesh)
    elif shape.gaussians is not None:
        packed = pack_gaussians(shape.gaussians, shape.size_mm)
    else:
        raise ValueError("a generated shape is a mesh or Gaussians")
    return (FilePayload(_SHAPE, NPZ, packed, public=False), *shape.files)


def converted_files(solid: Converted) -> tuple[FilePayload, ...]:
    """What the conversion stage stores."""
    return (FilePayload(_SHAPE, NPZ, pack_mesh(solid.mesh), public=False), *solid.files)


async def store(artifacts: ArtifactStore, prefix: str, payloads: tuple[FilePayload, ...]) -> tuple[FileRecord, ...]:
    """Write every payload below `prefix` and say what was written."""
    records = []
    for payload in payloads:
        key = f"{prefix}/{payload.name}"
        await artifacts.put(key, payload.data)
        digest = hashlib.sha256(payload.data).hexdigest()
        size = len(payload.data)
        records.append(FileRecord(payload.name, key, size, digest, payload.media_type, payload.public))
    return tuple(records)


async def load_generated(artifacts: ArtifactStore, done: Checkpoint) -> Generated:
    """The generation stage's output, from its checkpoint."""
    provenance = PROVENANCE.validate_json(done.document)
    data = await artifacts.get(_shape_key(done))
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        is_mesh = "faces" in arrays
        size_mm = float(arrays["size_mm"]) if "size_mm" in arrays else None
    if is_mesh:
        return Generated(provenance, mesh=unpack_mesh(data))
    return Generated(provenance, gaussians=unpack_gaussians(data), size_mm=size_mm)


async def load_solid(artifacts: ArtifactStore, job: Job) -> TriangleMesh | None:
    """The finished solid of a job, None before the conversion stage is done."""
    done = job.checkpoint(Stage.CONVERSION)
    return unpack_mesh(await artifacts.get(_shape_key(done))) if done else None


def report_of(job: Job) -> PrintReport | None:
    """The print report of a job, once there is one."""
    done = job.checkpoint(Stage.PRINTABILITY)
    return REPORT.validate_json(done.document) if done else None


def provenance_of(job: Job) -> Provenance | None:
    """Who made the shape, once it is made."""
    done = job.checkpoint(Stage.GENERATION)
    return PROVENANCE.validate_json(done.document) if done else None


def placement_of(job: Job) -> Placement | None:
    """How the shape became the object, once it has."""
    done = job.checkpoint(Stage.CONVERSION)
    return PLACEMENT.validate_json(done.document) if done else None


def _shape_key(done: Checkpoint) -> str:
    return next(record.key for record in done.files if record.name == _SHAPE)
