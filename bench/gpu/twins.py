"""What a device computes against what it must: upstream's own numbers, or the same network in float32 on the CPU.

An error is the norm of the difference over the norm of the reference, of the worst part where a result has several.
"""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from safetensors.numpy import load_file
from torch import Tensor

from bench.gpu import networks
from bench.gpu.bench import Bench, Missing
from bench.gpu.lines import Line, Outcome
from bench.gpu.networks import KINDS, Kind, Shapes
from pipelines.acceleration import Acceleration, Width, accelerate, possible
from pipelines.attention import KERNELS, attend, resolved
from pipelines.errors import InvalidInput
from pipelines.geometry import FreeCamera, Gaussians, Views
from pipelines.lgm import Lgm, LgmConfig, splat
from pipelines.multiview import MultiView, MultiViewUNet, MultiViewUNetConfig, ViewRequest
from pipelines.weights import read_tensors

GOLDEN: Final = Path(__file__).parents[2] / "tests" / "golden" / "models"
CPU: Final = torch.device("cpu")
# float32 adds up in another order: 1e-6 a layer. TF32, which is not allowed where float32 is asked, would show as 3e-4.
# float16 rounds by 5e-4 and bfloat16 by 4e-3 at each of some dozen layers.
TOLERANCES: Final[dict[Width, float]] = {"float32": 5e-5, "float16": 1e-2, "bfloat16": 5e-2}
_PICTURE_TOLERANCE: Final = 1 / 50  # of a channel: gsplat and 3DGS cap opacity at .999 and at .99; see `render`
_SLICES: Final = (3, 1, 3, 4, 3)  # position, opacity, scale, rotation, colour


@dataclass(frozen=True, slots=True)
class Twin:
    """One comparison."""

    name: str
    error: float
    tolerance: float
    how: str = ""

    @property
    def agrees(self) -> bool:
        return self.error <= self.tolerance  # false for NaN


Twins = Callable[[torch.device], Iterator[Twin]]


def distance(found: Tensor, due: Tensor) -> float:
    """The norm of the difference over that of `due`, in float64."""
    found, due = found.detach().double().cpu(), due.detach().double().cpu()
    return float((found - due).norm() / due.norm())


def lgm_against_upstream(device: torch.device) -> Iterator[Twin]:
    """LGM on upstream's parity vectors, in every width."""
    stated = json.loads((GOLDEN / "lgm_parity_a.json").read_text())
    tensors = read_tensors(GOLDEN / "lgm_parity_a.safetensors")
    weights = {name.removeprefix("weights."): x for name, x in tensors.items() if name.startswith("weights.")}
    for width, tolerance in _widths(device):
        model = Lgm(LgmConfig(**stated["config"])).load(weights).eval().to(device)
        how, _ = possible(Acceleration(width, graphs=True), device)
        with torch.inference_mode():
            found = accelerate(model, how)(tensors["input.images"].float().to(device))
        yield Twin("LGM against upstream", _worst(found, tensors["output.gaussians"]), tolerance, str(how))


def unet_against_upstream(device: torch.device) -> Iterator[Twin]:
    """Both UNets on upstream's parity vectors, in every width."""
    for kind in KINDS:
        stated = json.loads((GOLDEN / f"{kind}_parity.json").read_text())
        tensors = read_tensors(GOLDEN / f"{kind}_parity.safetensors")
        weights = {name.removeprefix("weights."): x for name, x in tensors.items() if name.startswith("weights.")}
        for width, tolerance in _widths(device):
            model = MultiViewUNet(MultiViewUNetConfig.of(stated["config"])).load(weights).eval().to(device)
            how, _ = possible(Acceleration(width, graphs=True), device)
            with torch.inference_mode():
                found = accelerate(model, how)(**_stated_step(stated, tensors, device))
            yield Twin(f"UNet of {kind} against upstream", distance(found, tensors["output"]), tolerance, str(how))


