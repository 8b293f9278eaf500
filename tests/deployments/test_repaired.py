"""What is answered about repairs: in which form, how much of it, and what fits a header."""

import base64
import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployments.repaired import repaired_answer, repairs_header
from moldar import wire
from pipelines.errors import InvalidInput, TooLarge

REPORT = wire.Printability(
    score=10, verdict="ok", watertight=True, manifold=True, bodies=1, volume_mm3=1, area_mm2=6, size_mm=(1, 1, 1),
    min_wall_mm=1, overhang_area_mm2=0, support_volume_mm3=0, fits_build_volume=True, stable=True,
    orientation="as_modelled",
)  # fmt: skip


def repaired(*contents: bytes) -> wire.RepairedFile:
    files = tuple(
        wire.FileContent(
            name=f"part-{n}.stl", bytes=len(data), sha256=hashlib.sha256(data).hexdigest(), media_type="model/stl",
            data=base64.b64encode(data),
        )
        for n, data in enumerate(contents, start=1)
    )  # fmt: skip
    parts = tuple(
        wire.RepairedPart(name=file.name, pieces=1, printability=REPORT, files=(file.name,)) for file in files
    )
    return wire.RepairedFile(before=REPORT, parts=parts, files=files)


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "application/json"),
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
        ("application/json, model/stl", "application/json"),
        ("application/zip", "application/zip"),
        ("Model/STL; q=0.9", "model/stl"),
        ("application/octet-stream", "model/stl"),
        ("model/obj", "application/json"),  # it is an STL; one may send what was not asked for rather than refuse
    ],
)
def test_the_answer_has_the_form_that_is_accepted(accept: str | None, kind: str) -> None:
    assert repaired_answer(repaired(b"solid"), accept, 99).headers["content-type"] == kind


def test_one_file_is_sent_as_it_is_and_json_carries_it_in_base64() -> None:
    assert repaired_answer(repaired(b"\x00\xff"), "model/stl", 99).body == b"\x00\xff"
    told = wire.RepairedFile.model_validate_json(bytes(repaired_answer(repaired(b"\x00\xff"), None, 99).body))
    assert told.files[0].data == b"\x00\xff"


def test_several_parts_are_not_one_file() -> None:
    with pytest.raises(InvalidInput, match="application/zip"):
        repaired_answer(repaired(b"a", b"b"), "model/stl", 99)


def test_the_same_parts_give_the_same_archive() -> None:
    assert repaired_answer(repaired(b"a", b"b"), "application/zip", 99).body == (
        repaired_answer(repaired(b"a", b"b"), "application/zip", 99).body
    )


def test_answers_are_bounded() -> None:
    repaired_answer(repaired(b"12345", b"67890"), None, 10)
    with pytest.raises(TooLarge):
        repaired_answer(repaired(b"12345", b"678901"), None, 10)


@given(st.lists(st.text(max_size=200), max_size=60))
@settings(max_examples=50, deadline=None)
def test_a_header_is_ascii_json_of_four_kilobytes_and_keeps_the_first(messages: list[str]) -> None:
    done = [wire.SurfaceRepair(code="welded", message=message) for message in messages]
    text = repairs_header(done)
    assert len(text) <= 4096
    assert text.isascii()
    assert text.isprintable()
    kept = [entry["message"] for entry in json.loads(text)]
    assert kept == messages[: len(kept)]
    if sum(map(len, messages)) < 200 and len(messages) < 9:
        assert kept == messages
