"""The models of one worker: loaded once, on one device, warmed before the first request waits for them."""

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Protocol

import torch

from pipelines.acceleration import Acceleration, accelerate, possible
from pipelines.attention import AttentionKernel
from pipelines.cameras import FOVY_DEG, orbit
from pipelines.errors import InvalidInput, WeightsMissing
from pipelines.geometry import Views
from pipelines.lgm import Lgm, LgmConfig, load_lgm, splat
from pipelines.multiview import Outcome, SolverName, ViewRequest, load_multiview
from pipelines.routing import WayName
from pipelines.shaping.files import BIG, ModelFile, ModelFiles
from pipelines.weight_files import sha256_of

Device = Literal["cpu", "cuda"]
_NARROW: Final = Acceleration("bfloat16")
UNET_FILE: Final = "unet/diffusion_pytorch_model.safetensors"


class Sampler(Protocol):
    """Words or pictures to views; `pipelines.multiview.MultiView`."""

    def sample_each(
        self,
        asked: Sequence[ViewRequest],
        steps: int,
        solver: SolverName,
        on_step: Callable[[int, int], None] | None,
        canceled: Callable[[int], bool] | None,
    ) -> list[Outcome]: ...

    def notes(self, asked: ViewRequest) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Loading:
    """How models are to be loaded."""

    device: Device = "cpu"
    attention: AttentionKernel = "auto"
    solver: SolverName = "ddim"
    max_rows: int = 8  # objects in one pass of the network
    rembg_weights: Path | None = None  # see `images.cut_out`
    acceleration: Acceleration = _NARROW  # on CUDA, as far as it is possible there

    @property
    def feasible(self) -> Acceleration:
        """What is done to the networks on this device; nothing on a CPU."""
        if self.device == "cpu":
            return Acceleration()
        return possible(self.acceleration, torch.device(self.device))[0]


@dataclass(frozen=True, slots=True, eq=False)
class Splatter:
    """An LGM with its weights."""

    name: str
    model: Lgm
    sha256: str


@dataclass(frozen=True, slots=True, eq=False)
class ViewSampler:
    """A sampler with its weights."""

    name: str
    sampler: Sampler
    sha256: str


@dataclass(frozen=True, slots=True, eq=False)
class Models:
    """What one worker holds."""

    splatters: tuple[Splatter, ...]
    text: ViewSampler | None = None
    picture: ViewSampler | None = None
    solver: SolverName = "ddim"
    max_rows: int = 8
    device: Device = "cpu"

    def splatter(self, name: str) -> Splatter:
        """The LGM of this name. Raises WeightsMissing."""
        for held in self.splatters:
            if held.name == name:
                return held
        raise WeightsMissing(f"The weights of {name} are not loaded here.")

    def view_sampler(self, way: WayName) -> ViewSampler:
        """What makes the views of this way. Raises WeightsMissing, InvalidInput."""
        if way not in ("text", "picture"):
            raise InvalidInput(f"The way {way!r} needs its views to be given.")
        held = self.text if way == "text" else self.picture
        if held is None:
            raise WeightsMissing(f"The weights of {'MVDream' if way == 'text' else 'ImageDream'} are not loaded here.")
        return held

    def relieve(self) -> None:
        """Give back the device memory that nothing uses any more, also what only cycles of garbage still hold."""
        gc.collect()
        if self.device == "cuda":
            torch.cuda.empty_cache()


def load_models(files: ModelFiles, loading: Loading) -> Models:
    """Every model of `files` on the device, after one run of each LGM, and on a GPU of each sampler.

    Call it on the thread that is to compute: CUDA keeps some of what it sets up per thread.

    Raises:
        WeightsMissing, WeightsMismatch: a file is gone, damaged or another model's.
    """
    splatters = tuple(_splatter(file, loading) for file in files.splatters)
    text, picture = _view_sampler(files.mvdream, loading), _view_sampler(files.imagedream, loading)
    for held in splatters:
        splat(held.model, [_test_card(held.model.config)])  # the first pass of every kernel allocates and tunes
    if loading.device == "cuda":  # on a CPU there is nothing to tune, and two steps take minutes
        card = _test_card(splatters[0].model.config).images[0]
        for sampler, image in ((text, None), (picture, card)):
            if sampler is not None:
                sampler.sampler.sample_each([ViewRequest("a chair", image=image)], 2, loading.solver, None, None)
    return Models(splatters, text, picture, loading.solver, loading.max_rows, loading.device)


def _splatter(file: ModelFile, loading: Loading) -> Splatter:
    config = LgmConfig.big() if file.name == BIG else None
    model = load_lgm(file.path, config, loading.attention).to(loading.device)
    accelerate(model, loading.feasible)
    return Splatter(file.name, model, file.sha256 or sha256_of(file.path))


def _view_sampler(file: ModelFile | None, loading: Loading) -> ViewSampler | None:
    if file is None:
        return None
    how = loading.feasible
    sampler = load_multiview(file.path, loading.device, how.dtype, loading.attention, loading.rembg_weights)
    sampler.accelerated(how)
    return ViewSampler(file.name, sampler, file.sha256 or sha256_of(file.path / UNET_FILE))


def _test_card(config: LgmConfig) -> Views:
    """Four grey views: any picture will do that is not blank."""
    size = config.input_size
    images = torch.full((config.num_input_views, size, size, 3), 0.5).numpy()
    turns = [360 * k / config.num_input_views for k in range(config.num_input_views)]
    return Views(images, orbit([0.0] * len(turns), turns), FOVY_DEG)
