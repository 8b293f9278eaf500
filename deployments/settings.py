"""Every knob of the service. The one place that reads the environment; only the composition roots build it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX: Final = "MOLDAR_"
# Secrets that other tools of the field also read, under the names that they use.
USUAL_NAMES: Final = {
    "replicate_api_token": "REPLICATE_API_TOKEN",
    "hf_token": "HF_TOKEN",
    "slant3d_api_key": "SLANT3D_API_KEY",
}


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StudioSettings(_Section):
    """Who runs jobs, and how the right to run one passes on."""

    concurrency: int = Field(4, ge=1, le=256, description="Jobs that one studio replica works on at a time.")
    lease_s: float = Field(10.0, ge=1, description="A holder that is silent for this long has lost its jobs.")
    poll_s: float = Field(1.0, gt=0, description="How often a studio looks for work that nobody told it of.")
    pool_start_s: float = Field(
        240.0, gt=0, description="A job fails when for this long no replica of the model pool has come up for it."
    )
    max_claims: int = Field(5, ge=1, description="Holders that may die with one job before it fails.")


class RouterSettings(_Section):
    """When a request is refused for load, and how many jobs stand at a backend's door."""

    queue_bound: int = Field(2000, ge=1, description="Jobs that may wait for one backend; beyond it others are tried.")
    prefetch: int = Field(
        1, ge=0, le=4, description="Jobs at a backend's door for each at work, so that none of its workers idles."
    )


class LimitSettings(_Section):
    """What is refused before any work is done."""

    body_bytes: int = Field(64 * 2**20, ge=2**10, description="Largest request body.")
    queued_jobs: int = Field(10_000, ge=1, description="Jobs that may wait; beyond it capacity.saturated.")
    wait_s: float = Field(60.0, ge=0, description="Longest time that `Prefer: wait=N` holds a request.")


class SlicerSettings(_Section):
    """PrusaSlicer beside the model of print time and material."""

    executable: str = Field(
        "prusa-slicer", min_length=1, description="Name of a program on the PATH, or its path; it need not be there."
    )
    profile: Path | None = Field(
        None, description="A profile that the slicer exported (.ini); unset: the generic printer that ships."
    )
    timeout_s: float = Field(120.0, gt=0, le=3600, description="A part that takes longer to slice is given up.")
    memory_mib: int = Field(4096, ge=64, le=2**20, description="Memory that one slice may take.")
    use: Literal["never", "asked", "always"] = Field(
        "asked",
        description="asked: for requests that say source=slicer; always: for every quote, by the model with a note "
        "where slicing fails.",
    )
    drift_share: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Of the quotes that the model computes, the share that is sliced too, one at a time and after the "
        "answer, for moldar_quote_drift_ratio.",
    )


class LgmSettings(_Section):
    """The pool of workers that hold LGM, MVDream and ImageDream."""

    weights_dir: Path = Field(
        Path(".moldar/weights"), description="Where fetched weights are: a folder for each name of the manifest."
    )
    nano_file: Path | None = Field(None, description="A checkpoint of `make train-nano` in place of the shipped one.")
    mvdream_dir: Path | None = Field(None, description="Your own MVDream in the hub's layout, not checked by hash.")
    imagedream_dir: Path | None = Field(None, description="Your own ImageDream, likewise.")
    num_gpus: float = Field(
        0.0, ge=0, le=8, description="Of a GPU, for each replica: 0.5 puts two on one; 0 computes on the CPU."
    )
    gpu_memory_fraction: float | None = Field(
        None, gt=0, le=1, description="Of the GPU's memory that a replica may take; unset: as much as of the GPU."
    )
    min_replicas: int = Field(0, ge=0, le=64, description="Kept ready; 0 costs nothing until somebody asks.")
    max_replicas: int = Field(1, ge=1, le=64, description="At the most.")
    target_ongoing_requests: float = Field(2.0, gt=0, description="Jobs for each replica before another is started.")
    downscale_delay_s: float = Field(300.0, ge=0, description="Quiet for this long, a replica is let go.")
    max_batch_size: int = Field(8, ge=1, le=64, description="Jobs that one replica samples together, at the most.")
    batch_wait_s: float = Field(0.05, ge=0, le=10, description="How long a job waits for others to share its batch.")
    attention: Literal["auto", "sdpa", "xformers"] = Field("auto", description="auto, sdpa or xformers.")
    solver: Literal["ddim", "dpmsolver++", "unipc"] = Field(
        "ddim", description="Of the samplers; the last two are content with fewer steps."
    )
    acceleration: Literal["narrow", "quick", "full"] = Field(
        "quick",
        description="On a GPU. narrow: bfloat16 only; quick: and what takes seconds to set up, such as CUDA graphs; "
        "full: and torch.compile, which takes minutes for each size of batch.",
    )
    cpu_threads: int = Field(
        0, ge=0, le=256, description="Threads of a replica that computes on the CPU; 0: every core it may run on."
    )
    stall_s: float = Field(
        300.0, ge=5, description="A replica whose work has not moved for this long is taken to hang, and replaced."
    )

    @model_validator(mode="after")
    def _refuse_more_kept_than_allowed(self) -> Self:
        if self.min_replicas > self.max_replicas:
            raise ValueError("min_replicas cannot be more than max_replicas")
        return self


