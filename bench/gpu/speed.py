"""How fast each network is, and the whole way from a sentence or a picture to Gaussians."""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any, Final

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from bench.gpu import networks
from bench.gpu.baseline import Baseline
from bench.gpu.bench import Bench, Missing
from bench.gpu.lines import Line
from bench.gpu.networks import Kind
from pipelines.acceleration import Acceleration, accelerate, possible
from pipelines.attention import resolved
from pipelines.cameras import orbit
from pipelines.geometry import Gaussians, Views
from pipelines.lgm import splat
from pipelines.multiview import MultiView, ViewRequest, camera_rows
from pipelines.multiview.config import VIEWS
from pipelines.multiview.model import Parts
from pipelines.multiview.sampling import Condition, Sample, denoise, first_noise
from pipelines.multiview.solvers import Solver

LADDER: Final = (  # what each rung adds
    Acceleration("float16"),
    Acceleration("bfloat16"),
    Acceleration("bfloat16", channels_last=True),
    Acceleration("bfloat16", channels_last=True, tuned=True),
    Acceleration("bfloat16", tuned=True, graphs=True),
    Acceleration.quick(),
    Acceleration.quick("float16"),
)
_GUIDED: Final = 2  # halves of one object's step
_PROMPT: Final = "a vase, 3d asset"


def lgm_forward(bench: Bench) -> None:
    """Four views to 65,536 Gaussians, all of it on the device."""
    model = networks.lgm(bench.shapes, bench.device)
    side = bench.shapes.lgm.input_size

    def call(batch: int) -> Callable[[], object]:
        given = networks.noise((batch, 4, 9, side, side), bench.device)
        return lambda: model(given)

    _climb(bench, "lgm", "LGM forward", model, call)


def unet_step(kind: Kind) -> Callable[[Bench], None]:
    """One guided step of the diffusion: both halves of every object in one call."""

    def work(bench: Bench) -> None:
        model = networks.unet(bench.shapes, kind, bench.device)
        config = bench.shapes.unets[kind]

        def call(batch: int) -> Callable[[], object]:
            given = networks.unet_step(config, _GUIDED * batch, bench.device)
            return lambda: model(**given)

        bench.best = _climb(bench, "unet", f"one step of {kind}", model, call)

    return work


def vae_decode(bench: Bench) -> None:
    """The four frames of each object that are looked at."""
    vae = networks.autoencoder(bench.shapes, bench.device)
    side = bench.shapes.unets["mvdream"].image_size

    def call(batch: int) -> Callable[[], object]:
        given = networks.noise((VIEWS * batch, 4, side, side), bench.device)
        return lambda: vae.decoder(given.to(vae.decoder.conv_in.weight.dtype))

    _climb(bench, "vae", "VAE decode of 4 frames", vae.decoder, call)


def encoders(bench: Bench) -> None:
    """CLIP: text as the sampler asks it (the wanted and the unwanted), and one picture."""
    text = accelerate(networks.text_model(bench.shapes, bench.device), Acceleration("bfloat16"))
    words = torch.tensor(networks.Words()(["", ""]).input_ids, device=bench.device)
    _once(bench, "encoders", "CLIP text, 2 prompts", lambda: text(input_ids=words))
    vision = accelerate(networks.vision_model(bench.shapes, bench.device), Acceleration("bfloat16"))
    side = bench.shapes.vision["image_size"]
    pixels = networks.noise((1, 3, side, side), bench.device).bfloat16()
    _once(bench, "encoders", "CLIP picture", lambda: vision(pixel_values=pixels))


def background(bench: Bench) -> None:
    """What MVDream's views go through before LGM, on the CPU."""
    from pipelines.multiview.cleaning import cleaned

    size = 8 * bench.shapes.unets["mvdream"].image_size
    frames = np.stack([networks.picture(size, seed) * np.float32(0.9) for seed in range(VIEWS)])
    bench.measure("background", "background of 4 views, on the CPU", lambda: cleaned(frames))


def whole_way(kind: Kind) -> Callable[[Bench], None]:
    """Text or picture to Gaussians, against the baseline."""

    def work(bench: Bench) -> None:
        way = Way(bench, kind)
        plain = way.baseline()
        took = {batch: way.measured(bench.best, batch) for batch in bench.shapes.batches}
        best = max(took, key=lambda batch: batch / took[batch])
        note = f"one object {plain / took[1]:.2f} x, at batch {best} {plain * best / took[best]:.2f} x the baseline"
        bench.log.add(Line(f"{kind} whole", f"{way.name}, against the baseline", "measured", note=note))

    return work


def compiled(bench: Bench) -> None:
    """What torch.compile adds, where minutes of building may be spent on it."""
    how, lost = possible(Acceleration.full(), bench.device)
    if bench.device.type == "cpu":
        raise Missing("torch.compile is for CUDA devices here.")
    if not how.compiled:
        raise Missing(" ".join(lost))
    lgm = accelerate(networks.lgm(bench.shapes, bench.device), how)
    views = networks.noise((1, 4, 9, *[bench.shapes.lgm.input_size] * 2), bench.device)
    _compiled_once(bench, "LGM forward", lambda: lgm(views), how)
    unet = accelerate(networks.unet(bench.shapes, "mvdream", bench.device), how)
    given = networks.unet_step(bench.shapes.unets["mvdream"], _GUIDED, bench.device)
    _compiled_once(bench, "one step of mvdream", lambda: unet(**given), how)
    Way(bench, "mvdream").measured(how, 1)


