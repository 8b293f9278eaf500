"""The HTTP interface against the running service: life of a job, files, events, and what is refused."""

import base64
import io
import json
import socket
import struct
import time
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest
import trimesh
from PIL import Image

from tests.service.harness import Service, until

pytestmark = pytest.mark.service
VASE = {"prompt": "a vase 80 mm tall in blue PETG, 3 copies"}


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The one error body, with the status and code that were expected."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["code"] == code
    assert body["status"] == status
    assert body["detail"]
    assert "Traceback" not in answer.text
    if status in (429, 503):
        assert int(answer.headers["retry-after"]) >= 1
    return body


@pytest.fixture(scope="module")
def done(service: Service) -> dict[str, Any]:
    """One finished generation."""
    answer = httpx.post(f"{service.url}/v1/generations", json=VASE, headers={"Prefer": "wait=60"}, timeout=90)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def png(width: int = 200, height: int = 200) -> bytes:
    """A red disc on nothing."""
    y, x = np.mgrid[:height, :width]
    inside = (x - width / 2) ** 2 + (y - height / 2) ** 2 < (min(width, height) * 0.4) ** 2
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[inside] = (200, 30, 30, 255)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


class TestAJob:
    def test_has_everything_that_was_asked_for(self, done: dict[str, Any]) -> None:
        assert done["status"] == "succeeded"
        assert done["progress"] == 1.0
        assert done["analysis"]["dimensions"][0]["value_mm"] == 80.0
        assert done["provenance"]["backend"] == "parametric"
        assert done["provenance"]["plan"][0]["decision"] == "chosen"
        assert done["printability"]["size_mm"][2] == pytest.approx(80.0, abs=1e-6)
        assert done["printability"]["watertight"] is True
        assert done["quote"]["quantity"] == 3
        assert done["quote"]["material"] == "petg"
        assert sum(line["amount_minor"] for line in done["quote"]["lines"]) == done["quote"]["total_minor"]
        names = {file["name"] for file in done["files"]}
        documents = {"preview.png", "thumbnail.webp", "printability.json", "quote.json"}
        assert names == {"model.stl", "model.glb", "model.3mf", "model.scad", *documents}

    def test_accepted_is_202_with_its_address(self, http: httpx.Client) -> None:
        answer = http.post("/v1/generations", json=VASE)
        assert answer.status_code == 202
        assert answer.headers["location"] == f"/v1/generations/{answer.json()['id']}"
        assert http.get(answer.headers["location"]).status_code == 200

    def test_the_same_seed_and_request_give_the_same_files(self, http: httpx.Client, done: dict[str, Any]) -> None:
        again = http.post("/v1/generations", json=VASE, headers={"Prefer": "wait=60"}).json()
        digests = [{f["name"]: f["sha256"] for f in one["files"] if f["name"] != "quote.json"} for one in (done, again)]
        assert digests[0] == digests[1]

    def test_files_are_what_they_say(self, http: httpx.Client, done: dict[str, Any]) -> None:
        for file in done["files"]:
            body = http.get(file["url"])
            assert len(body.content) == file["bytes"]
            assert body.headers["content-type"].startswith(file["media_type"])
        solid = trimesh.load(io.BytesIO(http.get(self.url(done, "model.stl")).content), file_type="stl")
        assert solid.is_volume
        assert solid.extents[2] == pytest.approx(80.0, abs=1e-4)
        assert Image.open(io.BytesIO(http.get(self.url(done, "preview.png")).content)).size == (512, 512)
        small = Image.open(io.BytesIO(http.get(self.url(done, "thumbnail.webp")).content))
        assert (small.format, small.size) == ("WEBP", (256, 256))

    def test_files_come_in_ranges_and_are_not_sent_twice(self, http: httpx.Client, done: dict[str, Any]) -> None:
        url = self.url(done, "model.stl")
        whole = http.get(url)
        part = http.get(url, headers={"Range": "bytes=80-83"})
        assert (part.status_code, part.content) == (206, whole.content[80:84])
        assert part.headers["content-range"] == f"bytes 80-83/{len(whole.content)}"
        assert http.get(url, headers={"Range": "bytes=-4"}).content == whole.content[-4:]
        assert http.get(url, headers={"Range": f"bytes={len(whole.content)}-"}).status_code == 416
        assert http.get(url, headers={"If-None-Match": whole.headers["etag"]}).status_code == 304

    @pytest.mark.parametrize("name", ["shape.npz", "..%2f..%2fmoldar.db", "%2e%2e", "model.stl%00", "job"])
    def test_files_that_are_not_listed_are_not_there(self, http: httpx.Client, done: dict[str, Any], name: str) -> None:
        answer = http.get(f"/v1/generations/{done['id']}/files/{name}")
        assert answer.status_code in (404, 422)

    def test_the_log_tells_its_story_and_resumes(self, http: httpx.Client, done: dict[str, Any]) -> None:
        events = self.events(http.get(f"/v1/generations/{done['id']}/events"))
        kinds = [event["kind"] for event in events]
        assert kinds[:2] == ["queued", "started"]
        assert kinds[-1] == "succeeded"
        rest = http.get(f"/v1/generations/{done['id']}/events", headers={"Last-Event-ID": str(events[3]["id"])})
        assert self.events(rest) == events[4:]
        last = {"Last-Event-ID": str(events[-1]["id"])}
        assert http.get(f"/v1/generations/{done['id']}/events", headers=last).status_code == 204

    def test_a_live_log_ends_with_its_job(self, http: httpx.Client) -> None:
        job = http.post("/v1/generations", json=VASE).json()
        events = self.events(http.get(f"/v1/generations/{job['id']}/events"))
        progress = [event["data"]["progress"] for event in events if "progress" in event["data"]]
        assert progress == sorted(progress)
        assert events[-1]["kind"] == "succeeded"

    def test_one_stream_carries_all_jobs_of_a_caller(self, http: httpx.Client) -> None:
        seen: set[str] = set()
        with http.stream("GET", "/v1/events") as stream:
            wanted = {http.post("/v1/generations", json=VASE).json()["id"] for _ in range(2)}
            for line in stream.iter_lines():
                if line.startswith("data: "):
                    event = json.loads(line[6:])
                    if event["kind"] == "succeeded":
                        seen.add(event["generation_id"])
                if wanted <= seen:
                    break
        assert wanted <= seen

    def test_it_can_be_quoted_again_without_generating_again(
        self, http: httpx.Client, done: dict[str, Any], service: Service
    ) -> None:
        attempts = len(service.rows("SELECT id FROM attempts WHERE job_id = ?", done["id"]))
        url = f"/v1/generations/{done['id']}/quotes"
        larger = http.post(url, json={"size_mm": 160, "quantity": 10, "currency": "BRL"}).json()
        assert (larger["quantity"], larger["currency"], larger["material"]) == (10, "BRL", "petg")
        assert larger["mass_g"] > 2 * done["quote"]["mass_g"]
        assert len(service.rows("SELECT id FROM attempts WHERE job_id = ?", done["id"])) == attempts

    def test_it_can_be_listed_in_pages(self, http: httpx.Client) -> None:
        ids = [http.post("/v1/generations", json=VASE).json()["id"] for _ in range(3)]
        first = http.get("/v1/generations", params={"limit": 2}).json()
        second = http.get("/v1/generations", params={"limit": 2, "cursor": first["next_cursor"]}).json()
        listed = [item["id"] for item in (*first["items"], *second["items"])]
        assert listed[:3] == ids[::-1]
        problem(http.get("/v1/generations", params={"cursor": "bm9uc2Vuc2U"}), 422, "input.invalid")

    def test_it_can_be_erased_with_its_files(self, http: httpx.Client, service: Service) -> None:
        job = http.post("/v1/generations", json=VASE, headers={"Prefer": "wait=60"}).json()
        folder = service.data_dir / "artifacts" / "jobs" / job["id"]
        assert folder.exists()
        assert http.delete(f"/v1/generations/{job['id']}").status_code == 204
        problem(http.get(f"/v1/generations/{job['id']}"), 404, "job.not_found")
        problem(http.get(job["files"][0]["url"]), 404, "job.not_found")
        problem(http.delete(f"/v1/generations/{job['id']}"), 404, "job.not_found")
        # Files first, then the row: only when it is gone too is the sweep done.
        until(lambda: not service.rows("SELECT id FROM jobs WHERE id = ?", job["id"]), 30, "the sweep")
        assert not folder.exists()

    def test_cancel_before_during_and_after(self, http: httpx.Client, done: dict[str, Any]) -> None:
        assert http.post(f"/v1/generations/{done['id']}/cancel").json()["status"] == "succeeded"
        busy = [http.post("/v1/generations", json=VASE).json()["id"] for _ in range(8)]
        for job_id in reversed(busy):  # the last still wait, the first are at work
            assert http.post(f"/v1/generations/{job_id}/cancel").status_code == 200
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            states = [http.get(f"/v1/generations/{job_id}").json()["status"] for job_id in busy]
            if not {"queued", "running"} & set(states):
                break
            time.sleep(0.1)
        assert set(states) <= {"canceled", "succeeded"}
        assert states.count("canceled") >= 4

    def test_a_deadline_that_cannot_be_met_is_refused_at_once_and_says_so(self, http: httpx.Client) -> None:
        late = http.post("/v1/generations", json={**VASE, "deadline_s": 0.001})
        assert late.status_code == 503
        assert (late.json()["code"], late.json()["retryable"]) == ("capacity.deadline", True)

    @staticmethod
    def url(job: dict[str, Any], name: str) -> str:
        return str(next(file["url"] for file in job["files"] if file["name"] == name))

    @staticmethod
    def events(answer: httpx.Response) -> list[dict[str, Any]]:
        assert answer.headers["content-type"].startswith("text/event-stream")
        return [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]


