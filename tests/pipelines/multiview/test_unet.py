"""The UNet against upstream's own numbers and names."""

import json
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from torch import Tensor

from pipelines.errors import InvalidInput, WeightsMismatch
from pipelines.multiview import MultiViewUNet, MultiViewUNetConfig, camera_rows
from pipelines.weights import read_tensors

GOLDEN = Path(__file__).parents[2] / "golden" / "models"
Kind = Literal["mvdream", "imagedream"]
KINDS: tuple[Kind, ...] = ("mvdream", "imagedream")
ATOL, RTOL = 2e-4, 1e-4  # upstream's own error between float32 and float64 is 4e-5


def golden(kind: Kind) -> tuple[dict[str, Any], dict[str, Tensor]]:
    stated = json.loads((GOLDEN / f"{kind}_parity.json").read_text())
    tensors = read_tensors(GOLDEN / f"{kind}_parity.safetensors")
    return stated, {name: tensor.float() for name, tensor in tensors.items()}


def weights_in(tensors: dict[str, Tensor], prefix: str = "") -> dict[str, Tensor]:
    return {prefix + name.removeprefix("weights."): t for name, t in tensors.items() if name.startswith("weights.")}


def network(kind: Kind, dtype: torch.dtype = torch.float32) -> tuple[MultiViewUNet, dict[str, Any], dict[str, Tensor]]:
    stated, tensors = golden(kind)
    model = MultiViewUNet(MultiViewUNetConfig(**stated["config"])).to(dtype).load(weights_in(tensors))
    return model.eval(), stated, tensors


def arguments(stated: dict[str, Any], tensors: dict[str, Tensor]) -> dict[str, Any]:
    given = {name: tensors[f"input.{name}"] for name in ("x", "timesteps", "context", "camera")}
    frames = stated["num_frames"]
    if frames == 5:
        one = tensors["input.ip_cond_one"]
        given |= {"ip": torch.cat([torch.zeros_like(one)] * 5 + [one] * 5), "ip_img": tensors["input.ip_img"]}
    return given | {"num_frames": frames}


@torch.inference_mode()
def noise(model: MultiViewUNet, given: dict[str, Any]) -> Tensor:
    return model(**given).float()


@pytest.mark.parametrize("kind", KINDS)
def test_the_unet_computes_what_upstream_computes(kind: Kind) -> None:
    model, stated, tensors = network(kind)
    torch.testing.assert_close(noise(model, arguments(stated, tensors)), tensors["output"], atol=ATOL, rtol=RTOL)


