"""Folders in the hub's layout: whole, damaged, mixed up."""

import json
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from pipelines.errors import InvalidInput, WeightsMismatch, WeightsMissing
from pipelines.multiview import load_multiview

UNET = "unet/diffusion_pytorch_model.safetensors"
FOLDERS = ("unet", "vae", "text_encoder", "tokenizer", "scheduler", "image_encoder", "feature_extractor")
Damage = Callable[[Path], Any]


@pytest.fixture
def copy(hub: Path, tmp_path: Path) -> Path:
    """An ImageDream of one's own."""
    return Path(shutil.copytree(hub / "imagedream", tmp_path / "imagedream"))


def restate(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def rewrite(path: Path, change: Callable[[dict[str, torch.Tensor]], Any]) -> None:
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path)


def test_the_kind_is_that_of_the_unet(hub: Path) -> None:
    assert load_multiview(hub / "mvdream").kind == "mvdream"
    assert load_multiview(hub / "imagedream").kind == "imagedream"


def test_nothing_is_fetched_and_model_index_is_not_needed(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", offline)
    monkeypatch.setattr(socket, "getaddrinfo", offline)
    (copy / "model_index.json").unlink()
    load_multiview(copy)


def test_loading_draws_no_random_number(copy: Path) -> None:
    before = torch.get_rng_state()
    load_multiview(copy)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_missing_component_is_missing_by_name(copy: Path, folder: str) -> None:
    shutil.rmtree(copy / folder)
    with pytest.raises(WeightsMissing, match=f"imagedream/{folder} "):
        load_multiview(copy)


@pytest.mark.parametrize("file", ["vocab.json", "merges.txt", "tokenizer_config.json"])
def test_a_missing_file_of_the_tokenizer_is_missing_by_name(copy: Path, file: str) -> None:
    (copy / "tokenizer" / file).unlink()
    with pytest.raises(WeightsMissing, match=f"imagedream/tokenizer has no {file}"):
        load_multiview(copy)


def test_no_folder_at_all_is_missing(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match="There is no model"):
        load_multiview(tmp_path / "nowhere")


@pytest.mark.parametrize("folder", ["unet", "vae", "text_encoder", "image_encoder"])
def test_weights_that_are_only_pickled_are_missing(copy: Path, folder: str) -> None:
    for file in (copy / folder).glob("*.safetensors"):
        file.rename(file.with_suffix(".bin"))
    with pytest.raises(WeightsMissing, match=f"imagedream/{folder} holds no weights as .safetensors"):
        load_multiview(copy)


def test_files_of_the_half_precision_variant_load_too(copy: Path) -> None:
    (copy / UNET).rename(copy / "unet" / "diffusion_pytorch_model.fp16.safetensors")
    assert load_multiview(copy).kind == "imagedream"


def truncated(folder: Path) -> None:
    data = (folder / UNET).read_bytes()
    (folder / UNET).write_bytes(data[:-100])


def flipped(folder: Path) -> None:
    data = bytearray((folder / UNET).read_bytes())
    data[100] ^= 0x10  # inside the header
    (folder / UNET).write_bytes(bytes(data))


def overflowed(folder: Path) -> None:
    rewrite(folder / UNET, lambda tensors: tensors["time_embed.0.bias"].fill_(float("inf")))


def integral(folder: Path) -> None:
    rewrite(folder / UNET, lambda tensors: tensors.update({"out.2.bias": torch.zeros(4, dtype=torch.int32)}))


def thinner(folder: Path) -> None:
    rewrite(folder / "vae/diffusion_pytorch_model.safetensors", lambda tensors: tensors.pop("quant_conv.bias"))


def longer(folder: Path) -> None:
    rewrite(folder / "image_encoder/model.safetensors", lambda tensors: tensors.update({"extra": torch.zeros(1)}))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (truncated, "not a whole .safetensors"),
        (flipped, "not a whole .safetensors|missing|extra|misshapen"),
        (overflowed, r"damaged: 1 not finite \(time_embed.0.bias"),
        (integral, r"1 of the wrong dtype \(out.2.bias int32"),
        (thinner, r"imagedream/vae: 1 missing \(quant_conv.bias"),
        (longer, r"imagedream/image_encoder: 1 extra \(extra"),
        (lambda folder: (folder / "vae/config.json").write_text("{"), "vae/config.json is not JSON"),
        (lambda folder: (folder / "vae/config.json").write_text("[1]"), "vae/config.json does not state a model"),
        (lambda folder: (folder / "vae/config.json").write_bytes(b"\xff\xfe"), "vae/config.json is not JSON"),
        (lambda folder: restate(folder / "unet/config.json", model_channels=48), "imagedream/unet is not what"),
        (lambda folder: restate(folder / "unet/config.json", channel_mult="wide"), "imagedream/unet is not what"),
        (lambda folder: restate(folder / "unet/config.json", ip_dim=0), "UNet of MVDream: .*extra"),
        (lambda folder: restate(folder / "vae/config.json", norm_num_groups=7), "imagedream/vae is not what"),
        (lambda folder: restate(folder / "vae/config.json", down_block_types=["Nope"]), "imagedream/vae is not what"),
        (lambda folder: restate(folder / "text_encoder/config.json", hidden_size="x"), "text_encoder is not what"),
        (lambda folder: restate(folder / "text_encoder/config.json", num_attention_heads=5), "text_encoder is not"),
        (lambda folder: restate(folder / "text_encoder/config.json", hidden_act="nope"), "text_encoder is not what"),
        (lambda folder: restate(folder / "text_encoder/config.json", num_hidden_layers=3), "text_encoder: 16 missing"),
        (lambda folder: (folder / "tokenizer/vocab.json").write_text("{"), "tokenizer is not what"),
        (lambda folder: (folder / "tokenizer/merges.txt").write_text("#version: 0.2\nq q\n"), "tokenizer is not what"),
        (lambda folder: restate(folder / "tokenizer/vocab.json", word=540), "knows more words than"),
        (lambda folder: restate(folder / "scheduler/scheduler_config.json", beta_schedule="x"), "scheduler is not"),
        (lambda folder: restate(folder / "scheduler/scheduler_config.json", num_train_timesteps=50), "1000 timesteps"),
        (
            lambda folder: restate(folder / "feature_extractor/preprocessor_config.json", crop_size=14),
            "feature_extractor is not what.*14 pixels",
        ),
        (
            lambda folder: restate(folder / "feature_extractor/preprocessor_config.json", image_std=[1, 0, 1]),
            "feature_extractor is not what.*out of range",
        ),
        (
            lambda folder: restate(folder / "feature_extractor/preprocessor_config.json", size={"width": 3}),
            "feature_extractor is not what",
        ),
    ],
)
def test_damage_is_one_clear_mismatch(copy: Path, damage: Damage, reason: str) -> None:
    damage(copy)
    with pytest.raises(WeightsMismatch, match=reason):
        load_multiview(copy)