class TestIdempotency:
    def test_the_same_key_and_body_make_one_job(self, http: httpx.Client) -> None:
        key = {"Idempotency-Key": f"k-{time.time_ns()}"}
        answers = [http.post("/v1/generations", json=VASE, headers=key).json()["id"] for _ in range(3)]
        assert len(set(answers)) == 1

    def test_the_same_key_with_another_body_is_refused(self, http: httpx.Client) -> None:
        key = {"Idempotency-Key": f"k-{time.time_ns()}"}
        assert http.post("/v1/generations", json=VASE, headers=key).status_code == 202
        other = http.post("/v1/generations", json={"prompt": "a bowl 100 mm wide"}, headers=key)
        problem(other, 409, "idempotency.conflict")


class TestBatches:
    def test_all_are_accepted_and_end_under_one_id(self, http: httpx.Client) -> None:
        asked = {"generations": [{"prompt": f"a washer {n} mm in diameter"} for n in (20, 30, 40)]}
        made = http.post("/v1/batches", json=asked)
        assert made.status_code == 202
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            batch = http.get(made.headers["location"]).json()
            if batch["status"] == "finished":
                break
            time.sleep(0.1)
        assert [item["status"] for item in batch["items"]] == ["succeeded"] * 3
        assert [item["request"]["prompt"] for item in batch["items"]] == [g["prompt"] for g in asked["generations"]]

    def test_the_same_key_answers_with_the_same_batch(self, http: httpx.Client) -> None:
        asked = {"generations": [{"prompt": "a cube of 20 mm"}, {"prompt": "a cube of 30 mm"}]}
        key = {"Idempotency-Key": f"b-{time.time_ns()}"}
        first, again = (http.post("/v1/batches", json=asked, headers=key).json() for _ in range(2))
        assert (again["id"], [i["id"] for i in again["items"]]) == (first["id"], [i["id"] for i in first["items"]])
        other = http.post("/v1/batches", json={"generations": asked["generations"][:1]}, headers=key)
        problem(other, 409, "idempotency.conflict")

    def test_one_that_nobody_can_serve_refuses_them_all(self, http: httpx.Client, service: Service) -> None:
        before = len(service.rows("SELECT id FROM jobs"))
        asked = {"generations": [VASE, {"prompt": "a dragon"}]}
        problem(http.post("/v1/batches", json=asked), 422, "backend.none_available")
        assert len(service.rows("SELECT id FROM jobs")) == before