class Settings(BaseSettings):
    """The service's settings: arguments in serve.yaml, then `MOLDAR_*` variables, then these defaults."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", frozen=True, extra="forbid", populate_by_name=True
    )

    data_dir: Path = Field(Path(".moldar"), description="Folder of the local database and artifacts.")
    database_url: SecretStr | None = Field(
        None, description="SQLAlchemy URL; unset: SQLite in `data_dir`. PostgreSQL: postgresql+psycopg://..."
    )
    artifacts_url: str | None = Field(
        None, description="fsspec URL such as s3://bucket/prefix; unset: a folder in `data_dir`."
    )
    nodes: int = Field(1, ge=1, description="Ray nodes that run the service; more than one needs PostgreSQL and S3.")
    build_volume_mm: tuple[float, float, float] = Field(
        (220.0, 220.0, 250.0), description="The printer's build volume x, y, z in mm."
    )
    price_book: Path | None = Field(None, description="The shop's prices (.toml); unset: the book that ships.")
    calibration: Path | None = Field(
        None, description="The printer's model as `moldar calibrate` wrote it (.toml); unset: the generic printer's."
    )
    rembg_weights: Path = Field(
        Path("~/.u2net/u2net.onnx"),
        description="ONNX file of the rembg extra; where it exists, doubtful cut-outs are its network's.",
    )
    log_level: str = Field(
        "INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="Least severe log line that is written."
    )
    studio: StudioSettings = Field(default_factory=StudioSettings, description="See below.")
    limits: LimitSettings = Field(default_factory=LimitSettings, description="See below.")
    router: RouterSettings = Field(default_factory=RouterSettings, description="See below.")
    lgm: LgmSettings = Field(default_factory=LgmSettings, description="See below.")
    slicer: SlicerSettings = Field(default_factory=SlicerSettings, description="See below.")
    replicate_api_token: SecretStr | None = Field(None, description="Token of replicate.com.")
    hf_token: SecretStr | None = Field(None, description="Token of Hugging Face.")
    slant3d_api_key: SecretStr | None = Field(None, description="Key of Slant 3D's v2 API.")

    @property
    def database(self) -> str:
        """The database's URL, with its secret."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir.resolve() / 'moldar.db'}"

    @property
    def artifacts(self) -> str:
        """The artifact store's URL."""
        return self.artifacts_url or str(self.data_dir.resolve() / "artifacts")

    @model_validator(mode="before")
    @classmethod
    def _read_usual_names(cls, values: dict[str, object]) -> dict[str, object]:
        usual = {field: os.environ[name] for field, name in USUAL_NAMES.items() if os.environ.get(name)}
        return {**usual, **values}

    @model_validator(mode="after")
    def _refuse_misspelt_variables(self) -> Self:
        # pydantic-settings ignores unknown variables, even with extra="forbid".
        known = {PREFIX + name.upper() for name in type(self).model_fields}
        given = {key.upper().split("__")[0] for key in os.environ if key.upper().startswith(PREFIX)}
        if given - known:
            raise ValueError(f"unknown settings: {', '.join(sorted(given - known))}")
        return self

    @model_validator(mode="after")
    def _refuse_one_disk_for_many_nodes(self) -> Self:
        if self.nodes == 1:
            return self
        if self.database.startswith("sqlite"):
            raise ValueError("SQLite serves one node: set MOLDAR_DATABASE_URL to a PostgreSQL URL for more")
        if "://" not in self.artifacts:
            raise ValueError("a local folder serves one node: set MOLDAR_ARTIFACTS_URL to s3://... for more")
        return self


def described(model: type[BaseModel] = Settings, prefix: str = PREFIX) -> Iterator[tuple[str, str, str]]:
    """Variable, default and description of every setting: what docs/settings.md is written from."""
    for name, field in model.model_fields.items():
        variable = prefix + name.upper()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from described(field.annotation, f"{variable}__")
        else:
            yield variable, str(field.get_default(call_default_factory=True)), field.description or ""
