"""Repairs, pictures and units over HTTP and through the clients, against the running service."""

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import manifold3d
import numpy as np
import pytest
import trimesh
from PIL import Image

from moldar import ApiError, AsyncClient, Client, Upload
from tests.service.harness import Service
from tests.service.test_http import problem

pytestmark = pytest.mark.service
SOLID = manifold3d.Manifold
# A box of 40 x 40 x 30 mm without a lid, with walls of 0.4 mm: too thin for the nozzle.
THIN = SOLID.cube((40, 40, 30)) - SOLID.cube((39.2, 39.2, 30)).translate((0.4, 0.4, 0.6))


def stl(solid: Any) -> bytes:
    raw = solid.to_mesh()
    return bytes(trimesh.Trimesh(np.array(raw.vert_properties)[:, :3], np.array(raw.tri_verts)).export(file_type="stl"))


def loaded(data: bytes) -> trimesh.Trimesh:
    return trimesh.load_mesh(io.BytesIO(data), file_type="stl")


def open_box() -> bytes:
    box = trimesh.creation.box((20, 30, 40))
    box.update_faces(np.arange(len(box.faces)) > 1)
    return bytes(box.export(file_type="stl"))


@pytest.fixture(scope="module")
def client(service: Service) -> Iterator[Client]:
    with Client(service.url, timeout_s=60) as client:
        yield client


@pytest.fixture(scope="module")
def rod(client: Client) -> Any:
    """A finished generation longer than the printer's bed, which its report offers to lay or to cut."""
    return client.generate("a cylinder 20 mm in diameter", size_mm=300, formats=("stl", "3mf"))


class TestAnUpload:
    def test_thin_walls_are_thickened_and_measured_again(self, client: Client) -> None:
        made = client.repair_file(Upload("thin.stl", stl(THIN)), repairs='[{"kind": "thicken", "wall_mm": 1.6}]')
        assert [one.kind for one in made.applied] == ["thicken"]
        assert "wall.thin" in made.gone
        (part,) = made.parts
        assert part.printability.min_wall_mm == pytest.approx(1.6, abs=0.05)
        assert part.printability.score > made.before.score
        (file,) = made.files
        assert (file.name, file.bytes, file.sha256) == (
            "part.stl", len(file.data), hashlib.sha256(file.data).hexdigest(),
        )  # fmt: skip
        assert loaded(file.data).is_volume
        # Walls grow to both sides: 1.2 mm in all on each of two sides.
        assert loaded(file.data).extents[:2] == pytest.approx([41.2, 41.2], abs=0.06)

    def test_what_is_offered_is_done_and_what_is_not_needed_is_told(self, client: Client) -> None:
        made = client.repair_file(Upload("thin.stl", stl(THIN)), repairs="hollow", offered=True)
        assert [one.kind for one in made.applied] == ["thicken"]
        assert [one.kind for one in made.declined] == ["hollow"]
        assert "no inside" in made.declined[0].reason

    def test_what_cannot_be_done_is_a_problem_with_its_reason(self, http: httpx.Client) -> None:
        cube = stl(SOLID.cube((20, 20, 20)))
        told = http.post("/v1/repairs", files={"file": ("a.stl", cube)}, data={"repairs": "thicken"})
        assert "nothing to thicken" in problem(told, 422, "input.invalid")["detail"]

    def test_without_repairs_it_is_only_made_a_solid_and_says_how(self, http: httpx.Client) -> None:
        made = http.post("/v1/repairs", files={"file": ("a.stl", open_box())}).json()
        assert [one["code"] for one in made["mended"]] == ["filled_holes"]
        assert made["before"]["watertight"] is False
        assert made["parts"][0]["printability"]["watertight"] is True
        assert "surface.open" in made["gone"]

    def test_a_long_part_is_cut_into_parts_with_dowels(self, http: httpx.Client) -> None:
        file = {"file": ("bar.stl", stl(SOLID.cube((500, 30, 30))))}
        asked = {"repairs": "split_to_fit", "format": "3mf"}
        packed = http.post("/v1/repairs", files=file, data=asked, headers={"Accept": "application/zip"})
        assert packed.headers["content-type"] == "application/zip"
        with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
            told = json.loads(archive.read("repairs.json"))
            names = [entry["name"] for entry in told["files"]]
            assert sorted(archive.namelist()) == sorted([*names, "repairs.json"])
            for entry in told["files"]:
                assert hashlib.sha256(archive.read(entry["name"])).hexdigest() == entry["sha256"]
        assert names == ["part-1.3mf", "part-2.3mf", "part-3.3mf", "dowel.3mf"]
        volumes = [part["printability"]["volume_mm3"] for part in told["parts"][:3]]
        # Two holes at each of two cuts, in both parts, of (12 + 2 x 0.15) / 2 mm depth and 2.15 mm radius.
        holes = 4 * 12.3 * np.pi * 2.15**2
        assert sum(volumes) == pytest.approx(500 * 30 * 30 - holes, rel=1e-4)
        assert told["parts"][3]["pieces"] == 4

    def test_one_file_comes_as_itself_where_its_type_is_accepted(self, http: httpx.Client) -> None:
        asked = {"repairs": "thicken", "format": "stl"}
        file = {"file": ("thin.stl", stl(THIN))}
        one = http.post("/v1/repairs", files=file, data=asked, headers={"Accept": "model/stl"})
        assert one.headers["content-type"] == "model/stl"
        assert [entry["code"] for entry in json.loads(one.headers["moldar-repairs"])] == ["thicken"]
        assert loaded(one.content).is_volume
        many = {"file": ("bar.stl", stl(SOLID.cube((500, 30, 30))))}
        asked = {"repairs": "split_to_fit"}
        told = http.post("/v1/repairs", files=many, data=asked, headers={"Accept": "model/stl"})
        assert "application/zip" in problem(told, 422, "input.invalid")["detail"]

    def test_every_repair_that_a_report_names_is_taken(self, http: httpx.Client) -> None:
        ball = stl(SOLID.sphere(30, 64))
        report = http.post("/v1/printability", files={"file": ("ball.stl", ball)}).json()
        offered = {finding["repair"] for finding in report["findings"]} - {None}
        assert offered
        for kind in offered:
            told = http.post("/v1/repairs", files={"file": ("ball.stl", ball)}, data={"repairs": kind})
            assert told.status_code == 200, told.text
            assert told.json()["applied"][0]["kind"] == kind

    async def test_the_other_client_asks_alike(self, service: Service) -> None:
        async with AsyncClient(service.url) as client:
            made = await client.repair_file(Upload("thin.stl", stl(THIN)), repairs=[{"kind": "thicken"}])
            assert made.parts[0].printability.min_wall_mm == pytest.approx(1.2, abs=0.05)


