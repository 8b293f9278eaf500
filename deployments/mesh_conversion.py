"""Serve shell around `pipelines.meshing`: any shape to a closed, sized, placed solid and its files."""

import asyncio
import threading

from deployments.calls import Handle, call
from deployments.telemetry import Reporter
from jobs.model import Converted, FilePayload, Generated, Job
from jobs.repair import RepairedSolid, RepairWish, repair_solid
from jobs.work import convert, draft
from pipelines import workbench
from pipelines.errors import GeometryError
from pipelines.file_pictures import FilePicture, draw_file
from pipelines.geometry import TriangleMesh
from pipelines.meshing import LengthUnit
from pipelines.pictures import TURN_FRAMES, turntable
from pipelines.printability import BUILD_VOLUME_MM, BuildVolume
from pipelines.uploads import FileConversion, Mended, mended_upload
from pipelines.warming import warm_pictures
from pipelines.workbench import Conversion, RepairedFile, RepairOrder, Survey


class MeshConversion:
    """One CPU replica that knows the printer's room."""

    def __init__(self, telemetry: Handle, build_volume_mm: BuildVolume = BUILD_VOLUME_MM) -> None:
        self._build_volume_mm = build_volume_mm
        self._reporter = Reporter(lambda batch: call(telemetry, "record", batch))
        threading.Thread(target=warm_pictures, daemon=True).start()  # numba compiles, or loads, while nobody waits

    async def draft(self, job: Job, shape: Generated) -> FilePayload:
        """A coarse solid of a job's Gaussians. Raises GeometryError."""
        return await asyncio.to_thread(draft, job, shape)

    async def convert(self, job: Job, shape: Generated) -> Converted:
        """The conversion stage of a job. Raises GeometryError."""
        try:
            solid = await asyncio.to_thread(convert, job, shape)
        except GeometryError:
            self._reporter.count("moldar_meshes_total", "rejected")
            raise
        self._reporter.count("moldar_meshes_total", "repaired" if solid.repairs else "watertight")
        return solid

    async def repair(self, mesh: TriangleMesh, wish: RepairWish) -> RepairedSolid:
        """A finished solid with repairs, and its files. Raises InvalidInput, GeometryError."""
        return await asyncio.to_thread(repair_solid, mesh, wish, self._build_volume_mm)

    async def film(self, mesh: TriangleMesh, size: int) -> bytes:
        """A turn around a finished solid. Raises InvalidInput, EmptyGeometry."""
        return await asyncio.to_thread(turntable, mesh, TURN_FRAMES, size)

    async def convert_file(self, data: bytes, wanted: FileConversion) -> Conversion:
        """One uploaded file in another format. Raises Unreadable, TooLarge, GeometryError."""
        return await asyncio.to_thread(workbench.convert, data, wanted)

    async def repair_file(self, data: bytes, order: RepairOrder) -> RepairedFile:
        """One uploaded file made solid and repaired. Raises InputError, GeometryError."""
        return await asyncio.to_thread(workbench.repair_file, data, order, self._build_volume_mm)

    async def survey(self, data: bytes, extension: str, size_mm: float | None, unit: LengthUnit | None) -> Survey:
        """An uploaded file as it is. Raises InputError, GeometryError."""
        return await asyncio.to_thread(workbench.survey, data, extension, size_mm, unit)

    async def solid_of(self, data: bytes, extension: str, size_mm: float | None, unit: LengthUnit | None) -> Mended:
        """An uploaded file as a closed solid. Raises InputError, GeometryError."""
        return await asyncio.to_thread(mended_upload, data, extension, size_mm, unit)

    async def draw_file(self, data: bytes, wanted: FilePicture) -> bytes:
        """A picture or a film of an uploaded file. Raises InputError, EmptyGeometry."""
        return await asyncio.to_thread(draw_file, data, wanted)