class TestRefusals:
    """Bad input gets one clear error and leaves nothing behind."""

    def test_what_nobody_can_serve_is_refused_before_anything_is_accepted(
        self, http: httpx.Client, service: Service
    ) -> None:
        before = len(service.rows("SELECT id FROM jobs"))
        body = problem(http.post("/v1/generations", json={"prompt": "a dragon"}), 422, "backend.none_available")
        assert "REPLICATE_API_TOKEN" in str(body["detail"])
        assert len(service.rows("SELECT id FROM jobs")) == before

    @pytest.mark.parametrize(
        ("prompt", "code"),
        [
            ("a vase -3 mm tall", "prompt.contradictory"),
            ("a vase 4 m tall", "prompt.contradictory"),
            ("a washer, outer diameter 10 mm, inner diameter 20 mm", "prompt.contradictory"),
            ("an AR-15 lower receiver", "prompt.moderated"),
            ("🐉🔥✨", "backend.none_available"),
            ("   ", "input.invalid"),
            ("", "input.invalid"),
            ("vase " * 20_000, "input.invalid"),
            ("a vase\u0000", "input.invalid"),
        ],
    )
    def test_prompts(self, http: httpx.Client, prompt: str, code: str) -> None:
        problem(http.post("/v1/generations", json={"prompt": prompt}), 422, code)

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), -1, 0, 1e308, "x", None, [], {}])
    @pytest.mark.parametrize(
        "field", ["size_mm", "infill", "quantity", "seed", "steps", "guidance_scale", "deadline_s"]
    )
    def test_numbers_in_each_field(self, http: httpx.Client, field: str, value: object) -> None:
        nothing_wrong = {
            ("infill", 0), ("seed", 0), ("guidance_scale", 0), ("size_mm", None), ("quantity", None), ("steps", None),
            ("guidance_scale", None), ("deadline_s", None),
        }  # fmt: skip
        body = json.dumps({**VASE, field: value})
        answer = http.post("/v1/generations", content=body, headers={"Content-Type": "application/json"})
        hashable = value if not isinstance(value, list | dict) else str(value)
        if (field, hashable) in nothing_wrong:
            assert answer.status_code == 202
            return
        problem(answer, 422, "input.invalid")

    @pytest.mark.parametrize(
        "body",
        [b"", b"null", b"[]", b"{", b'{"prompt": "a vase", "prompts": 1}', b'{"prompt": "\\ud800"}', b"\xff\xfe",
         b'{"\\ud800": 1}', b"[" * 5000],
    )  # fmt: skip
    def test_bodies(self, http: httpx.Client, body: bytes) -> None:
        answer = http.post("/v1/generations", content=body, headers={"Content-Type": "application/json"})
        problem(answer, 422, "input.invalid")

    def test_a_webhook_that_would_never_be_sent_is_refused(self, http: httpx.Client) -> None:
        asked = {**VASE, "webhook_url": "https://example.com/hook"}
        body = problem(http.post("/v1/generations", json=asked), 422, "input.invalid")
        assert "webhook" in str(body["detail"])

    def test_other_types_of_body(self, http: httpx.Client) -> None:
        answer = http.post("/v1/generations", content=b"<a/>", headers={"Content-Type": "text/xml"})
        problem(answer, 415, "input.unreadable")

    def test_a_body_over_the_cap_is_cut_off(self, http: httpx.Client, service: Service) -> None:
        def endless() -> Iterator[bytes]:
            for _ in range(70):
                yield b"x" * 2**20

        with socket.create_connection(("127.0.0.1", service.port)) as raw:
            raw.sendall(b"POST /v1/conversions HTTP/1.1\r\nHost: x\r\nContent-Length: 1099511627776\r\n\r\n")
            assert raw.recv(100).startswith(b"HTTP/1.1 413 ")
        kind = {"Content-Type": "application/json"}
        problem(http.post("/v1/generations", content=endless(), headers=kind), 413, "input.too_large")

    def test_unknown_routes_and_methods(self, http: httpx.Client) -> None:
        assert http.get("/v1/nothing").headers["content-type"] == "application/problem+json"
        assert http.patch("/v1/generations").status_code == 405
        problem(http.get("/v1/generations/gen_nope"), 404, "job.not_found")
        problem(http.get("/v1/batches/bat_nope"), 404, "job.not_found")