class TestUnitsAndMending:
    def test_a_unit_scales_and_a_guess_is_told(self, http: httpx.Client) -> None:
        file = {"file": ("a.obj", b"v 0 0 0\nv 2 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 2 3 4\nf 1 4 3\n")}
        for unit, longest in (("mm", 2.0), ("cm", 20.0), ("inch", 50.8), ("m", 2000.0)):
            report = http.post("/v1/printability", files=file, data={"unit": unit}).json()
            assert max(report["size_mm"]) == pytest.approx(longest, rel=1e-6)
            assert report["repairs"] == []
        guessed = http.post("/v1/printability", files=file).json()
        assert max(guessed["size_mm"]) == pytest.approx(50.8, rel=1e-6)
        assert [one["code"] for one in guessed["repairs"]] == ["scaled_units"]
        problem(http.post("/v1/printability", files=file, data={"unit": "furlong"}), 422, "input.invalid")

    def test_a_conversion_says_in_a_header_what_it_mended(self, http: httpx.Client) -> None:
        mended = http.post("/v1/conversions", files={"file": ("a.stl", open_box())}, data={"format": "stl"})
        told = json.loads(mended.headers["moldar-repairs"])
        assert [one["code"] for one in told] == ["filled_holes"]
        assert told[0]["share"] == pytest.approx(1000 / 5200, abs=1e-3)  # one side of 20 x 30 x 40, of 5200 mm^2
        sound = http.post("/v1/conversions", files={"file": ("a.stl", stl(THIN))}, data={"format": "stl"})
        assert sound.headers["moldar-repairs"] == "[]"

    def test_a_quote_is_of_the_mended_solid_and_says_so(self, http: httpx.Client) -> None:
        whole = bytes(trimesh.creation.box((20, 30, 40)).export(file_type="stl"))
        sound = http.post("/v1/quotes", files={"file": ("a.stl", whole)}).json()
        mended = http.post("/v1/quotes", files={"file": ("a.stl", open_box())}).json()
        assert [one["code"] for one in mended["repairs"]] == ["filled_holes"]
        assert sound["repairs"] == []
        assert mended["mass_g"] == pytest.approx(sound["mass_g"], rel=1e-3)

    def test_a_report_says_when_no_solid_can_be_made(self, http: httpx.Client) -> None:
        sheet = trimesh.Trimesh([[0, 0, 0], [50, 0, 0], [50, 50, 0], [0, 50, 0]], [[0, 1, 2], [0, 2, 3]])
        file = {"file": ("sheet.stl", bytes(sheet.export(file_type="stl")))}
        report = http.post("/v1/printability", files=file).json()
        assert report["beyond_repair"].endswith(".")
        problem(http.post("/v1/quotes", files=file), 422, "geometry.not_solid")
        problem(http.post("/v1/repairs", files=file), 422, "geometry.not_solid")


