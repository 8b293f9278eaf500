"""Answers about repairs: JSON with the files in it, an archive, or the one file itself; and what a header says."""

import io
import json
import zipfile
from collections.abc import Sequence
from typing import Final

from fastapi import Response

from deployments.answers import attachment, json_answer
from moldar import wire
from pipelines.errors import InvalidInput, TooLarge

REPAIRS_HEADER: Final = "Moldar-Repairs"
_HEADER_BYTES: Final = 4096  # half of what proxies take for all headers together
_DAY_ZERO: Final = (1980, 1, 1, 0, 0, 0)  # of every archive: the same parts give the same bytes


def repairs_header(done: Sequence[wire.SurfaceRepair]) -> str:
    """What was done to make a solid, as compact JSON in ASCII; what does not fit is left out from the end."""
    entries = [one.model_dump() for one in done]
    while True:
        text = json.dumps(entries, separators=(",", ":"))
        if len(text) <= _HEADER_BYTES:
            return text
        entries.pop()


def repaired_answer(made: wire.RepairedFile, accept: str | None, most_bytes: int) -> Response:
    """The answer in the form that the caller accepts.

    Raises:
        InvalidInput: one file is asked for and there are several.
        TooLarge: the files are more than an answer holds.
    """
    if sum(file.bytes for file in made.files) > most_bytes:
        raise TooLarge(f"The repaired parts are larger than the {most_bytes / 2**20:.0f} MiB that are answered with.")
    asked = [part.partition(";")[0].strip().lower() for part in (accept or "").split(",")]
    if "application/json" in asked or "*/*" in asked or not any(asked):
        return json_answer(made)
    applied = (wire.SurfaceRepair(code=one.kind, message=" ".join(one.changes)) for one in made.applied)
    headers = {REPAIRS_HEADER: repairs_header((*made.mended, *applied))}
    if "application/zip" in asked:
        return attachment(_archive(made), "repaired.zip", "application/zip", headers)
    file = made.files[0]
    if file.media_type not in asked and "application/octet-stream" not in asked:
        return json_answer(made)  # RFC 9110 (12.5.1): one may send what was not asked for rather than refuse
    if len(made.files) > 1:
        raise InvalidInput(f"It was cut into {len(made.files)} files; accept application/json or application/zip.")
    return attachment(file.data, file.name, file.media_type, headers)


def _archive(made: wire.RepairedFile) -> bytes:
    """The files, and the rest of the answer as repairs.json."""
    told = made.model_dump_json(exclude={"files": {"__all__": {"data"}}}, indent=2)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in [*((file.name, file.data) for file in made.files), ("repairs.json", told.encode())]:
            archive.writestr(zipfile.ZipInfo(name, _DAY_ZERO), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()
