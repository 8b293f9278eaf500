"""Acceleration changes how fast a network is, and nothing else that a caller could see."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from pipelines.acceleration import Acceleration, Replayed, accelerate, possible
from pipelines.errors import InvalidInput
from pipelines.lgm import Lgm, LgmConfig

CPU = torch.device("cpu")
TINY = LgmConfig(16, 8, (32, 32), (False, True), True, (32,), (True,))


def lgm(seed: int = 0) -> Lgm:
    torch.manual_seed(seed)
    return Lgm(TINY).eval().requires_grad_(requires_grad=False)


def views(seed: int, batch: int = 1) -> Tensor:
    return torch.randn(batch, 4, 9, 16, 16, generator=torch.Generator().manual_seed(seed))


class Counted:
    """What CudaCapture does, on the CPU: the function is run anew on the recorded tensors, into the recorded result."""

    def __init__(self) -> None:
        self.captures = 0

    def __call__(
        self, function: Callable[..., Tensor], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Callable[[], None], Tensor]:
        self.captures += 1
        result = function(*args, **kwargs)

        def compute() -> None:
            with torch.inference_mode():
                result.copy_(function(*args, **kwargs))

        return compute, result


def affine(x: Tensor, scale: float = 1.0, *, shift: Tensor | None = None) -> Tensor:
    return scale * x if shift is None else scale * x + shift


def test_nothing_is_done_unless_it_is_asked() -> None:
    model, twin = accelerate(lgm(), Acceleration()), lgm()
    with torch.inference_mode():
        assert torch.equal(model(views(1)), twin(views(1)))


def test_the_layout_of_memory_does_not_change_the_result() -> None:
    model, twin = accelerate(lgm(), Acceleration(channels_last=True)), lgm()
    assert model.unet.conv_in.weight.is_contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        assert torch.allclose(model(views(1)), twin(views(1)), atol=1e-5)


def test_a_narrow_lgm_keeps_its_head_in_float32() -> None:
    model = accelerate(lgm(), Acceleration("bfloat16"))
    assert next(model.unet.mid_block.parameters()).dtype == torch.bfloat16
    assert model.conv.weight.dtype == model.unet.conv_out.weight.dtype == torch.float32
    with torch.inference_mode():
        assert model(views(1)).dtype == torch.float32


def test_another_module_is_narrowed_whole() -> None:
    assert accelerate(torch.nn.Linear(3, 3), Acceleration("bfloat16")).weight.dtype == torch.bfloat16


def test_what_a_device_cannot_do_is_said_and_left_out() -> None:
    how, lost = possible(Acceleration.quick(), CPU)
    assert how == Acceleration("bfloat16", channels_last=True)
    assert lost == ("CUDA graphs need a CUDA device.", "cuDNN's search needs a CUDA device.")
    assert possible(how, CPU) == (how, ())


def test_asking_for_it_anyway_is_refused() -> None:
    with pytest.raises(InvalidInput, match="CUDA graphs need a CUDA device"):
        accelerate(lgm(), Acceleration(graphs=True))


def test_an_acceleration_reads_as_what_it_does() -> None:
    assert str(Acceleration.quick()) == "bfloat16 channels_last tuned graphs"
    assert str(Acceleration()) == "float32"


@pytest.mark.parametrize("mode", [torch.inference_mode, torch.no_grad])
def test_a_replay_follows_its_inputs(mode: Callable[[], Any]) -> None:
    capture = Counted()
    model, twin = Replayed(lgm(), capture), lgm()
    with mode():
        for seed, batch in [(1, 1), (2, 1), (3, 2), (4, 1), (5, 2)]:
            assert torch.equal(model(views(seed, batch)), twin(views(seed, batch)))
    assert capture.captures == 2


def test_results_do_not_share_memory_with_each_other() -> None:
    model = Replayed(affine, Counted())
    with torch.no_grad():
        first = model(torch.ones(3))
        model(torch.zeros(3))
    assert torch.equal(first, torch.ones(3))


def test_the_callers_tensors_are_left_as_they_were() -> None:
    model, given = Replayed(affine, Counted()), torch.ones(3)
    with torch.no_grad():
        model(given, 2.0)
        model(torch.zeros(3), 2.0)
    assert torch.equal(given, torch.ones(3))


def test_numbers_and_tensors_by_name_are_part_of_what_is_recorded() -> None:
    capture = Counted()
    model, x = Replayed(affine, capture), torch.ones(2)
    with torch.no_grad():
        assert model(x, 2.0)[0] == 2
        assert model(x, 3.0)[0] == 3
        assert model(x, 2.0, shift=torch.full((2,), 5.0))[0] == 7
        assert model(x, 2.0, shift=torch.full((2,), 6.0))[0] == 8
    assert capture.captures == 3


def test_a_tensor_that_repeats_one_value_can_be_replaced() -> None:
    model = Replayed(affine, Counted())
    with torch.no_grad():
        assert model(torch.ones(1).expand(4)).sum() == 4
        assert model(torch.full((1,), 3.0).expand(4)).sum() == 12


def test_a_recording_made_in_one_mode_serves_that_mode_only() -> None:
    model, x = Replayed(affine, Counted()), torch.ones(2)
    with torch.inference_mode():
        model(x)
    with torch.no_grad():
        out = model(x)
    out += 1  # an inference tensor would refuse
    assert torch.equal(out, torch.full((2,), 2.0))


def test_only_the_latest_signatures_are_kept() -> None:
    capture = Counted()
    model = Replayed(affine, capture, most=2)
    with torch.no_grad():
        for size in (1, 2, 1, 3, 1, 2):  # 3 pushes 2 out, which was used longest ago; 2 comes anew
            model(torch.ones(size))
    assert capture.captures == 4


def test_where_gradients_are_recorded_nothing_is_replayed() -> None:
    capture = Counted()
    x = torch.ones(2, requires_grad=True)
    Replayed(affine, capture)(x, 3.0).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [3, 3]
    assert capture.captures == 0


def test_accelerating_again_replaces_what_was_done() -> None:
    model = lgm()
    accelerate(model, Acceleration(channels_last=True))
    accelerate(model, Acceleration())
    with torch.inference_mode():
        assert torch.equal(model(views(1)), lgm()(views(1)))
