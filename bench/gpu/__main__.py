"""`python -m bench.gpu [--tiny] [--out DIR] [--minutes M] [--only PART ...] [--device cpu|cuda]`."""

import argparse
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import torch

from bench.gpu import speed, twins
from bench.gpu.bench import Bench, rate
from bench.gpu.lines import Line, Log, exit_code, summary, table
from bench.gpu.networks import Shapes

Work = Callable[[Bench], None]
_MINUTES: Final = 8.0  # a machine that is lent gives ten to a command
_SPEED: Final[dict[str, tuple[Work, float]]] = {  # and the seconds without which a part is not begun
    "lgm": (speed.lgm_forward, 30),
    "mvdream step": (speed.unet_step("mvdream"), 40),
    "imagedream step": (speed.unet_step("imagedream"), 40),
    "vae": (speed.vae_decode, 20),
    "encoders": (speed.encoders, 10),
    "background": (speed.background, 10),
    "mvdream whole": (speed.whole_way("mvdream"), 60),
    "imagedream whole": (speed.whole_way("imagedream"), 60),
    "compiled": (speed.compiled, 150),
}


def parts(*, tiny: bool) -> dict[str, tuple[Work, float]]:
    """Everything in its order: right before fast, and the figures that matter most first."""
    compared = {f"twins: {name}": (twins.compare(made), 0.0) for name, made in twins.ALL.items()}
    timed = {name: (work, 0.0 if tiny else least_s) for name, (work, least_s) in _SPEED.items()}
    return {"rate": (rate, 0.0), **compared, **timed}


def main(arguments: list[str] | None = None) -> int:
    """Run the parts asked for. Gives 1 where a comparison failed or a part broke, else 0."""
    asked = _parsed(arguments)
    if asked.device == "cuda" and not torch.cuda.is_available():
        print("no CUDA device here: nothing to check; --tiny runs the same code on the CPU")
        return 0
    device = torch.device(asked.device)
    shapes = Shapes.miniature() if asked.tiny else Shapes.published()
    if asked.tiny:
        torch.set_num_threads(1)  # more only wait for each other over a few numbers
    bench = Bench(device, shapes, Log(asked.out), 60 * asked.minutes, thorough=not asked.tiny)
    bench.log.add(Line("machine", _machine(device), "measured", note="miniature shapes" if asked.tiny else ""))
    for name, (work, least_s) in parts(tiny=asked.tiny).items():
        if name == "rate" or not asked.only or any(name.startswith(only) for only in asked.only):
            bench.run(name, work, least_s)
    drawn = f"{table(bench.log.lines)}\n\n{summary(bench.log.lines)}"
    print(f"\n{drawn}")
    if asked.out:
        (asked.out / "gpu.md").write_text(drawn + "\n")
    return exit_code(bench.log.lines)


def _parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.gpu", description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="miniature shapes, on the CPU unless --device says cuda")
    parser.add_argument("--out", type=Path, help="folder for gpu.jsonl and gpu.md")
    parser.add_argument("--minutes", type=float, default=_MINUTES, help="after which no part is begun")
    parser.add_argument("--only", nargs="*", default=[], help="beginnings of the names of parts")
    parser.add_argument("--device", choices=("cpu", "cuda"))
    asked = parser.parse_args(arguments)
    asked.device = asked.device or ("cpu" if asked.tiny else "cuda")
    return asked


def _machine(device: torch.device) -> str:
    name = torch.cuda.get_device_name() if device.type == "cuda" else f"CPU, {os.cpu_count()} cores"
    return f"{name}; torch {torch.__version__}, Python {platform.python_version()}"


if __name__ == "__main__":
    sys.exit(main())
