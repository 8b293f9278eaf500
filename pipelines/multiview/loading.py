"""MVDream and ImageDream from a folder in the hub's layout."""

from pathlib import Path

import torch

from pipelines.attention import AttentionKernel
from pipelines.errors import WeightsMismatch, WeightsMissing
from pipelines.multiview.autoencoder import Autoencoder
from pipelines.multiview.config import MultiViewUNetConfig
from pipelines.multiview.encoders import PictureEncoder, TextEncoder
from pipelines.multiview.hub import Component
from pipelines.multiview.model import MultiView, Parts
from pipelines.multiview.solvers import MOST_STEPS, Solver
from pipelines.multiview.unet import MultiViewUNet


def load_multiview(
    folder: Path,
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.float32,
    attention: AttentionKernel = "auto",
    rembg_weights: Path | None = None,
) -> MultiView:
    """The model that a folder holds, ready to sample: MVDream, or ImageDream where its UNet takes a picture.

    Each component is read by itself, from .safetensors and JSON: `model_index.json`, which points at code, is not
    looked at, and nothing is fetched.

    Args:
        folder: Holds unet, vae, text_encoder, tokenizer, scheduler; ImageDream's also image_encoder, feature_extractor.
        device: Where the networks go.
        dtype: Of their weights. Latents, normalisations and the time embedding stay float32.
        attention: The kernel of the UNet's attention layers.
        rembg_weights: Of a network that removes the background of MVDream's views where that is doubtful.

    Raises:
        WeightsMissing: a folder or file is not there.
        WeightsMismatch: a file is damaged, or the components are not of one model.
    """
    if not folder.is_dir():
        raise WeightsMissing(f"There is no model at {folder}.")

    def component(name: str) -> Component:
        return Component(folder / name, device, dtype)

    unet = _unet(component("unet"), attention)
    picture = None
    if unet.config.takes_picture:
        picture = PictureEncoder.read(component("feature_extractor"), component("image_encoder"))
    text = TextEncoder.read(component("tokenizer"), component("text_encoder"))
    autoencoder, scheduler = Autoencoder.read(component("vae")), _scheduler(component("scheduler"))
    parts = Parts(unet, autoencoder, text, picture, scheduler, rembg_weights)
    _check(folder.name, parts)
    return MultiView(parts)


def _unet(component: Component, attention: AttentionKernel) -> MultiViewUNet:
    stated = component.stated()
    with component.understood(), torch.device("meta"):
        model = MultiViewUNet(MultiViewUNetConfig.of(stated), attention)
    return component.placed(model).load(component.tensors())


def _scheduler(component: Component) -> dict[str, object]:
    stated = component.stated("scheduler_config.json")
    if stated.get("num_train_timesteps", MOST_STEPS) != MOST_STEPS:
        raise WeightsMismatch(f"{component.name} was not trained on {MOST_STEPS} timesteps.")
    with component.understood():
        Solver(stated, "ddim", 2)  # what it states wrongly is found here, not in the first request
    return stated


def _check(name: str, parts: Parts) -> None:
    """Components of different models can each be whole and not fit together."""
    config, autoencoder = parts.unet.config, parts.autoencoder
    pairs = [
        ("text_encoder", parts.text.width, config.context_dim),
        ("vae", autoencoder.channels, config.in_channels),
        ("vae", autoencoder.channels, config.out_channels),
    ]
    if parts.picture is not None:
        pairs.append(("image_encoder", parts.picture.width, config.ip_width))
    for component, given, wanted in pairs:
        if given != wanted:
            raise WeightsMismatch(f"{name}/{component} has width {given}, and its unet takes {wanted}.")
