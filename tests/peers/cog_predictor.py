"""A model as replicate.com runs them, small: splats of a ball, or a picture of one. Loaded by a real `cog` server."""

import tempfile
import time
from pathlib import Path as LocalPath

import numpy as np
from cog import BasePredictor, Path  # type: ignore[import-untyped]
from PIL import Image, ImageDraw

_FIELDS = ("x", "y", "z", "f_dc_0", "f_dc_1", "f_dc_2", "opacity", "scale_0", "scale_1", "scale_2",
           "rot_0", "rot_1", "rot_2", "rot_3")  # fmt: skip


class Predictor(BasePredictor):  # type: ignore[misc]
    """What is made, for whom and how long it takes is in the input."""

    def setup(self) -> None:
        """Nothing to load."""

    def predict(self, make: str, prompt: str, seed: int, work_s: float) -> list[Path]:
        until = time.monotonic() + work_s
        while time.monotonic() < until:
            time.sleep(0.01)  # in pieces, as a cancel is heard between them
        if "fail" in prompt:
            raise ValueError(f"cannot make {prompt!r}")
        folder = LocalPath(tempfile.mkdtemp())
        if make == "picture":
            return [_picture(folder / "out-0.png", seed)]
        film = folder / "gradio_output.mp4"
        film.write_bytes(b"\x00\x00\x00\x18ftypmp42" + bytes(64))
        return [Path(str(film)), _splats(folder / "gradio_output.ply", seed)]


def _splats(file: LocalPath, seed: int) -> Path:
    """500 round splats on a ball, as LGM writes them."""
    points = np.random.default_rng(seed % 2**32).normal(size=(500, 3))
    rows = np.zeros((len(points), len(_FIELDS)), "<f4")
    rows[:, :3] = 0.5 * points / np.linalg.norm(points, axis=1, keepdims=True)
    rows[:, 6], rows[:, 7:10], rows[:, 10] = 4.0, np.log(0.03), 1.0
    header = ["ply", "format binary_little_endian 1.0", f"element vertex {len(rows)}"]
    header += [f"property float {name}" for name in _FIELDS] + ["end_header", ""]
    file.write_bytes("\n".join(header).encode() + rows.tobytes())
    return Path(str(file))


def _picture(file: LocalPath, seed: int) -> Path:
    picture = Image.new("RGB", (64, 64), "white")
    ImageDraw.Draw(picture).ellipse((8, 8, 56, 56), fill=(seed % 256, 80, 80))
    picture.save(file)
    return Path(str(file))
