"""Networks of random weights: the published shapes, and the same in miniature."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pipelines.cameras import orbit
from pipelines.geometry import Views
from pipelines.lgm import Lgm, LgmConfig
from pipelines.multiview import MultiViewUNet, MultiViewUNetConfig, camera_rows
from pipelines.multiview.autoencoder import Autoencoder
from pipelines.multiview.encoders import PictureEncoder, TextEncoder
from pipelines.multiview.model import Parts

Kind = Literal["mvdream", "imagedream"]
KINDS: Final[tuple[Kind, ...]] = ("mvdream", "imagedream")
SCHEDULER: Final[dict[str, Any]] = {  # SPEC B.7
    "num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear",
    "trained_betas": None, "clip_sample": False, "set_alpha_to_one": False, "steps_offset": 1,
    "prediction_type": "epsilon", "timestep_spacing": "leading",
}  # fmt: skip
_TOKENS: Final = 77


@dataclass(frozen=True, slots=True)
class Shapes:
    """How large everything is."""

    lgm: LgmConfig
    unets: dict[Kind, MultiViewUNetConfig]
    vae: dict[str, Any]
    text: dict[str, Any]
    vision: dict[str, Any]
    steps: int
    batches: tuple[int, ...]
    matrix: int  # rows of the square one whose product is the measure

    @classmethod
    def published(cls) -> Self:
        """LGM big, MVDream, ImageDream, Stable Diffusion's VAE, CLIP of SD 2.1 and CLIP ViT-H/14. Source: SPEC A, B."""
        unets: dict[Kind, MultiViewUNetConfig] = {
            "mvdream": MultiViewUNetConfig.mvdream(),
            "imagedream": MultiViewUNetConfig.imagedream(),
        }
        text = _clip(1024, 23, 16, 4096) | {"vocab_size": 49408, "max_position_embeddings": _TOKENS}
        vision = _clip(1280, 32, 16, 5120) | {"image_size": 224, "patch_size": 14}
        vae = _vae((128, 256, 512, 512), layers=2, groups=32)
        return cls(LgmConfig.big(), unets, vae, text, vision, 30, (1, 2, 4, 8), 8192)

    @classmethod
    def miniature(cls) -> Self:
        """Every layer of the above, in seconds on a CPU."""
        lgm = LgmConfig(16, 8, (32, 32), (False, True), True, (32,), (True,))
        small: dict[str, Any] = {
            "image_size": 8, "model_channels": 32, "attention_resolutions": (2, 1), "num_res_blocks": 1,
            "channel_mult": (1, 1), "num_head_channels": 16, "context_dim": 32,
        }  # fmt: skip
        unets: dict[Kind, MultiViewUNetConfig] = {
            "mvdream": MultiViewUNetConfig(**small),
            "imagedream": MultiViewUNetConfig(**small, ip_dim=4, ip_width=32),
        }
        text = _clip(32, 2, 2, 64) | {"vocab_size": 540, "max_position_embeddings": _TOKENS}
        text |= {"bos_token_id": 512, "eos_token_id": 513, "pad_token_id": 513}
        vision = _clip(32, 3, 2, 64) | {"image_size": 28, "patch_size": 14}
        return cls(lgm, unets, _vae((8, 8), layers=1, groups=8), text, vision, 2, (1, 2), 256)


def lgm(shapes: Shapes, device: torch.device) -> Lgm:
    torch.manual_seed(0)
    with device:
        return _ready(Lgm(shapes.lgm, "sdpa"))


def unet(shapes: Shapes, kind: Kind, device: torch.device) -> MultiViewUNet:
    torch.manual_seed(1)
    with device:
        return _ready(MultiViewUNet(shapes.unets[kind], "sdpa"))


def autoencoder(shapes: Shapes, device: torch.device) -> Any:
    """Needs diffusers."""
    from diffusers import AutoencoderKL

    torch.manual_seed(2)
    with device:
        return _ready(AutoencoderKL(**shapes.vae))