class Way:
    """One model's whole way, its networks on the device."""

    def __init__(self, bench: Bench, kind: Kind) -> None:
        self._bench = bench
        self._kind = kind
        self.name = f"{'text' if kind == 'mvdream' else 'picture'} to Gaussians"  # text without the background
        self._parts = networks.parts(bench.shapes, kind, bench.device)
        self._lgm = networks.lgm(bench.shapes, bench.device)

    def baseline(self) -> float:
        """Median ms of the plain loop. Changes no width for good: it comes first."""
        plain = Baseline(self._parts, self._lgm, self._bench.shapes.steps)
        request = self._request(0)
        return self._bench.measure(
            f"{self._kind} whole", f"{self.name}, {self._bench.shapes.steps} steps", lambda: plain(request),
            "baseline: eager float16",
        )  # fmt: skip

    def measured(self, asked: Acceleration, batch: int) -> float:
        """Median ms of `batch` objects together."""
        how, _ = possible(asked, self._bench.device)
        model = MultiView(self._parts).accelerated(how)
        accelerate(self._lgm, how)
        requests = [self._request(seed) for seed in range(batch)]
        return self._bench.measure(
            f"{self._kind} whole", f"{self.name}, {self._bench.shapes.steps} steps",
            lambda: self._gaussians(model, requests), str(how), batch,
        )  # fmt: skip

    def _gaussians(self, model: MultiView, requests: Sequence[ViewRequest]) -> list[Gaussians]:
        steps = self._bench.shapes.steps
        if self._kind == "imagedream":
            views = [made for made in model.sample(requests, steps) if made is not None]
        else:
            views = uncleaned(self._parts, requests, steps)
        return splat(self._lgm, views)

    def _request(self, seed: int) -> ViewRequest:
        if self._kind == "mvdream":
            return ViewRequest(_PROMPT, seed=seed)
        return ViewRequest(image=networks.picture(256, seed), seed=seed)


@torch.inference_mode()
def uncleaned(parts: Parts, requests: Sequence[ViewRequest], steps: int) -> list[Views]:
    """What `MultiView.sample` does for sentences, but for the background, which noise of random weights has not.

    That step runs on the CPU and is timed by itself, on pictures that have a subject.
    """
    config, device = parts.unet.config, next(parts.unet.parameters()).device
    shape = (config.frames, config.in_channels, config.image_size, config.image_size)
    samples = []
    for asked in requests:
        wanted, unwanted = parts.text.encode([asked.prompt, asked.negative_prompt])
        noise, camera = first_noise(asked.seed, shape).to(device), torch.from_numpy(camera_rows(0)).to(device)
        solver = Solver(parts.scheduler, "ddim", steps)
        samples.append(Sample(noise, solver, Condition(wanted), Condition(unwanted), camera, 7.5))
    denoise(parts.unet, samples, lambda *_: None, lambda _: False)
    frames = [parts.autoencoder.decode(sample.latents).cpu().numpy() for sample in samples]
    return [Views(np.ascontiguousarray(images[[1, 2, 3, 0]]), orbit([0.0] * VIEWS)) for images in frames]


def _climb(bench: Bench, part: str, name: str, model: Any, call: Callable[[int], Callable[[], object]]) -> Acceleration:
    """Every rung of the ladder for one object, then the best one, which is given, for more."""
    tflop = flops_of(call(1)) / 1e12
    took: dict[Acceleration, float] = {}
    for how in _rungs(bench.device):
        accelerate(model, how)
        took[how] = _timed(bench, part, name, call(1), how, 1, tflop)
    best = min(took, key=lambda how: took[how])
    for batch in bench.shapes.batches[1:]:
        accelerate(model, best)
        _timed(bench, part, name, call(batch), best, batch, tflop)
    _with_xformers(bench, part, name, model, call, best, tflop)
    return best


def _rungs(device: torch.device) -> list[Acceleration]:
    """Those that differ on the device; a CPU has no float16 worth timing."""
    widths = ("bfloat16",) if device.type == "cpu" else ("bfloat16", "float16")
    return list(dict.fromkeys(possible(asked, device)[0] for asked in LADDER if asked.width in widths))


def _with_xformers(
    bench: Bench, part: str, name: str, model: Any, call: Callable[[int], Callable[[], object]], how: Acceleration,
    tflop: float,
) -> None:  # fmt: skip
    attentive = [module for module in model.modules() if hasattr(module, "kernel")]
    if resolved("auto") != "xformers" or not attentive:
        return
    for module in attentive:
        module.kernel = "xformers"
    accelerate(model, how)
    with torch.inference_mode():
        bench.measure(part, name, call(1), f"{how} xformers", 1, tflop)


def _timed(
    bench: Bench, part: str, name: str, work: Callable[[], object], how: Acceleration, batch: int, tflop: float
) -> float:
    with torch.inference_mode():
        return bench.measure(part, name, work, str(how), batch, tflop * batch)


def _once(bench: Bench, part: str, name: str, work: Callable[[], object], how: str = "bfloat16") -> None:
    tflop = flops_of(work) / 1e12
    with torch.inference_mode():
        bench.measure(part, name, work, how, 1, tflop)


def _compiled_once(bench: Bench, name: str, work: Callable[[], object], how: Acceleration) -> None:
    """The build's time beside the figure: a pool pays it at every start."""
    with torch.inference_mode():
        start = perf_counter()
        work()
        bench.wait()
        built = f"first call {perf_counter() - start:.0f} s"
        bench.measure("compiled", name, work, str(how), note=built)


def flops_of(work: Callable[[], object]) -> int:
    """Of one call: 2 for each multiplication and addition in matrix products, convolutions and attention."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        work()
    return int(counter.get_total_flops())