class TestPictures:
    def uri(self, data: bytes) -> str:
        return "data:image/png;base64," + base64.b64encode(data).decode()

    def test_a_picture_becomes_a_solid(self, http: httpx.Client) -> None:
        asked = {"images": [self.uri(png())], "size_mm": 50, "formats": ["stl"]}
        made = http.post("/v1/generations", json=asked, headers={"Prefer": "wait=60"}).json()
        assert made["status"] == "succeeded", made
        assert made["provenance"]["backend"] == "relief"
        assert max(made["printability"]["size_mm"]) == pytest.approx(50, abs=0.01)

    def test_a_form_works_like_json(self, http: httpx.Client) -> None:
        answer = http.post(
            "/v1/generations",
            files={"images": ("../../evil\x00.png", png(), "text/html")},
            data={"size_mm": "40", "formats": "stl,glb"},
            headers={"Prefer": "wait=60"},
        )
        assert answer.status_code == 200, answer.text
        assert {f["name"] for f in answer.json()["files"]} >= {"model.stl", "model.glb"}

    def test_a_repeated_or_refused_request_leaves_no_picture_behind(self, http: httpx.Client, service: Service) -> None:
        key = {"Idempotency-Key": f"p-{time.time_ns()}"}
        asked = {"images": [self.uri(png())], "size_mm": 40, "formats": ["stl"]}
        first = http.post("/v1/generations", json=asked, headers=key).json()["id"]
        assert http.post("/v1/generations", json=asked, headers=key).json()["id"] == first
        problem(http.post("/v1/generations", json={**asked, "size_mm": 41}, headers=key), 409, "idempotency.conflict")
        batch = {"generations": [asked, {"prompt": "a dragon"}]}
        problem(http.post("/v1/batches", json=batch), 422, "backend.none_available")
        stored = {path.name for path in (service.data_dir / "artifacts" / "jobs").iterdir() if any(path.iterdir())}
        known = {row["id"] for row in service.rows("SELECT id FROM jobs")}
        assert stored <= known

    def bomb(self) -> bytes:
        """30,000 x 30,000 pixels in a few hundred kilobytes."""
        side = 30_000
        packed = zlib.compress(bytes(1 + side) * side, 9)

        def chunk(kind: bytes, data: bytes) -> bytes:
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

        head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")

    def test_bombs_and_damage_are_refused(self, http: httpx.Client) -> None:
        jpeg = io.BytesIO()
        Image.fromarray(np.random.default_rng(0).integers(0, 255, (300, 300, 3), np.uint8)).save(jpeg, "JPEG")
        svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
        for data, status, code in (
            (self.bomb(), 413, "input.too_large"),
            (jpeg.getvalue()[:2000], 415, "input.unreadable"),
            (svg, 415, "input.unreadable"),
            (b"not a picture", 415, "input.unreadable"),
        ):
            problem(http.post("/v1/generations", json={"images": [self.uri(data)]}), status, code)

    def test_a_picture_with_nothing_on_it_fails_with_its_reason(self, http: httpx.Client) -> None:
        empty = io.BytesIO()
        Image.new("RGBA", (64, 64), (0, 0, 0, 0)).save(empty, "PNG")
        made = http.post(
            "/v1/generations", json={"images": [self.uri(empty.getvalue())]}, headers={"Prefer": "wait=60"}
        )
        if made.status_code == 200:
            assert made.json()["error"]["code"] == "input.no_subject"
        else:
            problem(made, 422, "input.no_subject")