class TestAGeneration:
    def test_is_repaired_priced_and_filed_without_touching_what_it_has(
        self, client: Client, http: httpx.Client, rod: Any
    ) -> None:
        assert rod.printability is not None
        rod_mm3 = rod.printability.volume_mm3
        made = client.repair(rod.id, repairs=[{"kind": "split_to_fit"}])
        assert [part.name for part in made.parts] == ["part-1", "part-2", "dowel"]
        assert "size.exceeds_build_volume" in made.gone
        assert sum(part.printability.volume_mm3 for part in made.parts[:2]) == pytest.approx(
            rod_mm3 - 2 * 2 * 6.15 * np.pi * 2.15**2 / 2, rel=0.02
        )
        for part in made.parts:
            assert part.quote is not None
            assert part.quote.quantity == part.pieces
        n = made.number
        expected = [f"repaired-{n}-{part}.{form}" for part in ("part-1", "part-2", "dowel") for form in ("stl", "3mf")]
        assert [file.name for file in made.files] == expected
        listed = client.get(rod.id)
        assert listed.files == (*rod.files, *made.files)
        for entry in made.files:
            data = http.get(entry.url).content
            assert hashlib.sha256(data).hexdigest() == entry.sha256
        assert listed.quote == rod.quote
        assert [one.number for one in client.repairs(rod.id).items] == [n]

    def test_repairs_are_counted_and_each_begins_at_the_first_solid(self, client: Client) -> None:
        ball = client.generate("a sphere 40 mm in diameter", formats=("stl",))
        first = client.repair(ball.id, repairs=[{"kind": "flatten_base"}])
        second = client.repair(ball.id, repairs=[{"kind": "hollow", "wall_mm": 3}])
        assert [first.number, second.number] == [1, 2]
        assert first.before == second.before
        assert [file.name for file in client.get(ball.id).files[-2:]] == ["repaired-1.stl", "repaired-2.stl"]
        assert ball.printability is not None
        assert second.parts[0].printability.volume_mm3 < 0.8 * ball.printability.volume_mm3
        told = client.repairs(ball.id)
        assert [[one.kind for one in item.applied] for item in told.items] == [["flatten_base"], ["hollow"]]
        assert told.items[0].parts[0].quote == first.parts[0].quote

    def test_what_is_not_there_or_not_possible_is_a_problem(self, http: httpx.Client, rod: Any) -> None:
        asked = {"repairs": [{"kind": "fill_voids"}]}
        problem(http.post("/v1/generations/gen_none/repairs", json=asked), 404, "job.not_found")
        problem(http.get("/v1/generations/gen_none/repairs"), 404, "job.not_found")
        told = problem(http.post(f"/v1/generations/{rod.id}/repairs", json=asked), 422, "input.invalid")
        assert "no closed hollows" in told["detail"]
        wrong: list[dict[str, Any]] = [{}, {"repairs": []}, {"repairs": ["thicken"]}, {"repairs": [{"kind": "mend"}]}]
        for body in (*wrong, {"offered": 2}):
            problem(http.post(f"/v1/generations/{rod.id}/repairs", json=body), 422, "input.invalid")

    def test_without_a_solid_there_is_nothing_to_repair_or_to_film(self, client: Client, http: httpx.Client) -> None:
        empty = io.BytesIO()
        Image.new("RGBA", (64, 64), (0, 0, 0, 0)).save(empty, "PNG")
        failed = client.generate(images=["data:image/png;base64," + base64.b64encode(empty.getvalue()).decode()])
        assert failed.status == "failed"
        asked = {"repairs": [{"kind": "hollow"}]}
        told = problem(http.post(f"/v1/generations/{failed.id}/repairs", json=asked), 422, "input.invalid")
        assert "no solid to repair" in told["detail"]
        problem(http.get(f"/v1/generations/{failed.id}/turntable.webp"), 404, "job.not_found")

    def test_is_erased_with_its_repairs(self, client: Client, http: httpx.Client, service: Service) -> None:
        ball = client.generate("a sphere 30 mm in diameter", formats=("stl",))
        client.repair(ball.id, repairs=[{"kind": "flatten_base"}])
        assert http.get(f"/v1/generations/{ball.id}/turntable.webp?size=256").status_code == 200
        folder = service.data_dir / "artifacts" / "jobs" / ball.id
        assert (folder / "repairs").is_dir()
        client.delete(ball.id)
        from tests.service.harness import until

        until(lambda: not folder.exists() and not service.rows("SELECT 1 FROM repairs WHERE job_id = ?", ball.id), 30,
              "the sweep")  # fmt: skip
        with pytest.raises(ApiError, match="no generation"):
            client.repairs(ball.id)

    def test_a_turntable_is_drawn_once_and_kept(self, http: httpx.Client, rod: Any) -> None:
        url = f"/v1/generations/{rod.id}/turntable.webp"
        first = http.get(url, params={"size": 256})
        assert (first.status_code, first.headers["content-type"]) == (200, "image/webp")
        with Image.open(io.BytesIO(first.content)) as film:
            assert (film.size, film.n_frames) == ((256, 256), 36)  # type: ignore[attr-defined]
        again = http.get(url, params={"size": 256}, headers={"If-None-Match": first.headers["etag"]})
        assert again.status_code == 304
        part = http.get(url, params={"size": 256}, headers={"Range": "bytes=0-3"})
        assert (part.status_code, part.content) == (206, b"RIFF")
        problem(http.get(url, params={"size": 4096}), 422, "input.invalid")
        problem(http.get("/v1/generations/gen_none/turntable.webp"), 404, "job.not_found")


