"""The values the application moves: requests, jobs, stage outputs. Everything here is plain and picklable."""

from dataclasses import dataclass, field
from typing import Literal, NewType

from jobs.lifecycle import TERMINAL, Stage, Status
from pipelines.geometry import Gaussians, TriangleMesh
from pipelines.meshing import MeshFormat
from pipelines.pricing import EstimateSource, Quote
from pipelines.printability import PrintReport
from pipelines.prompt.types import PromptAnalysis
from pipelines.routing import Method, Plan

_Row = tuple[float, float, float, float]
Pose = tuple[_Row, _Row, _Row, _Row]
"""Camera to world, row by row."""

JobId = NewType("JobId", str)
Backend = Literal["parametric", "relief", "lgm", "openlrm", "replicate", "huggingface"]


@dataclass(frozen=True, slots=True)
class PrintOptions:
    """What is asked of the print rather than of the shape."""

    material: str | None = None  # None: recommended from the analysis
    quantity: int | None = None  # None: from the prompt, else 1
    infill: float = 0.2
    currency: str | None = None  # None: the price book's own
    source: EstimateSource | None = None  # who says mass and time; None leaves it to the service
    ship_to: str | None = None
    budget_minor: int | None = None


@dataclass(frozen=True, slots=True)
class CameraPose:
    """Where one picture was taken from: on an orbit about the object, or anywhere."""

    elevation_deg: float | None = None  # positive is above; None where `c2w` is given
    azimuth_deg: float | None = None  # 0 sees the front
    radius: float = 1.5
    c2w: Pose | None = None  # OpenGL axes, y up


@dataclass(frozen=True, slots=True)
class JobRequest:
    """Everything a caller may ask of one generation. Pictures are keys of the artifact store."""

    prompt: str = ""
    images: tuple[str, ...] = ()
    method: Method = "auto"
    model: str = "auto"
    negative_prompt: str = ""
    seed: int = 0
    steps: int | None = None
    guidance_scale: float | None = None
    elevation_deg: float = 0.0
    size_mm: float | None = None
    options: PrintOptions = field(default_factory=PrintOptions)
    formats: tuple[MeshFormat, ...] = ("stl", "glb", "3mf")
    texture: bool = False  # colours of the GLB in a picture
    deadline_s: float | None = None
    webhook_url: str | None = None
    licence: Literal["any", "commercial", "permissive"] = "any"
    metadata: tuple[tuple[str, str], ...] = ()
    cameras: tuple[CameraPose, ...] = ()
    best_of: int = 1


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write one job until `expires_at`; a higher token has fenced this one off."""

    owner: str
    token: int
    expires_at: float


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One stored file of a stage."""

    name: str
    key: str  # of the artifact store
    bytes: int
    sha256: str
    media_type: str
    public: bool  # part of the result, or only a checkpoint


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job failed, as its owner may read it."""

    code: str
    message: str
    retryable: bool


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a shape came from."""

    backend: Backend
    model: str
    weights_sha256: str | None
    seed: int
    licence: str
    parameters: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class FilePayload:
    """A file before it is stored."""

    name: str
    media_type: str
    data: bytes
    public: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Generated:
    """Output of the generation stage: a mesh in the object frame, or Gaussians in the model frame."""

    provenance: Provenance
    mesh: TriangleMesh | None = None
    gaussians: Gaussians | None = None
    files: tuple[FilePayload, ...] = ()
    size_mm: float | None = None  # longest side that the maker knows the object to have; None where the shape says it


@dataclass(frozen=True, slots=True, eq=False)
class Converted:
    """Output of the conversion stage: the closed, sized, placed solid and its files."""

    mesh: TriangleMesh
    transform: tuple[float, ...]  # row-major 4x4 from the generated frame to the object frame
    repairs: tuple[str, ...]
    files: tuple[FilePayload, ...]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A finished stage: what it stored, by which holder, and how long it took."""

    stage: Stage
    token: int
    files: tuple[FileRecord, ...]
    document: str  # JSON of the stage's own value object, "" where the files say all
    finished_at: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Job:
    """One row: what was asked, where it stands, and what is already done."""

    id: JobId
    sequence: int
    caller: str
    status: Status
    stage: Stage | None
    request: JobRequest
    analysis: PromptAnalysis
    plan: Plan
    created_at: float
    started_at: float | None = None
    finished_at: float | None = None
    claims: int = 0
    lease: Lease | None = None
    cancel_requested: bool = False
    batch_id: str | None = None
    failure: Failure | None = None
    checkpoints: tuple[Checkpoint, ...] = ()
    progress: float | None = None  # share of the whole, as the running stage last told; None before it told any
    later_files: tuple[FileRecord, ...] = ()  # of repairs made after the job

    @property
    def is_terminal(self) -> bool:
        return self.status in TERMINAL

    def checkpoint(self, stage: Stage) -> Checkpoint | None:
        """The stored output of `stage`, if it is done."""
        return next((done for done in self.checkpoints if done.stage is stage), None)

    def files(self) -> tuple[FileRecord, ...]:
        """The files of the result so far, in order of their stages, and then those of repairs."""
        return (*(record for done in self.checkpoints for record in done.files if record.public), *self.later_files)


@dataclass(frozen=True, slots=True)
class NewJob:
    """What is written when a job is accepted."""

    id: JobId
    caller: str
    request: JobRequest
    analysis: PromptAnalysis
    plan: Plan
    created_at: float
    batch_id: str | None = None
    idempotency_key: str | None = None
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class JobEvent:
    """One line of a job's log; `id` grows over the whole service and is what `Last-Event-ID` means."""

    id: int
    job_id: JobId
    caller: str
    kind: str  # queued, started, resumed, stage, progress, retried, stage_done, succeeded, failed, canceled
    at: float
    data: str  # JSON object


@dataclass(frozen=True, slots=True)
class Note:
    """Something to know about a stage that is under way."""

    kind: Literal["progress", "retried"]
    stage: Stage
    progress: float | None = None  # share of the whole job
    attempt: int | None = None  # the one that begins, counted from 1
    reason: str | None = None  # why there is another one


@dataclass(frozen=True, slots=True)
class Held:
    """A lease that was just renewed, and whether its job's owner wants it stopped."""

    job_id: JobId
    stop: bool


@dataclass(frozen=True, slots=True)
class Load:
    """How many jobs wait and run, by backend."""

    queued: tuple[tuple[str, int], ...]
    running: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class StoredQuote:
    """A quote made after the job, without generating again."""

    job_id: JobId
    quote: Quote
    report: PrintReport


@dataclass(frozen=True, slots=True)
class StoredRepair:
    """A repair made after the job: its files, what came of it, and what that costs."""

    files: tuple[FileRecord, ...]
    document: str  # JSON of `jobs.repair.RepairRecord`, where the quotes are too
    quotes: tuple[StoredQuote, ...] = ()  # to be kept beside it, so that each is found by its id
