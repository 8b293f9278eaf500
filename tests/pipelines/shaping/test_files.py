"""What can be done with the files that are here, without opening them."""

from pathlib import Path

import pytest

from pipelines.errors import WeightsMissing
from pipelines.shaping import BIG, NANO, ModelFile, ModelFiles, OwnFiles, find, require
from tests.support.lgm import write_lgm

BIG_FILE = ModelFile(BIG, Path("big"), "commercial", "MIT")
NANO_FILE = ModelFile(NANO, Path("nano"), "commercial", "Apache-2.0")
MVDREAM = ModelFile("mvdream", Path("mv"), "restricted", "OpenRAIL")


def ways(files: ModelFiles) -> dict[str, tuple[tuple[str, ...], str]]:
    return {way.name: (way.models, way.licence) for way in files.ways}


def test_every_kind_of_start_has_its_models_and_its_licence(files: ModelFiles) -> None:
    assert ways(files) == {
        "views": ((NANO,), "commercial"),
        "design": ((NANO,), "commercial"),
        "text": ((NANO,), "restricted"),
        "picture": ((NANO,), "restricted"),
    }


def test_the_large_model_takes_views_first_and_the_small_one_designs() -> None:
    found = ways(ModelFiles((BIG_FILE, NANO_FILE), MVDREAM))
    assert found["views"] == ((BIG, NANO), "commercial")
    assert found["design"] == ((NANO, BIG), "commercial")
    assert found["text"] == ((BIG, NANO), "restricted")
    assert "picture" not in found


def test_a_sampler_without_an_lgm_can_do_nothing() -> None:
    assert ModelFiles((), MVDREAM).ways == ()
    with pytest.raises(WeightsMissing, match="weights fetch lgm-big"):
        require(ModelFiles((), MVDREAM))


def test_restrictions_are_a_sentence_to_pass_on() -> None:
    assert NANO_FILE.restrictions == ""
    assert "OpenRAIL" in MVDREAM.restrictions
    assert "mvdream" in MVDREAM.restrictions


def test_own_files_count_only_where_they_are(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    assert find(tmp_path, OwnFiles(nowhere, nowhere, nowhere)) == ModelFiles()
    write_lgm(tmp_path / "mine.safetensors")
    (found,) = find(tmp_path, OwnFiles(tmp_path / "mine.safetensors")).splatters
    assert (found.name, found.path) == (NANO, tmp_path / "mine.safetensors")


def test_a_file_of_another_size_than_the_published_one_is_not_taken_for_it(tmp_path: Path) -> None:
    (tmp_path / BIG).mkdir()
    write_lgm(tmp_path / BIG / "model_fp16_fixrot.safetensors")
    assert BIG not in [file.name for file in find(tmp_path).splatters]
