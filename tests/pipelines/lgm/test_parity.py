"""What upstream's own code computed, computed here: SPEC A.2 to A.6."""

import json
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from pipelines.cameras import orbit, plucker
from pipelines.lgm import Lgm, LgmConfig, gaussians_of
from pipelines.splats import read_splats
from tests.pipelines.lgm.golden import MODELS, TENSORS, parity_model, weights

TOLERANCE = 1e-4  # upstream's own fp32 differs from its fp64 by up to 2e-5


def assert_equal(found: Tensor, expected: Tensor) -> None:
    assert_close(found, expected, atol=TOLERANCE, rtol=TOLERANCE)


def test_gaussians_equal_those_of_upstream() -> None:
    with torch.inference_mode():
        assert_equal(parity_model()(TENSORS["input.images"]), TENSORS["output.gaussians"])


def test_every_stage_equals_upstream() -> None:
    model = parity_model()
    seen: dict[str, Any] = {}
    stages = [name[6:] for name in TENSORS if name.startswith("stage.")]
    for stage in stages:
        module = model.unet.get_submodule(stage)
        module.register_forward_hook(lambda _, __, out, stage=stage: seen.update({stage: out}))
    with torch.inference_mode():
        model(TENSORS["input.images"])
    assert len(stages) == 7
    for stage in stages:
        output = seen[stage][0] if isinstance(seen[stage], tuple) else seen[stage]  # a way down also leaves skips
        assert_equal(output[:1, :4], TENSORS[f"stage.{stage}"].float())


def test_raw_outputs_equal_upstream() -> None:
    model = parity_model()
    with torch.inference_mode():
        unet = model.unet(TENSORS["input.images"].flatten(0, 1))
        assert_equal(unet, TENSORS["output.unet"])
        assert_equal(model.conv(unet), TENSORS["output.raw"])


def test_an_object_does_not_see_its_batch_mates() -> None:
    model, one = parity_model(), TENSORS["input.images"]
    other = one.flip(1)
    with torch.inference_mode():
        both = model(torch.cat([other, one]))
        assert_equal(both[1:], model(one))
        assert_equal(both[:1], model(other))
        assert not torch.allclose(both[0], both[1], atol=1e-2)  # the views' order is not lost on it


@pytest.mark.parametrize(("preset", "keys", "parameters"), [
    ("big", 376, 415_042_848), ("small", 344, 412_958_240), ("tiny", 244, 59_743_360),
])  # fmt: skip
def test_presets_have_the_published_names_and_shapes(preset: str, keys: int, parameters: int) -> None:
    with torch.device("meta"):
        state = Lgm(getattr(LgmConfig, preset)()).state_dict()
    published = json.loads((MODELS / f"lgm_{preset}_keys.json").read_text())
    assert {name: list(tensor.shape) for name, tensor in state.items()} == {
        name: entry["shape"] for name, entry in published.items()
    }
    assert (len(state), sum(t.numel() for t in state.values())) == (keys, parameters)


def test_a_narrow_body_moves_positions_by_less_than_its_own_steps() -> None:
    with torch.inference_mode():
        narrow = parity_model().narrowed(torch.bfloat16)(TENSORS["input.images"])
    moved = (narrow - TENSORS["output.gaussians"])[..., :3].abs()
    assert narrow.dtype == torch.float32
    assert moved.median() < 2e-2  # random weights amplify; a trained network is smoother
    distinct = narrow[0, :, 0].unique().numel()
    assert distinct > 1000, "positions are not quantised to the 8 bits of bf16"


def test_rays_are_those_of_upstream_with_the_sign_of_elevation_turned() -> None:
    golden = json.loads((MODELS / "lgm_cameras.json").read_text())
    for name, views in golden["views"].items():
        upstream = float(name.removeprefix("elevation_").replace("minus_", "-").replace("m", "-"))
        poses = orbit([-upstream] * 4)
        fields = plucker(poses, golden["fovy_deg"], golden["input_size"])
        for index, view in enumerate(views):
            assert_close(torch.from_numpy(poses[index]), torch.tensor(view["c2w_opengl"]), atol=1e-6, rtol=0)
            for sample in view["plucker_samples"]:
                found = torch.from_numpy(fields[index, :, sample["row"], sample["col"]])
                assert_close(found, torch.tensor(sample["value"]), atol=2e-6, rtol=0)


def test_rows_become_the_gaussians_of_upstreams_own_file() -> None:
    gaussians = gaussians_of(TENSORS["output.gaussians"][0])
    kept = gaussians.opacity >= 0.005
    written = read_splats(MODELS / "lgm_parity_a.ply")
    assert len(written) == kept.sum()
    for name in ("means", "opacity", "scaling", "rotation", "rgb"):
        found, expected = getattr(gaussians, name)[kept], getattr(written, name)
        assert_close(torch.from_numpy(found), torch.from_numpy(expected), atol=1e-5, rtol=1e-4)


def test_the_golden_weights_are_the_whole_network() -> None:
    assert weights().keys() == parity_model().state_dict().keys()
