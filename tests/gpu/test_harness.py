"""The harness behind `make gpu`, in miniature on the CPU: what it finds on a device is only as good as this."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from bench.gpu import networks, twins
from bench.gpu.__main__ import main, parts
from bench.gpu.bench import Bench, Missing
from bench.gpu.lines import Line, Log, exit_code, summary, table
from bench.gpu.networks import KINDS, Kind, Shapes
from bench.gpu.speed import flops_of

META = torch.device("meta")
WHOLE = ("mvdream whole", "imagedream whole")


@dataclass(frozen=True)
class Ran:
    code: int
    lines: list[dict[str, Any]]
    folder: Path

    def of(self, part: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["part"] == part]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    folder, threads = tmp_path_factory.mktemp("gpu"), torch.get_num_threads()
    code = main(["--tiny", "--out", str(folder)])
    yield Ran(code, [json.loads(line) for line in (folder / "gpu.jsonl").read_text().splitlines()], folder)
    torch.set_num_threads(threads)


def bench(folder: Path | None = None, seconds: float = 60) -> Bench:
    return Bench(torch.device("cpu"), Shapes.miniature(), Log(folder), seconds, thorough=False)


def test_nothing_breaks_and_nothing_differs(ran: Ran) -> None:
    assert ran.code == 0
    assert {line["outcome"] for line in ran.lines} == {"measured", "agrees", "skipped"}


def test_every_comparison_is_made(ran: Ran) -> None:
    compared = " ".join(line["name"] for line in ran.of("twins"))
    for what in ("LGM against upstream", "UNet of mvdream against", "UNet of imagedream against", "VAE decode"):
        assert what in compared
    for what in ("accelerated LGM", "attention by sdpa", "picture to views", "views to Gaussians", "rasterizer cpu"):
        assert what in compared
    assert all(line["error"] <= line["tolerance"] for line in ran.of("twins") if line["outcome"] == "agrees")


def test_what_cannot_run_here_is_named(ran: Ran) -> None:
    skipped = {line["name"]: line["note"] for line in ran.lines if line["outcome"] == "skipped"}
    assert "xformers" in skipped["twins: attention kernels"]
    assert "torch.compile" in skipped["compiled"]


@pytest.mark.parametrize("part", WHOLE)
def test_the_whole_way_is_timed_beside_its_baseline_at_every_batch(ran: Ran, part: str) -> None:
    timed = [line for line in ran.of(part) if "median_ms" in line]
    assert [(line["how"].startswith("baseline"), line["batch"]) for line in timed] == [
        (True, 1), (False, 1), (False, 2),
    ]  # fmt: skip
    assert all(line["objects_per_s"] == pytest.approx(line["batch"] / line["median_ms"] * 1e3) for line in timed)


@pytest.mark.parametrize("part", ["lgm", "unet", "vae", "encoders"])
def test_networks_are_timed_with_their_share_of_the_rate(ran: Ran, part: str) -> None:
    assert ran.of(part)
    assert all(line["median_ms"] > 0 and line["tflop"] > 0 and line["share"] > 0 for line in ran.of(part))


def test_the_tables_are_kept(ran: Ran) -> None:
    assert "| LGM forward | bfloat16 " in (ran.folder / "gpu.md").read_text()


def test_a_machine_without_a_device_is_told_so_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    if torch.cuda.is_available():
        return  # then there is much to check
    assert main([]) == 0
    assert capsys.readouterr().out.count("\n") == 1


def test_a_part_that_breaks_is_one_line_and_the_next_begins(tmp_path: Path) -> None:
    def broken(_: Bench) -> None:
        raise torch.OutOfMemoryError("no room\nfor this")

    def absent(_: Bench) -> None:
        raise Missing("needs gsplat")

    def unimportable(_: Bench) -> None:
        raise ModuleNotFoundError("No module named 'diffusers'")

    run = bench(tmp_path)
    for name, work in {"a": broken, "b": absent, "c": unimportable}.items():
        run.run(name, work)
    assert [(line.outcome, line.note) for line in run.log.lines] == [
        ("failed", "OutOfMemoryError: no room"),
        ("skipped", "needs gsplat"),
        ("skipped", "No module named 'diffusers'"),
    ]
    assert len((tmp_path / "gpu.jsonl").read_text().splitlines()) == 3


def test_no_part_is_begun_that_the_time_left_cannot_hold() -> None:
    run = bench(seconds=20)
    run.run("long", lambda _: pytest.fail("begun"), least_s=30)
    assert run.log.lines[0].outcome == "skipped"
    assert "30 needed" in run.log.lines[0].note


def test_parts_have_room_in_the_nine_minutes_of_a_lent_machine() -> None:
    assert next(iter(parts(tiny=False))) == "rate"
    assert sum(least_s for _, least_s in parts(tiny=False).values()) < 8 * 60


def test_a_comparison_that_differs_fails_the_run() -> None:
    run = bench()
    run.run("right", twins.compare(lambda _: iter([twins.Twin("right", 0.5, 1.0)])))
    assert exit_code(run.log.lines) == 0
    run.run("wrong", twins.compare(lambda _: iter([twins.Twin("wrong", 1.5, 1.0)])))
    assert [line.outcome for line in run.log.lines] == ["agrees", "differs"]
    assert exit_code(run.log.lines) == 1


def test_an_error_is_that_of_the_worst_part() -> None:
    assert twins.distance(torch.tensor([3.0, 4.0]), torch.tensor([3.0, 0.0])) == pytest.approx(4 / 3)
    assert not twins.Twin("not a number", float("nan"), 1.0).agrees


def test_rounding_to_tf32_would_be_noticed() -> None:
    """Its mantissa has ten bits: what float32 convolutions are rounded to by cuDNN unless that is turned off."""
    exact = networks.noise((10_000,), torch.device("cpu"))
    rounded = (exact.view(torch.int32) + 2**12 & -(2**13)).view(torch.float32)
    assert twins.distance(rounded, exact) > 2 * twins.TOLERANCES["float32"]


def tflop(network: Any, *args: Tensor, **kwargs: Any) -> float:
    return flops_of(lambda: network(*args, **kwargs)) / 1e12


@pytest.mark.parametrize(("kind", "due"), [("mvdream", 1.63), ("imagedream", 2.13)])
def test_steps_are_counted_as_the_specification_counts_them(kind: Kind, due: float) -> None:
    """SPEC D, the resampler cached; it has the context once per frame, which is 2 % more."""
    shapes = Shapes.published()
    given = networks.unet_step(shapes.unets[kind], 2, META)
    assert tflop(networks.unet(shapes, kind, META), **given) == pytest.approx(due, rel=0.025)


def test_the_other_networks_are_counted_as_the_specification_counts_them() -> None:
    shapes = Shapes.published()
    assert set(shapes.unets) == set(KINDS)
    views = torch.empty(1, 4, 9, 256, 256, device=META)
    assert tflop(networks.lgm(shapes, META), views) == pytest.approx(1.78, rel=0.005)
    decoder = networks.autoencoder(shapes, META).decoder
    assert tflop(decoder, torch.empty(4, 4, 32, 32, device=META)) == pytest.approx(2.49, rel=0.005)


def test_the_published_shapes_have_the_published_sizes() -> None:
    shapes = Shapes.published()

    def count(network: Any) -> int:
        return sum(parameter.numel() for parameter in network.parameters())

    assert count(networks.lgm(shapes, META)) == 415_042_848
    assert count(networks.unet(shapes, "mvdream", META)) == 867_572_164
    assert count(networks.unet(shapes, "imagedream", META)) == 941_672_900
    assert count(networks.autoencoder(shapes, META)) == 83_653_863
    assert count(networks.text_model(shapes, META)) == 340_387_840
    assert count(networks.vision_model(shapes, META)) == pytest.approx(630_766_080, rel=1e-2)


def test_lines_read_as_a_table_and_a_summary() -> None:
    lines = [
        Line("lgm", "LGM forward", "measured", "float16", 2, 10.0, 200.0, 3.5, 3.56, 0.45),
        Line("twins", "VAE", "differs", error=0.5, tolerance=0.05),
        Line("encoders", "CLIP", "skipped", note="no transformers"),
    ]
    assert "| LGM forward | float16 | 2 | 10.00 | 200.00 | 3.50 | 3.560 | 45.0% |" in table(lines)
    told = summary(lines).splitlines()
    assert told[0] == "1 measured, 1 differs, 1 skipped"
    assert "error 5.0e-01" in told[1]
    assert "no transformers" in told[2]