def text_model(shapes: Shapes, device: torch.device) -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(3)
    with device:
        return _ready(CLIPTextModel(CLIPTextConfig(**shapes.text)))


def vision_model(shapes: Shapes, device: torch.device) -> Any:
    from transformers import CLIPVisionConfig, CLIPVisionModel

    torch.manual_seed(4)
    with device:
        return _ready(CLIPVisionModel(CLIPVisionConfig(**shapes.vision)))


def parts(shapes: Shapes, kind: Kind, device: torch.device) -> Parts:
    """MVDream or ImageDream whole. Needs diffusers."""
    edge = shapes.vision["image_size"]
    pictured = kind == "imagedream"
    seen = PictureEncoder({"size": edge, "crop_size": edge}, vision_model(shapes, device)) if pictured else None
    text = TextEncoder(Words(), text_model(shapes, device), _TOKENS)
    return Parts(unet(shapes, kind, device), Autoencoder(autoencoder(shapes, device)), text, seen, SCHEDULER)


class Words:
    """A tokenizer for which every text is the same 77 tokens: what a text says changes no time."""

    def __call__(self, texts: list[str] | str, **_: object) -> SimpleNamespace:
        count = 1 if isinstance(texts, str) else len(texts)
        return SimpleNamespace(input_ids=[[number % 500 for number in range(_TOKENS)]] * count)


def unet_step(config: MultiViewUNetConfig, groups: int, device: torch.device, seed: int = 0) -> dict[str, Any]:
    """The arguments of one call as the sampler makes it; `groups` counts the conditional and unconditional halves."""
    rows = groups * config.frames
    latents = (config.in_channels, config.image_size, config.image_size)
    camera = torch.from_numpy(np.concatenate([camera_rows(0, config.frames)] * groups))
    given: dict[str, Any] = {
        "x": noise((rows, *latents), device, seed),
        "timesteps": torch.full((rows,), 481.0, device=device),
        "context": noise((groups, _TOKENS, config.context_dim), device, seed + 1),
        "camera": camera.to(device),
        "num_frames": config.frames,
    }
    if config.takes_picture:
        given["image_tokens"] = noise((groups, config.ip_dim or 0, config.context_dim), device, seed + 2)
        given["ip_img"] = noise((groups, *latents), device, seed + 3)
    return given


def noise(shape: tuple[int, ...], device: torch.device, seed: int = 0) -> Tensor:
    """The same numbers on every device."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(device)


def picture(size: int, seed: int = 0) -> NDArray[np.float32]:
    """[size, size, 3]: a shaded ball on white, somewhere near the middle."""
    x, y = np.meshgrid(np.linspace(-1, 1, size), np.linspace(-1, 1, size))
    across = (x - 0.1 * (seed % 3)) ** 2 + y**2
    light = 0.2 + 0.6 * np.sqrt(np.clip(0.5 - across, 0, None))[..., None] * np.array([1.0, 0.6, 0.3])
    return np.where((across < 0.5)[..., None], light, 1.0).astype(np.float32)


def views(size: int, seed: int = 0) -> Views:
    images = np.stack([picture(size, seed + number) for number in range(4)])
    return Views(images, orbit([0.0] * 4))


def _ready(module: Any) -> Any:
    assert isinstance(module, nn.Module)
    return module.eval().requires_grad_(requires_grad=False)


def _clip(width: int, layers: int, heads: int, inner: int) -> dict[str, Any]:
    sizes = {"hidden_size": width, "num_hidden_layers": layers, "num_attention_heads": heads}
    return sizes | {"intermediate_size": inner, "hidden_act": "gelu"}


def _vae(channels: tuple[int, ...], layers: int, groups: int) -> dict[str, Any]:
    levels = len(channels)
    return {
        "latent_channels": 4, "block_out_channels": channels, "layers_per_block": layers, "norm_num_groups": groups,
        "down_block_types": ("DownEncoderBlock2D",) * levels, "up_block_types": ("UpDecoderBlock2D",) * levels,
        "scaling_factor": 0.18215,
    }  # fmt: skip
