"""What a print report found, painted on the object."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import InvalidInput
from pipelines.geometry import Camera, TriangleMesh
from pipelines.meshing.normals import face_normals
from pipelines.pictures.framing import orbit_axes
from pipelines.pictures.mesh_picture import natural_view, render_mesh
from pipelines.printability import Examination, Severity

SEVERITY_COLORS: Final[dict[Severity, tuple[int, int, int]]] = {
    "info": (70, 130, 220),
    "warning": (240, 150, 20),
    "error": (205, 35, 45),
}
_PREFERENCE: Final = 1.25  # for the side that a person looks at anyway
_SOUND: Final = (205, 206, 210)
_DIRECTIONS_DEG: Final = tuple((high, round_) for high in (-35.0, 24.0, 52.0) for round_ in range(-148, 212, 45))


def report_picture(
    mesh: TriangleMesh, examination: Examination, camera: Camera | None = None, size: int = 512
) -> NDArray[np.uint8]:
    """The mesh in light grey, each face that a finding is about in the colour of the gravest one.

    Args:
        mesh: The mesh that was examined.
        examination: What `pipelines.printability.examine` found.
        camera: Direction and field of view; None looks at the side where most of the marks are.
        size: Pixels per side, 16..2048.

    Returns:
        sRGB [size, size, 3].

    Raises:
        EmptyGeometry: nothing to see.
        InvalidInput: the examination is of another mesh, or as `render_mesh`.
    """
    if len(examination.marks) != len(mesh.faces):
        raise InvalidInput(f"The report is of a mesh of {len(examination.marks)} faces, not of {len(mesh.faces)}.")
    colors = np.tile(np.array(_SOUND, np.uint8), (len(mesh.faces), 1))
    for severity, color in SEVERITY_COLORS.items():  # the gravest last
        for finding in examination.report.findings:
            if finding.severity == severity:
                colors[examination.faces_of(finding.code)] = color
    seen = camera or _towards(mesh, examination.marks != 0)
    return render_mesh(mesh, seen, size, colors)


def _towards(mesh: TriangleMesh, marked: NDArray[np.bool_]) -> Camera:
    """Where most of the marked area faces the camera; where a person would stand, if there is none."""
    natural = natural_view(mesh)
    if not marked.any():
        return natural
    normals = face_normals(mesh)[marked]
    cameras = [Camera(high, around, fovy_deg=natural.fovy_deg) for high, around in _DIRECTIONS_DEG]
    shown = [np.maximum(normals @ _to_eye(camera), 0).sum() for camera in (natural, *cameras)]
    shown[0] *= _PREFERENCE
    return (natural, *cameras)[int(np.argmax(shown))]


def _to_eye(camera: Camera) -> NDArray[np.float64]:
    return np.asarray(-orbit_axes(camera)[2])
