"""Models of random weights in the hub's layout: every file that the real ones have, three megabytes in all."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from pipelines.multiview import MultiViewUNet, MultiViewUNetConfig

Kind = Literal["mvdream", "imagedream"]

PIXELS = 64  # of a view
_WIDTH = 32  # of every token
# At 32 channels alone each would be a group of its own, and normalisation would undo what time and camera add.
_UNET = {
    "image_size": PIXELS // 8, "in_channels": 4, "out_channels": 4, "model_channels": 32,
    "attention_resolutions": [2, 1], "num_res_blocks": 1, "channel_mult": [1, 2], "num_head_channels": 16,
    "transformer_depth": 1, "context_dim": _WIDTH, "camera_dim": 16,
}  # fmt: skip
_SCHEDULER = {
    "num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear",
    "trained_betas": None, "clip_sample": False, "set_alpha_to_one": False, "steps_offset": 1,
    "prediction_type": "epsilon",
}  # fmt: skip
_VAE = {
    "in_channels": 3, "out_channels": 3, "latent_channels": 4, "layers_per_block": 1, "norm_num_groups": 8,
    "block_out_channels": [8, 8, 8, 8], "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4, "scaling_factor": 0.18215,
}  # fmt: skip
_CLIP = {"hidden_size": _WIDTH, "intermediate_size": 64, "num_attention_heads": 2, "hidden_act": "gelu"}
_TEXT = _CLIP | {
    "num_hidden_layers": 2, "vocab_size": 540, "max_position_embeddings": 77, "bos_token_id": 512, "eos_token_id": 513,
    "pad_token_id": 513,
}  # fmt: skip
_VISION = _CLIP | {"num_hidden_layers": 3, "image_size": 28, "patch_size": 14}
_PROCESSOR = {
    "crop_size": {"height": 28, "width": 28}, "size": {"shortest_edge": 28}, "do_center_crop": True,
    "do_convert_rgb": True, "do_normalize": True, "do_rescale": True, "do_resize": True, "resample": 3,
    "rescale_factor": 1 / 255, "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711],
}  # fmt: skip
_TOKENS = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>", "pad_token": "!"}
_WORDS = ("a", "vase", "chair", "red")  # those that are one token


def write_hub(folder: Path, kind: Kind, seed: int = 0) -> None:
    """Write MVDream (text to views) or ImageDream (picture to views) in miniature; the same seed, the same bytes."""
    from diffusers import AutoencoderKL
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPVisionConfig, CLIPVisionModel

    unet = _UNET | ({"ip_dim": 4, "ip_weight": 1.0, "ip_width": _WIDTH} if kind == "imagedream" else {})
    _write(folder / "unet", unet, lambda: MultiViewUNet(MultiViewUNetConfig.of(unet)), seed)
    _write(folder / "vae", _VAE, lambda: AutoencoderKL.from_config(_VAE), seed + 1)
    _write(folder / "text_encoder", _TEXT, lambda: CLIPTextModel(CLIPTextConfig(**_TEXT)), seed + 2, "text_model.")
    _json(folder / "scheduler" / "scheduler_config.json", _SCHEDULER)
    _write_tokenizer(folder / "tokenizer")
    _json(folder / "model_index.json", {"_class_name": "MVDreamPipeline", "unet": ["mv_unet", "MultiViewUNetModel"]})
    if kind == "imagedream":
        _write(
            folder / "image_encoder", _VISION, lambda: CLIPVisionModel(CLIPVisionConfig(**_VISION)), seed + 3,
            "vision_model.",
        )  # fmt: skip
        _json(folder / "feature_extractor" / "preprocessor_config.json", _PROCESSOR)


def _write(
    folder: Path,
    config: Mapping[str, Any],
    build: Callable[[], nn.Module],
    seed: int,
    prefix: str = "",
) -> None:
    """A component as the hub has it: float16, CLIP's names with the prefix and the buffer of the day."""
    with torch.device("meta"):
        shapes = build().state_dict()
    generator = torch.Generator().manual_seed(seed)
    tensors = {
        prefix + name: _with_subject(name, _drawn(name, shape, generator)).half()
        for name, shape in sorted(shapes.items())
    }
    if prefix:
        count = len(tensors[f"{prefix}embeddings.position_embedding.weight"])
        tensors[f"{prefix}embeddings.position_ids"] = torch.arange(count)[None]
    _json(folder / "config.json", config)
    stem = "model" if prefix else "diffusion_pytorch_model"
    save_file(tensors, folder / f"{stem}.safetensors", {"format": "pt"})


def _drawn(name: str, shape: Tensor, generator: torch.Generator) -> Tensor:
    """Weights that keep the variance, biases near zero, normalisations near one."""
    drawn = torch.randn(shape.shape, generator=generator)
    if shape.ndim > 1:
        return drawn / shape[0].numel() ** 0.5
    return 0.1 * drawn + (1.0 if name.endswith("weight") else 0.0)


def _with_subject(name: str, drawn: Tensor) -> Tensor:
    """A decoder that averages: padding thins its edges layer by layer, which leaves blobs on white, as objects are."""
    if name == "decoder.conv_out.weight":
        return drawn.abs() * torch.tensor([-0.05, -0.2, -0.3])[:, None, None, None]  # reddish
    if name == "decoder.conv_out.bias":
        return torch.full_like(drawn, 0.8)
    if name.startswith("post_quant_conv."):
        return 0.15 * drawn if drawn.ndim == 4 else torch.ones_like(drawn)
    return drawn.abs() if name.startswith("decoder.") and drawn.ndim == 4 else drawn


def _write_tokenizer(folder: Path) -> None:
    """Byte-level BPE: every byte, every byte at the end of a word, the two marks, and a few whole words."""
    letters = _letters()
    entries = [*letters, *(letter + "</w>" for letter in letters), _TOKENS["bos_token"], _TOKENS["eos_token"]]
    merges = []
    for word in (word for word in _WORDS if len(word) > 1):
        piece = word[0]
        for letter in [*word[1:-1], word[-1] + "</w>"]:
            merges.append(f"{piece} {letter}")
            piece += letter
    pieces = dict.fromkeys(merge.replace(" ", "") for merge in merges)
    entries += [piece for piece in pieces if piece.endswith("</w>")]
    entries += [piece for piece in pieces if not piece.endswith("</w>")]
    _json(folder / "vocab.json", {entry: number for number, entry in enumerate(entries)})
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]) + "\n", "utf-8")
    _json(folder / "tokenizer_config.json", {"tokenizer_class": "CLIPTokenizer", "model_max_length": 77} | _TOKENS)
    _json(folder / "special_tokens_map.json", _TOKENS)


def _letters() -> list[str]:
    """CLIP's letter for each of the 256 bytes: printable ones stand for themselves. Source: GPT-2's byte-level BPE."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(256 + number) for number in range(len(others))]


def _json(path: Path, stated: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(stated), "utf-8")