def test_components_of_another_model_do_not_fit(copy: Path) -> None:
    restate(copy / "unet/config.json", ip_width=1280)
    rewrite(copy / UNET, lambda tensors: tensors.update({"image_embed.proj_in.weight": torch.zeros(32, 1280)}))
    with pytest.raises(WeightsMismatch, match="imagedream/image_encoder has width 32, and its unet takes 1280"):
        load_multiview(copy)


def test_the_first_names_of_diffusers_attention_load_as_well(copy: Path) -> None:
    older = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}

    def rename(tensors: dict[str, torch.Tensor]) -> None:
        for name in [name for name in tensors if ".attentions.0.to_" in name]:
            new, old = next((new, old) for new, old in older.items() if f".{new}." in name)
            tensors[name.replace(f".{new}.", f".{old}.")] = tensors.pop(name)

    before = load_multiview(copy)._parts.autoencoder.model.state_dict()
    rewrite(copy / "vae/diffusion_pytorch_model.safetensors", rename)
    after = load_multiview(copy)._parts.autoencoder.model.state_dict()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())


def test_a_kernel_that_cannot_run_is_refused(hub: Path) -> None:
    from pipelines.multiview import ViewRequest

    model = load_multiview(hub / "mvdream", attention="xformers")
    with pytest.raises(InvalidInput, match="xformers needs a CUDA device"):
        model.sample([ViewRequest("a vase")], 1)