@pytest.mark.parametrize("kind", KINDS)
def test_context_and_picture_may_come_once_per_object(kind: Kind) -> None:
    model, stated, tensors = network(kind)
    given = arguments(stated, tensors)
    frames = stated["num_frames"]
    given["context"] = given["context"][::frames]
    if kind == "imagedream":
        given["image_tokens"] = model.resampled(given.pop("ip")[::frames])
        torch.testing.assert_close(given["image_tokens"], tensors["stage.image_embed"], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(noise(model, given), tensors["output"], atol=ATOL, rtol=RTOL)


@pytest.mark.parametrize("kind", KINDS)
def test_a_checkpoint_in_the_original_naming_loads_as_well(kind: Kind) -> None:
    _, stated, tensors = network(kind)
    original = weights_in(tensors, "model.diffusion_model.") | {"first_stage_model.quant_conv.bias": torch.zeros(8)}
    model = MultiViewUNet(MultiViewUNetConfig(**stated["config"])).load(original).eval()
    torch.testing.assert_close(noise(model, arguments(stated, tensors)), tensors["output"], atol=ATOL, rtol=RTOL)


@pytest.mark.parametrize(
    ("kind", "config", "count", "parameters"),
    [
        ("mvdream", MultiViewUNetConfig.mvdream(), 690, 867_572_164),
        ("imagedream", MultiViewUNetConfig.imagedream(), 773, 941_672_900),
    ],
)
def test_the_published_checkpoints_fit_name_by_name(
    kind: Kind, config: MultiViewUNetConfig, count: int, parameters: int
) -> None:
    published = json.loads((GOLDEN / f"{kind}_unet_keys.json").read_text())
    with torch.device("meta"):
        ours = MultiViewUNet(config).state_dict()
    assert {name: list(tensor.shape) for name, tensor in ours.items()} == {
        name: entry["shape"] for name, entry in published.items()
    }
    assert len(ours) == count
    assert sum(tensor.numel() for tensor in ours.values()) == parameters


def test_the_time_embedding_keeps_neighbouring_steps_apart_in_bfloat16() -> None:
    model, stated, tensors = network("mvdream", torch.bfloat16)
    given = arguments(stated, tensors)
    outcomes = [noise(model, given | {"timesteps": torch.full((8,), float(t))}) for t in (958, 960)]
    assert not torch.equal(outcomes[0], outcomes[1])
    error = noise(model, given) - tensors["output"]
    assert error.abs().max() < 0.08  # of a spread of 0.58: bf16 carries 8 bits


def test_groups_of_frames_do_not_see_each_other() -> None:
    model, stated, tensors = network("imagedream")
    given = arguments(stated, tensors)
    before = noise(model, given)
    given["x"] = given["x"].clone()
    given["x"][5] += 1.0  # the first frame of the second group
    after = noise(model, given)
    torch.testing.assert_close(after[:5], before[:5], atol=1e-5, rtol=1e-5)
    assert (after[5:] - before[5:]).flatten(1).abs().amax(dim=1).min() > 1e-3  # all five of its group


def test_the_frame_of_the_picture_is_the_picture_whatever_its_latent_was() -> None:
    model, stated, tensors = network("imagedream")
    given = arguments(stated, tensors)
    before = noise(model, given)
    given["x"] = given["x"].clone()
    given["x"][4::5] = 100.0
    torch.testing.assert_close(noise(model, given), before, atol=0, rtol=0)
    assert given["x"][4].eq(100.0).all(), "the caller's latents are left alone"


def test_weights_of_the_other_model_say_what_is_missing_and_extra() -> None:
    stated, tensors = golden("mvdream")
    model = MultiViewUNet(MultiViewUNetConfig(**stated["config"], ip_dim=4))
    with pytest.raises(WeightsMismatch, match=r"ImageDream.*missing \(image_embed\.latents"):
        model.load(weights_in(tensors))


def test_pictures_and_models_that_do_not_belong_together_are_refused() -> None:
    model, stated, tensors = network("mvdream")
    given = arguments(stated, tensors)
    with pytest.raises(InvalidInput, match="takes no"):
        model(**given, ip=torch.zeros(8, 65, 1280))
    with pytest.raises(InvalidInput, match="takes no picture"):
        model.resampled(torch.zeros(1, 65, 1280))
    with pytest.raises(InvalidInput, match="no groups of 3"):
        model(**given | {"num_frames": 3})
    other, stated, tensors = network("imagedream")
    with pytest.raises(InvalidInput, match="needs tokens"):
        other(**{name: value for name, value in arguments(stated, tensors).items() if name != "ip"})


@pytest.mark.parametrize(
    "change",
    [
        {"model_channels": 48},
        {"channel_mult": []},
        {"channel_mult": [1, 0]},
        {"image_size": 12, "channel_mult": [1, 1, 1, 1]},
        {"num_head_channels": 24},
        {"num_res_blocks": 0},
        {"context_dim": "wide"},
        {"channel_mult": 3},
        {"ip_dim": -1},
    ],
)
def test_shapes_that_no_unet_has_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="No multi-view UNet"):
        MultiViewUNetConfig.of(golden("mvdream")[0]["config"] | change)


@pytest.mark.parametrize("elevation_deg", [0, 15])
def test_cameras_are_upstreams_with_positive_elevation_above(elevation_deg: int) -> None:
    known = json.loads((GOLDEN / "mvdream_cameras.json").read_text())
    above = known[f"mvdream_diffusers_elevation_{elevation_deg}"]
    np.testing.assert_allclose(camera_rows(elevation_deg, 5), above, atol=1e-6)
    below = known[f"lgm_copy_elevation_{elevation_deg}"]
    np.testing.assert_allclose(camera_rows(-elevation_deg, 5), below, atol=1e-6)
    assert camera_rows(elevation_deg).shape == (4, 16)
