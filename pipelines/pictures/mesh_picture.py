"""A mesh as a person would see it on a table."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import EmptyGeometry, GeometryTooLarge, InvalidInput
from pipelines.geometry import Camera, TriangleMesh

THREE_QUARTER: Final = Camera(elevation_deg=24.0, azimuth_deg=32.0, fovy_deg=26.0)
# What lies flat, as a plate or a sign, is looked at from above and in front; what stands, from the side.
_FLAT: Final = Camera(elevation_deg=52.0, azimuth_deg=12.0, fovy_deg=26.0)
_FLATNESS = (0.1, 0.5)  # height over width, from lying to standing
_SIZES = (16, 2048)
_FARTHEST = 1e100  # beyond, squares overflow
_MOST_FACES = 1 << 24  # a sample of the rasterizer holds so many bits of a face


def natural_view(mesh: TriangleMesh) -> Camera:
    """Where a person would stand to look at the mesh: [object frame], higher and more in front the flatter it is."""
    width, depth, height = mesh.size
    standing = float(np.interp(height / max(width, depth, 1e-9), _FLATNESS, (0.0, 1.0)))

    def between(flat: float, upright: float) -> float:
        return flat + (upright - flat) * standing

    return Camera(
        elevation_deg=between(_FLAT.elevation_deg, THREE_QUARTER.elevation_deg),
        azimuth_deg=between(_FLAT.azimuth_deg, THREE_QUARTER.azimuth_deg),
        fovy_deg=THREE_QUARTER.fovy_deg,
    )


def render_mesh(
    mesh: TriangleMesh,
    camera: Camera = THREE_QUARTER,
    size: int = 512,
    face_colors: NDArray[np.uint8] | None = None,
) -> NDArray[np.uint8]:
    """A square picture of the mesh standing on a light ground, with shadows, ambient occlusion and smooth edges.

    Args:
        mesh: In the object frame: any unit, z up; it stands on its lowest point.
        camera: Direction and field of view; the distance is chosen so that the whole mesh is seen.
        size: Pixels per side, 16..2048.
        face_colors: sRGB of each face, [F, 3], instead of the mesh's own colours.

    Returns:
        sRGB [size, size, 3]; the same mesh gives the same picture.

    Raises:
        EmptyGeometry: nothing to see.
        GeometryTooLarge: more than 16 million faces, or a size that no number holds.
        InvalidInput: a size out of range, an elevation of the camera outside [-90, 90], a face of corners that do not
            exist, or colours that are not one for each face.
    """
    check_picture(mesh, camera, size)
    if face_colors is not None and (face_colors.shape != mesh.faces.shape or face_colors.dtype != np.uint8):
        raise InvalidInput(f"{len(mesh.faces)} faces need as many colours, not {list(face_colors.shape)}.")
    from pipelines.pictures.body import Body  # noqa: PLC0415 - numba, for those replicas that draw
    from pipelines.pictures.threads import Crew  # noqa: PLC0415

    with Crew() as crew:
        return Body(mesh, face_colors, crew).picture(camera, size)


def check_picture(mesh: TriangleMesh, camera: Camera, size: int) -> None:
    """Refuse what cannot be drawn. Raises as `render_mesh`."""
    if not _SIZES[0] <= size <= _SIZES[1]:
        raise InvalidInput(f"The picture's size must be in {list(_SIZES)}, not {size}.")
    if not (abs(camera.elevation_deg) <= 90 and 0 < camera.fovy_deg < 180 and np.isfinite(camera.azimuth_deg)):
        raise InvalidInput("The camera needs an elevation in [-90, 90] and a field of view in (0, 180) degrees.")
    if not len(mesh.faces) or not np.isfinite(mesh.vertices).all():
        raise EmptyGeometry("There is no mesh to draw.")
    if len(mesh.faces) > _MOST_FACES or np.abs(mesh.vertices).max() > _FARTHEST:
        raise GeometryTooLarge(f"A mesh of more than {_MOST_FACES} faces, or of {_FARTHEST:g} mm, cannot be drawn.")
    if not 0 <= mesh.faces.min() <= mesh.faces.max() < len(mesh.vertices):
        raise InvalidInput("A face of the mesh has a corner that does not exist.")
    # One axis at a time: along the rows of [V, 3] numpy takes twenty times as long.
    if not max(map(np.ptp, mesh.vertices.T)) > 1 / _FARTHEST:
        raise EmptyGeometry("There is no mesh to draw.")


def warm_up() -> None:
    """Draw a small picture, so that whoever asks first need not wait for the kernels.

    They are compiled for the first picture ever, for some ten seconds, and loaded from disk from then on.
    """
    corners = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    faces = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]])
    render_mesh(TriangleMesh(corners, np.tile(faces, (4_000, 1))), size=_SIZES[0])  # large meshes have a kernel more
