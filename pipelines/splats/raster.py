"""Pictures of Gaussians: one door to every rasterizer."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.cameras import c2w_of, checked_c2w
from pipelines.errors import BackendFailed, GpuOutOfMemory, InvalidInput
from pipelines.geometry import Camera, FreeCamera, Gaussians
from pipelines.splats.encoding import check_finite
from pipelines.splats.rasterizers import Rasterizer, RasterizerName, opened, resolved
from pipelines.splats.scene import Color, Rendering, Shot

WHITE: Final[Color] = (1.0, 1.0, 1.0)
_SIZES: Final = (1, 4096)
_FOVY_DEG: Final = (0.01, 179.0)  # beyond, one pixel is the whole picture or 32 bits do not hold the focal length
_RADIUS_MAX: Final = 1e6  # as far as a splat may be


def render(
    gaussians: Gaussians,
    camera: Camera | FreeCamera,
    size: int = 512,
    background: Color = WHITE,
    rasterizer: Rasterizer = "auto",
    threads: int | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A square picture of Gaussians and its opacity.

    Args:
        gaussians: In the model frame, y up.
        camera: On its orbit about the origin, azimuth 0 on +z; or anywhere. Splats nearer than 0.2 are not drawn.
        size: Pixels per side, 1..4096.
        background: sRGB in [0, 1], blended as 3DGS does, without going through linear light.
        rasterizer: "auto" takes gsplat on CUDA where it works, else the CPU. The three agree to 1/50 per channel.
        threads: Of the CPU; None takes the cores this process may run on, at most 8. The picture is the same.

    Returns:
        Image [size, size, 3] and alpha [size, size], float32 in [0, 1].

    Raises:
        InvalidInput: a size, background, camera or number of threads that cannot be, Gaussians that are not finite, or
            a rasterizer that does not work here.
        BackendFailed, GpuOutOfMemory: the rasterizer on the GPU failed.

    Source:
        3DGS, forward.cu, as stated in section A.8 of the models' specification.
    """
    drawn = next(render_many(gaussians, [camera], size, background, rasterizer, threads))
    return drawn.image, drawn.alpha


def render_many(
    gaussians: Gaussians,
    cameras: Sequence[Camera | FreeCamera],
    size: int = 512,
    background: Color = WHITE,
    rasterizer: Rasterizer = "auto",
    threads: int | None = None,
) -> Iterator[Rendering]:
    """Pictures with depth from several cameras, each made when it is asked for; what they share is computed once.

    Arguments and errors are those of `render`; the input is checked before this returns.
    """
    if threads is not None and threads < 1:
        raise InvalidInput(f"At least one thread is needed to draw, not {threads}.")
    shots = [_shot(camera, size, background) for camera in cameras]
    check_finite(gaussians)
    return _drawn(gaussians, shots, resolved(rasterizer), threads)


def _drawn(
    gaussians: Gaussians, shots: list[Shot], rasterizer: RasterizerName, threads: int | None
) -> Iterator[Rendering]:
    with _translated(rasterizer):
        scene = opened(gaussians, rasterizer, threads)
        if len(shots) == 1:
            yield scene.draw(shots[0])
        else:
            yield from scene.draw_all(shots)


def _shot(camera: Camera | FreeCamera, size: int, background: Color) -> Shot:
    if not _SIZES[0] <= size <= _SIZES[1]:
        raise InvalidInput(f"The picture's size must be in {list(_SIZES)}, not {size}.")
    if not _FOVY_DEG[0] <= camera.fovy_deg <= _FOVY_DEG[1]:
        raise InvalidInput(f"The camera's field of view must be in {list(_FOVY_DEG)} degrees, not {camera.fovy_deg:g}.")
    if len(background) != 3 or not all(0 <= band <= 1 for band in background):
        raise InvalidInput("The background is three numbers in [0, 1].")
    if isinstance(camera, FreeCamera):
        return Shot(checked_c2w(camera.c2w[None])[0], camera.fovy_deg, size, background)
    if not 0 < camera.radius <= _RADIUS_MAX:
        raise InvalidInput("The camera needs a radius > 0.")
    if not np.isfinite([camera.elevation_deg, camera.azimuth_deg]).all():
        raise InvalidInput("The camera's elevation and azimuth must be numbers.")
    return Shot(c2w_of(camera), camera.fovy_deg, size, background)


@contextmanager
def _translated(rasterizer: RasterizerName) -> Iterator[None]:
    """torch's errors as ours. On the CPU nothing of torch runs, and nothing is translated."""
    if rasterizer == "cpu":
        yield
        return
    import torch  # noqa: PLC0415 - loaded by then

    try:
        yield
    except torch.cuda.OutOfMemoryError as error:
        raise GpuOutOfMemory(f"The GPU has no room to draw these splats with {rasterizer}.") from error
    except RuntimeError as error:
        raise BackendFailed(f"The rasterizer {rasterizer} failed.") from error