class TestUploads:
    def cube(self) -> bytes:
        return bytes(trimesh.creation.box((20, 20, 20)).export(file_type="stl"))

    def test_a_mesh_is_converted_inspected_and_quoted(self, http: httpx.Client) -> None:
        file = {"file": ("cube.stl", self.cube())}
        glb = http.post("/v1/conversions", files=file, data={"format": "glb", "size_mm": "50"})
        assert glb.content[:4] == b"glTF"
        report = http.post("/v1/printability", files=file).json()
        assert report["volume_mm3"] == pytest.approx(8000, rel=1e-6)
        quote = http.post("/v1/quotes", files=file, data={"material": "petg", "quantity": "4"}).json()
        assert quote["quantity"] == 4
        assert sum(line["amount_minor"] for line in quote["lines"]) == quote["total_minor"]

    def test_an_open_mesh_is_reported_and_mended_or_refused(self, http: httpx.Client) -> None:
        box = trimesh.creation.box((20, 20, 20))
        box.update_faces(np.arange(len(box.faces)) > 1)
        data = bytes(box.export(file_type="stl"))
        assert http.post("/v1/printability", files={"file": ("a.stl", data)}).json()["watertight"] is False
        mended = http.post("/v1/conversions", files={"file": ("a.stl", data)}, data={"format": "stl"})
        solid = trimesh.load(io.BytesIO(mended.content), file_type="stl")
        assert solid.is_volume
        assert solid.volume == pytest.approx(8000, rel=1e-3)

    def ply(self, count: int, rows: bytes = b"") -> bytes:
        names = ("x", "y", "z", "f_dc_0", "f_dc_1", "f_dc_2", "opacity", "scale_0", "scale_1", "scale_2",
                 "rot_0", "rot_1", "rot_2", "rot_3")  # fmt: skip
        head = f"ply\nformat binary_little_endian 1.0\nelement vertex {count}\n"
        return (head + "".join(f"property float {n}\n" for n in names) + "end_header\n").encode() + rows

    def test_hostile_files_are_refused(self, http: httpx.Client) -> None:
        zipped = io.BytesIO()
        with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("3D/3dmodel.model", b" " * 400_000_000)
        nan = np.full((4, 14), np.nan, "<f4").tobytes()
        for name, data, codes in (
            ("a.ply", b"just some text\n", {"input.unreadable"}),
            ("a.ply", self.ply(4, nan), {"input.unreadable"}),
            ("a.ply", self.ply(0), {"input.unreadable", "geometry.empty"}),
            ("a.ply", self.ply(10_000_000, bytes(700)), {"input.unreadable", "input.too_large"}),
            ("a.3mf", zipped.getvalue(), {"geometry.too_large", "input.too_large"}),
            ("a.exe", b"MZ", {"input.unreadable"}),
            ("", b"MZ", {"input.unreadable", "input.invalid"}),
            ("a.stl", b"", {"input.unreadable", "geometry.empty"}),
        ):
            answer = http.post("/v1/conversions", files={"file": (name, data)}, data={"format": "stl"})
            assert answer.status_code in (413, 415, 422), (name, answer.text)
            assert answer.json()["code"] in codes, (name, answer.text)

    def test_a_form_without_a_file_or_with_unknown_fields_is_refused(self, http: httpx.Client) -> None:
        problem(http.post("/v1/quotes", data={"material": "pla"}), 415, "input.unreadable")
        answer = http.post("/v1/quotes", files={"file": ("a.stl", self.cube())}, data={"matter": "pla"})
        problem(answer, 422, "input.invalid")


