"""Serve shell around `pipelines.meshing`: any shape to a closed, sized, placed solid and its files."""

import asyncio

from deployments.calls import Handle, call
from deployments.telemetry import Reporter
from jobs.model import Converted, FilePayload, Generated, Job
from jobs.work import convert, draft
from pipelines.errors import GeometryError
from pipelines.geometry import TriangleMesh
from pipelines.uploads import FileConversion, convert_file, read_upload


class MeshConversion:
    """One CPU replica."""

    def __init__(self, telemetry: Handle) -> None:
        self._reporter = Reporter(lambda batch: call(telemetry, "record", batch))

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

    async def convert_file(self, data: bytes, wanted: FileConversion) -> bytes:
        """One uploaded file in another format. Raises Unreadable, TooLarge, GeometryError."""
        return await asyncio.to_thread(convert_file, data, wanted)

    async def read_upload(self, data: bytes, extension: str, size_mm: float | None) -> TriangleMesh:
        """An uploaded mesh or splat file as a mesh in the object frame. Raises Unreadable, TooLarge, GeometryError."""
        return await asyncio.to_thread(read_upload, data, extension, size_mm)
