"""Damaged files of every kind: read soundly or refused with one error. `python -m bench fuzz` goes on for longer."""

import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import EmptyGeometry
from pipelines.uploads import mended_upload
from tests.support.mutations import mutated
from tests.support.reading import read_lawfully
from tests.support.seeds import seeds

SEEDS = seeds()
EVERYTHING = [data for row in SEEDS.values() for data in row]
KINDS = sorted(SEEDS)


@pytest.mark.parametrize("kind", KINDS)
def test_the_files_that_are_damaged_below_are_sound(kind: str) -> None:
    assert {read_lawfully(kind, data) for data in SEEDS[kind]} == {"read"}


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=250, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_damaged_file_is_read_soundly_or_refused_in_a_sentence(kind: str, seed: int) -> None:
    rng = random.Random(seed)
    read_lawfully(kind, mutated(rng.choice(SEEDS[kind]), rng, rng.choice(EVERYTHING)))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=300))
def test_any_bytes_behind_a_sound_beginning_are_read_or_refused(kind: str, data: bytes) -> None:
    for sound in SEEDS[kind]:
        read_lawfully(kind, sound[: len(data)] + data)


@pytest.mark.parametrize("kind", KINDS)
def test_every_file_as_every_other_kind_is_read_or_refused(kind: str) -> None:
    for data in EVERYTHING:
        read_lawfully(kind, data)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_cut_anywhere_is_read_or_refused(kind: str) -> None:
    for data in SEEDS[kind]:
        for end in range(0, len(data), max(len(data) // 150, 1)):
            read_lawfully(kind, data[:end])


def test_a_surface_too_thin_for_numbers_to_tell_is_empty() -> None:
    # Found by fuzzing: a needle whose every area, being a product of its widths, is less than any number but zero.
    thin = 8.96831017167883e-44
    points = [
        (2.550363205071167e-43, 0.0, 0.0),
        (0.0, 0.0, thin),
        (-2.0, thin, 0.0),
        (0.0, 0.0, 0.0),
        (thin, 0.0, thin),
    ]
    faces = [(0, 1, 2), (3, 2, 3), (3, 3, 4), (2, 1, 3)]
    rows = (struct.pack("<12fH", 0, 0, 0, *(value for corner in face for value in points[corner]), 0) for face in faces)
    with pytest.raises(EmptyGeometry, match="no area"):
        mended_upload(b" " * 80 + struct.pack("<I", 4) + b"".join(rows), "stl")