class TestTheServiceItself:
    def test_materials_and_backends(self, http: httpx.Client) -> None:
        assert {m["name"] for m in http.get("/v1/materials").json()["items"]} >= {"pla", "petg", "resin"}
        backends = {b["name"]: b for b in http.get("/v1/backends").json()["items"]}
        assert backends["parametric"]["available"] is True
        assert backends["replicate"]["available"] is False
        assert "REPLICATE_API_TOKEN" in backends["replicate"]["reason"]

    def test_an_analysis_spends_nothing(self, http: httpx.Client, service: Service) -> None:
        before = len(service.rows("SELECT id FROM jobs"))
        found = http.post("/v1/analyses", json={"prompt": "uma caneca azul de 9 cm de altura"}).json()
        assert found["analysis"]["language"] == "pt"
        assert found["analysis"]["family"]["value"] == "mug"
        assert found["plan"][0]["decision"] == "chosen"
        impossible = http.post("/v1/analyses", json={"prompt": "a vase -3 mm tall"}).json()
        assert impossible["analysis"]["problems"][0]["code"] == "dimension.not_positive"
        assert [step["decision"] for step in impossible["plan"]] == ["refused"]
        refused = http.post("/v1/analyses", json={"prompt": "a dragon"}).json()
        assert all(step["decision"] != "chosen" for step in refused["plan"])
        assert len(service.rows("SELECT id FROM jobs")) == before

    def test_metrics_follow_what_happened(self, http: httpx.Client, done: dict[str, Any]) -> None:
        def value(name: str) -> float:
            lines = http.get("/metrics").text.splitlines()
            return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))

        ended = 'moldar_generations_total{backend="parametric",method="auto",outcome="succeeded"}'
        before, requests = value(ended), value("moldar_http_requests_total")
        assert http.post("/v1/generations", json=VASE, headers={"Prefer": "wait=60"}).status_code == 200
        deadline = time.monotonic() + 5
        while value(ended) < before + 1 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert value(ended) == before + 1
        assert value("moldar_http_requests_total") > requests
        assert value('moldar_http_requests_total{route="/v1/generations",status_class="2xx"}') > 0
        assert value('moldar_http_requests_total{route="other",status_class="2xx"}') == 0
        assert value('moldar_printability_score_count{backend="parametric"}') >= 1
        assert value('moldar_in_flight{backend="parametric"}') == 0
        assert "vase" not in http.get("/metrics").text

    def test_the_older_interface_answers_with_its_own_names(self, http: httpx.Client) -> None:
        made = http.post("/api/gerar-3d-lgm", json={"prompt": "um vaso de 8 cm de altura", "format": "stl"}).json()
        assert made["success"] is True
        assert made["format"] == "stl"
        assert made["processing_time"] > 0
        assert http.get(made["model_path"]).status_code == 200
        picture = http.post("/api/gerar-3d-lgm-image", files={"file": ("a.png", png())}, data={"format": "glb"}).json()
        assert picture["success"] is True
        cube = bytes(trimesh.creation.box((20, 20, 20)).export(file_type="stl"))
        file = {"file": ("cube.stl", cube)}
        assert http.post("/api/convert-3d-format", files=file, data={"target_format": "obj"}).status_code == 200
        assert "moldar_generations_total" in http.get("/api/metrics").text
        problem(http.post("/api/webhooks/generation", json={}), 422, "backend.none_available")