def acceleration(device: torch.device) -> Iterator[Twin]:
    """Accelerated networks against plain ones of the same weights, over changing inputs and batch sizes."""
    shapes = Shapes.miniature()
    for asked in (Acceleration(graphs=True), Acceleration.quick(), Acceleration.full()):
        how, lost = possible(asked, device)
        if asked.compiled and (device.type == "cpu" or not how.compiled):
            continue  # half a minute of building, for a way that no CPU goes
        tolerance = TOLERANCES[how.width]
        told = f"{how}{''.join(f' ({sentence})' for sentence in lost)}"
        model = accelerate(networks.lgm(shapes, CPU).to(device), how)
        plain = networks.lgm(shapes, CPU)
        side = shapes.lgm.input_size
        given = [networks.noise((batch, 4, 9, side, side), CPU, seed) for seed, batch in enumerate((1, 2, 1, 2))]
        with torch.inference_mode():
            error = max(_worst(model(x.to(device)), plain(x)) for x in given)
        yield Twin("accelerated LGM, inputs changing", error, tolerance, told)
        for kind in () if how.compiled else KINDS:  # compiled, one small network must do: each takes minutes
            yield Twin(f"accelerated UNet of {kind}, inputs changing", _changing(kind, how, device), tolerance, told)


def attention(device: torch.device) -> Iterator[Twin]:
    """Every kernel that runs here against softmax written out in float64."""
    shapes = ((2, 16, 300, 300, 32), (2, 5, 256, 77, 64), (2, 5, 256, 16, 64), (1, 2, 257, 65, 64))
    for kernel in KERNELS[1:]:
        try:
            resolved(kernel, cuda=device.type == "cuda")
        except InvalidInput as error:
            raise Missing(str(error)) from error
        for width, tolerance in _widths(device):
            dtype: torch.dtype = getattr(torch, width)
            errors = []
            for batch, heads, queries, keys, size in shapes:
                made = (networks.noise((batch, heads, count, size), CPU, count) for count in (queries, keys, keys))
                query, key, value = (x.to(dtype) for x in made)
                value = value.flip(2)  # not the keys again
                due = _softmax_attention(query.double(), key.double(), value.double())
                found = attend(query.to(device), key.to(device), value.to(device), kernel)
                errors.append(distance(found, due))
            yield Twin(f"attention by {kernel}", max(errors), tolerance / 2, width)  # one layer


def decoder(device: torch.device) -> Iterator[Twin]:
    """The VAE's decoder."""
    shapes = Shapes.miniature()
    latents = networks.noise((4, 4, 8, 8), CPU)
    with torch.inference_mode():
        due = networks.autoencoder(shapes, CPU).decode(latents).sample
        for width, tolerance in _widths(device):
            how, _ = possible(Acceleration(width, channels_last=True, graphs=True), device)
            model = accelerate(networks.autoencoder(shapes, CPU).to(device), Acceleration(width))
            accelerate(model.decoder, how)
            found = model.decode(latents.to(device, getattr(torch, width))).sample
            yield Twin("VAE decode", distance(found, due), tolerance, str(how))


def whole(device: torch.device) -> Iterator[Twin]:
    """Picture to views to Gaussians on the device against the CPU; and one object alone against the same in company."""
    shapes = Shapes.miniature()
    requests = [ViewRequest(image=networks.picture(64, seed), seed=seed) for seed in range(2)]
    cpu_parts, cpu_lgm = networks.parts(shapes, "imagedream", CPU), networks.lgm(shapes, CPU)
    due = _all(MultiView(cpu_parts).sample(requests, 3))
    how, _ = possible(Acceleration(graphs=True), device)
    model = MultiView(_moved(cpu_parts, device)).accelerated(how)
    found = _all(model.sample(requests, 3))
    (alone,) = _all(model.sample(requests[1:], 3))
    tolerance = 10 * TOLERANCES["float32"]  # three steps, each on what the last one left
    yield Twin("picture to views", _images(found[0], due[0]), tolerance, str(how))
    yield Twin("one object alone and in company", _images(alone, found[1]), tolerance, str(how))
    lgm = accelerate(deepcopy(cpu_lgm).to(device), how)
    pairs = zip(splat(lgm, due[:1]), splat(cpu_lgm, due[:1]), strict=True)
    yield Twin("views to Gaussians", max(_gaussians(a, b) for a, b in pairs), tolerance, str(how))


