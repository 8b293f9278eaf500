"""Checkpoints that fit are loaded exactly; every other one is refused with what is wrong with it."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from pipelines.errors import InvalidInput, WeightsMismatch, WeightsMissing
from pipelines.lgm import Lgm, LgmConfig, load_lgm
from tests.pipelines.lgm.golden import TINY, parity_model, weights


def saved(folder: Path, model: Lgm, name: str = "model_fp16_fixrot.safetensors", **metadata: str) -> Path:
    path = folder / name
    save_file({k: v.half() for k, v in model.state_dict().items()}, path, metadata)
    return path


def test_a_checkpoint_comes_back_as_it_was(tmp_path: Path) -> None:
    model = Lgm(TINY)
    loaded = load_lgm(saved(tmp_path, model), TINY)
    for name, tensor in model.state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[name], tensor.half().float())
    assert not loaded.training
    assert next(loaded.parameters()).dtype == torch.float32


def test_our_own_files_state_their_shape(tmp_path: Path) -> None:
    path = saved(tmp_path, Lgm(TINY), config=json.dumps(asdict(TINY)))
    assert load_lgm(path).config == TINY


def test_a_file_without_its_shape_is_not_guessed_at(tmp_path: Path) -> None:
    with pytest.raises(WeightsMismatch, match="does not say which LGM"):
        load_lgm(saved(tmp_path, Lgm(TINY)))


@pytest.mark.parametrize("name", ["model.safetensors", "model_fp16.safetensors"])
def test_files_from_before_the_quaternion_fix_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(WeightsMismatch, match="fixrot"):
        load_lgm(saved(tmp_path, Lgm(TINY), name), TINY)


def test_the_error_lists_what_is_missing_extra_and_misshapen() -> None:
    tensors = weights()
    del tensors["unet.norm_out.weight"]
    tensors["lpips.net.weight"] = torch.zeros(1)
    tensors["conv.bias"] = torch.zeros(15)
    with pytest.raises(WeightsMismatch) as refused:
        parity_model().load(tensors)
    told = str(refused.value)
    assert "1 missing (unet.norm_out.weight)" in told
    assert "1 extra (lpips.net.weight)" in told
    assert "1 misshapen (conv.bias [15] for [14])" in told


def test_a_refused_checkpoint_changes_nothing() -> None:
    model = parity_model()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    tensors = {name: tensor + 1 for name, tensor in before.items()}
    tensors["conv.bias"] = torch.full((14,), float("nan"))
    with pytest.raises(WeightsMismatch, match="not finite"):
        model.load(tensors)
    for name, tensor in model.state_dict().items():
        torch.testing.assert_close(tensor, before[name], atol=0, rtol=0)


def test_another_models_checkpoint_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, Lgm(LgmConfig(16, 8, (16, 48), (False, True), True, (48,), (True,), groups=16)))
    with pytest.raises(WeightsMismatch, match="misshapen"):
        load_lgm(path, TINY)


def test_weights_that_are_whole_numbers_are_refused(tmp_path: Path) -> None:
    tensors = {name: tensor.to(torch.int32) for name, tensor in Lgm(TINY).state_dict().items()}
    save_file(tensors, tmp_path / "w.safetensors")
    with pytest.raises(WeightsMismatch, match="wrong dtype"):
        load_lgm(tmp_path / "w.safetensors", TINY)


@pytest.mark.parametrize("kept", [0, 4, 100, 5_000])
def test_a_file_cut_short_is_refused(tmp_path: Path, kept: int) -> None:
    path = saved(tmp_path, Lgm(TINY))
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(WeightsMismatch, match="not a whole"):
        load_lgm(path, TINY)


def test_a_flipped_bit_is_found_by_the_hash(tmp_path: Path) -> None:
    path = saved(tmp_path, Lgm(TINY))
    data = bytearray(path.read_bytes())
    sha256 = __import__("hashlib").sha256(data).hexdigest()
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(WeightsMismatch, match="SHA-256"):
        load_lgm(path, TINY, sha256=sha256)


def test_no_file_is_weights_missing(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match="no weights at"):
        load_lgm(tmp_path / "none.safetensors", TINY)


@pytest.mark.parametrize(("changed", "told"), [
    ({"splat_size": 128}, "splat_size 128"),
    ({"input_size": 250}, "cannot be halved"),
    ({"down_channels": (32, 64)}, "attention flag"),
    ({"up_channels": (64, 64, 64, 64), "up_attention": (False,) * 4}, "4 levels up from 3 down"),
    ({"down_channels": (32, 64, 72)}, "groups"),
    ({"heads": 24}, "heads"),
    ({"num_input_views": 0}, "no input views"),
])  # fmt: skip
def test_shapes_that_no_lgm_has_are_refused(changed: dict[str, object], told: str) -> None:
    stated = {**asdict(parity_model().config), **changed}
    with pytest.raises(InvalidInput, match=told):
        LgmConfig(**stated)