class TestPictures:
    def test_a_mesh_is_drawn_from_where_one_asks(self, client: Client) -> None:
        red, thin = Upload("thin.stl", stl(THIN)), Upload("flat.stl", stl(SOLID.cube((40, 40, 1))))
        front = Image.open(io.BytesIO(client.draw(red, size=64)))
        above = Image.open(io.BytesIO(client.draw(red, size=64, elevation_deg=80)))
        assert front.size == above.size == (64, 64)
        assert np.abs(np.asarray(front).astype(int) - np.asarray(above)).mean() > 5
        assert client.draw(thin, size=64) != client.draw(red, size=64)

    def test_a_turn_is_a_film(self, client: Client) -> None:
        film = client.draw(Upload("bar.stl", stl(SOLID.cube((50, 20, 10)))), size=64, format="webp", frames=3)
        with Image.open(io.BytesIO(film)) as shown:
            assert (shown.format, shown.n_frames) == ("WEBP", 3)  # type: ignore[attr-defined]

    @pytest.mark.parametrize(
        "asked", [{"size": "4096"}, {"size": "8"}, {"frames": "3"}, {"format": "gif"}, {"elevation_deg": "91"}]
    )
    def test_pictures_that_cannot_be_are_refused(self, http: httpx.Client, asked: dict[str, str]) -> None:
        problem(http.post("/v1/pictures", files={"file": ("a.stl", open_box())}, data=asked), 422, "input.invalid")


def test_the_client_of_a_path_sends_its_name(client: Client, tmp_path: Path) -> None:
    (tmp_path / "thin.stl").write_bytes(stl(THIN))
    assert client.repair_file(tmp_path / "thin.stl", repairs="thicken").applied[0].kind == "thicken"