def rasterizers(device: torch.device) -> Iterator[Twin]:
    """Every rasterizer that draws here, on the reference pictures: the largest difference of a channel."""
    from pipelines.splats import rasterizers as all_rasterizers
    from pipelines.splats import render_many

    stored = load_file(GOLDEN / "splat_reference.safetensors")
    rows = stored["input.gaussians"]
    gaussians = Gaussians(rows[:, :3], rows[:, 3], rows[:, 4:7], rows[:, 7:11], rows[:, 11:])
    cameras = [FreeCamera(stored[f"v{view}.c2w_opengl"]) for view in range(3)]
    for state in sorted(all_rasterizers(), key=lambda state: state.name == "cpu"):  # which needs numba, so last
        if not state.available:
            continue
        drawn = render_many(gaussians, cameras, 64, rasterizer=state.name)
        due = [np.moveaxis(stored[f"v{view}.image"], 0, -1) for view in range(3)]
        error = max(float(np.abs(made.image - image).max()) for made, image in zip(drawn, due, strict=True))
        yield Twin(f"rasterizer {state.name}", error, _PICTURE_TOLERANCE)


ALL: Final[dict[str, Twins]] = {
    "LGM against upstream": lgm_against_upstream,
    "UNets against upstream": unet_against_upstream,
    "acceleration against plain": acceleration,
    "attention kernels": attention,
    "VAE": decoder,
    "whole way": whole,
    "rasterizers": rasterizers,
}


def compare(made: Twins) -> Callable[[Bench], None]:
    """A part of the run: some comparisons, one line each."""

    def work(bench: Bench) -> None:
        for twin in made(bench.device):
            outcome: Outcome = "agrees" if twin.agrees else "differs"
            bench.log.add(Line("twins", twin.name, outcome, twin.how, error=twin.error, tolerance=twin.tolerance))

    return work


def _widths(device: torch.device) -> list[tuple[Width, float]]:
    """A CPU computes float16 by detours, slowly; what it says of it is nothing to a GPU."""
    return [(w, tolerance) for w, tolerance in TOLERANCES.items() if device.type == "cuda" or w != "float16"]


def _worst(found: Tensor, due: Tensor) -> float:
    """Of the five parts of a Gaussian: positions must not hide behind quaternions."""
    parts = zip(found.split(_SLICES, dim=-1), due.split(_SLICES, dim=-1), strict=True)
    return max(distance(a, b) for a, b in parts)


def _changing(kind: Kind, how: Acceleration, device: torch.device) -> float:
    shapes = Shapes.miniature()
    model = accelerate(networks.unet(shapes, kind, CPU).to(device), how)
    plain = networks.unet(shapes, kind, CPU)
    errors = []
    with torch.inference_mode():
        for seed, groups in enumerate((2, 4, 2, 4)):
            given = networks.unet_step(shapes.unets[kind], groups, CPU, 10 * seed)
            moved = {name: x.to(device) if isinstance(x, Tensor) else x for name, x in given.items()}
            errors.append(distance(model(**moved), plain(**given)))
    return max(errors)


def _stated_step(stated: dict[str, Any], tensors: dict[str, Tensor], device: torch.device) -> dict[str, Any]:
    given = {name: tensors[f"input.{name}"].float() for name in ("x", "timesteps", "context", "camera")}
    frames = stated["num_frames"]
    if frames == 5:
        one = tensors["input.ip_cond_one"].float()
        given["ip"] = torch.cat([torch.zeros_like(one)] * frames + [one] * frames)
        given["ip_img"] = tensors["input.ip_img"].float()
    return {name: tensor.to(device) for name, tensor in given.items()} | {"num_frames": frames}


def _softmax_attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    return (query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5).softmax(dim=-1) @ value


def _moved(parts: Any, device: torch.device) -> Any:
    copied = deepcopy(parts)
    modules = (copied.unet, copied.autoencoder.model, copied.text.model, copied.picture.model)
    for module in modules:
        module.to(device)
    return copied


def _all(made: list[Views | None]) -> list[Views]:
    return [views for views in made if views is not None]  # None is what was cancelled: nothing here


def _images(found: Views, due: Views) -> float:
    return distance(torch.from_numpy(found.images), torch.from_numpy(due.images))


def _gaussians(found: Gaussians, due: Gaussians) -> float:
    names = ("means", "opacity", "scaling", "rotation", "rgb")
    return max(distance(*(torch.from_numpy(getattr(g, name)) for g in (found, due))) for name in names)
