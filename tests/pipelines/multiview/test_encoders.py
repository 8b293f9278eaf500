"""CLIP from files in the old naming, against its equations written out."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import gelu, layer_norm, linear

from pipelines.multiview.encoders import PictureEncoder, TextEncoder
from pipelines.multiview.hub import Component
from pipelines.weights import read_tensors

HEADS = 2


class Twin:
    """CLIP's transformer, slowly, on a file's own names."""

    def __init__(self, path: Path, prefix: str) -> None:
        self.tensors = {
            n.removeprefix(prefix): t.float() for n, t in read_tensors(path).items() if t.dtype.is_floating_point
        }

    def norm(self, name: str, x: Tensor) -> Tensor:
        return layer_norm(x, x.shape[-1:], self.tensors[f"{name}.weight"], self.tensors[f"{name}.bias"], 1e-5)

    def line(self, name: str, x: Tensor) -> Tensor:
        return linear(x, self.tensors[f"{name}.weight"], self.tensors[f"{name}.bias"])

    def layer(self, index: int, x: Tensor, *, causal: bool) -> Tensor:
        name = f"encoder.layers.{index}"
        normed = self.norm(f"{name}.layer_norm1", x)
        q, k, v = (self.line(f"{name}.self_attn.{part}_proj", normed).chunk(HEADS, dim=-1) for part in "qkv")
        mixed = []
        for query, key, value in zip(q, k, v, strict=True):
            scores = query @ key.T / query.shape[-1] ** 0.5
            if causal:
                scores = scores.masked_fill(torch.ones_like(scores).triu(1).bool(), -torch.inf)
            mixed.append(scores.softmax(dim=-1) @ value)
        x = x + self.line(f"{name}.self_attn.out_proj", torch.cat(mixed, dim=-1))
        inner = gelu(self.line(f"{name}.mlp.fc1", self.norm(f"{name}.layer_norm2", x)))
        return x + self.line(f"{name}.mlp.fc2", inner)


def text_encoder(hub: Path) -> TextEncoder:
    return TextEncoder.read(Component(hub / "mvdream" / "tokenizer"), Component(hub / "mvdream" / "text_encoder"))


def picture_encoder(hub: Path) -> PictureEncoder:
    folder = hub / "imagedream"
    return PictureEncoder.read(Component(folder / "feature_extractor"), Component(folder / "image_encoder"))


@torch.inference_mode()
def test_text_is_the_last_layer_after_the_final_norm_with_padding_seen(hub: Path) -> None:
    twin = Twin(hub / "mvdream" / "text_encoder" / "model.safetensors", "text_model.")
    start, end, pad = 512, 513, 0  # "!" is what Stable Diffusion 2 pads with, and the first of CLIP's letters
    words = json.loads((hub / "mvdream" / "tokenizer" / "vocab.json").read_text())
    a, red, vase = (words[f"{word}</w>"] for word in ("a", "red", "vase"))
    ids = torch.tensor([start, a, red, vase, end] + [pad] * 72)
    x = twin.tensors["embeddings.token_embedding.weight"][ids] + twin.tensors["embeddings.position_embedding.weight"]
    for index in range(2):
        x = twin.layer(index, x, causal=True)
    encoded = text_encoder(hub).encode(["", "a Red  vase"])
    torch.testing.assert_close(encoded[1], twin.norm("final_layer_norm", x), atol=1e-5, rtol=1e-4)


@torch.inference_mode()
def test_a_picture_is_the_last_layer_but_one_without_a_norm(hub: Path) -> None:
    encoder = picture_encoder(hub)
    twin = Twin(hub / "imagedream" / "image_encoder" / "model.safetensors", "vision_model.")
    image = np.random.default_rng(0).random((40, 40, 3), np.float32)
    patches = torch.from_numpy(encoder.pixels(image)).unfold(1, 14, 14).unfold(2, 14, 14)  # [3, 2, 2, 14, 14]
    rows = patches.permute(1, 2, 0, 3, 4).reshape(4, -1)
    x = torch.cat(
        [
            twin.tensors["embeddings.class_embedding"][None],
            rows @ twin.tensors["embeddings.patch_embedding.weight"].flatten(1).T,
        ]
    )
    x = twin.norm("pre_layrnorm", x + twin.tensors["embeddings.position_embedding.weight"])
    for index in range(2):  # of three
        x = twin.layer(index, x, causal=False)
    torch.testing.assert_close(encoder.tokens(image)[0], x, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("side", [28, 40, 13, 300])
def test_pixels_are_those_of_transformers_own_processor(hub: Path, side: int) -> None:
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    image = np.random.default_rng(side).random((side, side, 3), np.float32)
    theirs = CLIPImageProcessorPil.from_pretrained(hub / "imagedream" / "feature_extractor", local_files_only=True)
    expected = theirs(np.rint(image * 255).astype(np.uint8), return_tensors="np").pixel_values[0]
    np.testing.assert_allclose(picture_encoder(hub).pixels(image), expected, atol=1e-5)


def test_tokens_are_counted_however_many(hub: Path) -> None:
    encoder = text_encoder(hub)
    assert encoder.count("") == 2
    assert encoder.count("a red vase") == 5
    assert encoder.count("a " * 2000) == 2002
    with torch.inference_mode():
        assert encoder.encode(["a " * 2000]).shape == (1, 77, 32)
