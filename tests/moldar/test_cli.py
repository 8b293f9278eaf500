"""The command line as a user meets it: processes, streams, exit codes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from PIL import Image

from moldar import wire
from moldar.cli.commands import app, dispatch
from moldar.cli.outcome import run
from pipelines.geometry import Gaussians
from pipelines.splats import is_splat_ply, read_splats, write_splats
from tests.moldar.peer import KEY, KINDS, Peer, serving

FILE_COMMANDS = ("convert", "inspect", "quote", "render")
MOLDAR = [sys.executable, "-m", "moldar"]


@dataclass
class Done:
    """How one command ended."""

    code: int
    out: str
    err: str

    def failed_with(self, code: int, words: str) -> bool:
        """One sentence on stderr, nothing on stdout."""
        assert (self.code, self.out) == (code, ""), self.err
        assert self.err.count("\n") == 1
        assert "Traceback" not in self.err
        return words in self.err


Moldar = Callable[..., Done]


@pytest.fixture
def moldar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Moldar:
    """The command, run in this process with `tmp_path` as its folder."""

    def call(*args: object, **variables: str) -> Done:
        with monkeypatch.context() as patch:
            patch.chdir(tmp_path)
            for name, value in variables.items():
                patch.setenv(name, value)
            code = run(lambda: dispatch([str(arg) for arg in args]))
        return Done(code, *capfd.readouterr())

    return call


def process(*args: object, cwd: Path, **variables: str) -> Done:
    """The command as a process of its own."""
    command = [*MOLDAR, *map(str, args)]
    env = {**os.environ, **variables}
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120, cwd=cwd, env=env)
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shapes")
    trimesh.creation.box((20, 30, 40)).export(folder / "box.stl")
    opened = trimesh.creation.box((20, 30, 40))
    opened.update_faces(np.arange(len(opened.faces)) > 1)
    opened.export(folder / "open.stl")
    (folder / "fake.ply").write_text("this is no polygon file")
    (folder / "ball.ply").write_bytes(write_splats(ball(), "ply"))
    return folder


def ball(radius: float = 0.5, centre: float = 0.0) -> Gaussians:
    rng = np.random.default_rng(0)
    directions = rng.normal(size=(3000, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return Gaussians(
        (directions * radius + centre).astype(np.float32),
        np.full(3000, 0.9, np.float32),
        np.full((3000, 3), radius * 0.06, np.float32),
        np.tile(np.array([1, 0, 0, 0], np.float32), (3000, 1)),
        np.tile(np.array([0.9, 0.1, 0.1], np.float32), (3000, 1)),
    )


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Peer, str]]:
    peer = Peer()
    with serving(peer) as url:
        yield peer, url


@pytest.fixture
def peer(served: tuple[Peer, str]) -> Peer:
    served[0].reset()
    return served[0]


def test_every_command_of_the_contract_is_there_and_helps_quickly(tmp_path: Path) -> None:
    began = time.perf_counter()
    shown = process("--help", cwd=tmp_path)
    took_s = time.perf_counter() - began
    assert shown.code == 0
    for name in [
        "generate",
        "convert",
        "inspect",
        "quote",
        "render",
        "serve",
        "calibrate",
        "weights",
        "keys",
        "doctor",
    ]:
        assert name in shown.out
    assert took_s < 0.6 * 4  # the goal is 0.6 s alone on the machine; tests share it


@pytest.mark.parametrize(
    ("command", "options"),
    [
        (
            "generate",
            "--image --method --model --size-mm --material --quantity --infill --currency --seed --formats --out --url "
            "--api-key --json --cameras --best-of --steps --negative-prompt --elevation-deg",
        ),
        ("convert", "--size-mm"),
        ("inspect", "--size-mm --process --json"),
        ("quote", "--material --quantity --infill --currency --json"),
        ("render", "--size --elevation-deg --azimuth-deg --frames"),
        ("serve", "--host --port"),
        ("doctor", "--json"),
    ],
)
def test_the_options_of_the_contract_are_there(command: str, options: str) -> None:
    import typer

    group: Any = typer.main.get_command(app)
    known = {option for parameter in group.commands[command].params for option in parameter.opts}
    assert set(options.split()) <= known


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["frobnicate"], 2, "try 'moldar --help'"),
        ([], 2, "Missing command"),
        (["generate"], 2, "prompt, images or both"),
        (["generate", ""], 2, "prompt"),
        (["generate", "x" * 2001], 2, "prompt"),
        (["generate", "a vase", "--size-mm", "-3"], 2, "size_mm"),
        (["generate", "a vase", "--size-mm", "nan"], 2, "size_mm"),
        (["generate", "a vase", "--quantity", "1.5"], 2, "--quantity"),
        (["generate", "a vase", "--material", "wood"], 2, "material"),
        (["generate", "a vase", "--formats", "stl,step"], 2, "formats"),
        (["generate", "a vase", "--formats", "stl,stl"], 2, "twice"),
        (["generate", "a vase", "--image", "nowhere.png"], 2, "does not exist"),
        (["generate", "a vase", "--url", "not a url"], 2, "http://"),
        (["generate", "a vase", "--url", "http://127.0.0.1:9"], 4, "No answer from http://127.0.0.1:9"),
        (["generate", "a vase", "--best-of", "9"], 2, "best_of"),
        (["generate", "a vase", "--steps", "0"], 2, "steps"),
        (["generate", "a vase", "--cameras", "nowhere.json"], 2, "does not exist"),
        (["convert", "nowhere.stl", "x.stl"], 2, "does not exist"),
        (["serve", "--port", "0"], 2, "--port"),
        (["weights", "fetch", "lgm"], 2, "'lgm'"),
        (["calibrate", "slicer.ini"], 2, "does not exist"),
        (["keys", "list"], 3, "no accounts"),
        (["keys", "create", "--name", "Ana"], 3, "'Ana'"),
        (["keys", "create"], 2, "--name"),
        (["keys", "revoke", "k1"], 3, "'k1'"),
        (["keys", "credit", "k1", "5"], 3, "'k1'"),
    ],
)
def test_an_error_is_one_sentence_and_an_exit_code(
    moldar: Moldar, tmp_path: Path, args: list[str], code: int, words: str
) -> None:
    assert moldar(*args).failed_with(code, words)
    assert list(tmp_path.iterdir()) == []


def test_a_misspelt_setting_is_told_without_a_traceback(moldar: Moldar, tmp_path: Path, shapes: Path) -> None:
    done = moldar("inspect", shapes / "box.stl", MOLDAR_DATADIR="/x")
    assert done.failed_with(2, "MOLDAR_DATADIR")


def test_an_empty_picture_is_the_users_fault(moldar: Moldar, tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    assert moldar("generate", "--image", "a.png").failed_with(2, "empty")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not json", "not JSON"),
        ("\xff", "not JSON"),
        ('{"poses": []}', "no list"),
        ("3", "no list"),
        ('[{"elevation_deg": 1}]', "cameras.0"),
        ('[{"elevation_deg": 1, "azimuth_deg": 2}]', "1 cameras for 2 images"),
    ],
)
def test_a_file_of_cameras_that_says_nothing_is_the_users_fault(
    moldar: Moldar, tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / "poses.json").write_text(text, encoding="latin-1")
    Image.new("RGB", (2, 2)).save(tmp_path / "a.png")
    pictures = ["--image", "a.png", "--image", "a.png"]
    assert moldar("generate", *pictures, "--cameras", "poses.json").failed_with(2, words)


class TestFiles:
    def test_a_mesh_is_converted_to_the_size_asked_for(self, moldar: Moldar, tmp_path: Path, shapes: Path) -> None:
        done = moldar("convert", shapes / "box.stl", tmp_path / "deep" / "box.obj", "--size-mm", "100")
        assert (done.code, done.err) == (0, "")
        assert "box.obj" in done.out
        made = trimesh.load_mesh(tmp_path / "deep" / "box.obj")
        assert made.extents == pytest.approx([50, 75, 100], rel=1e-5)
        assert made.bounds[0][2] == pytest.approx(0, abs=1e-6)

    def test_an_open_mesh_comes_out_closed(self, moldar: Moldar, tmp_path: Path, shapes: Path) -> None:
        assert moldar("convert", shapes / "open.stl", "closed.stl").code == 0
        made = trimesh.load_mesh(tmp_path / "closed.stl")
        assert made.is_watertight
        assert made.volume == pytest.approx(24_000, rel=1e-4)

    def test_splats_stay_splats_between_splat_files(self, moldar: Moldar, tmp_path: Path, shapes: Path) -> None:
        assert moldar("convert", shapes / "ball.ply", "ball.splat").code == 0
        assert moldar("convert", "ball.splat", "back.ply").code == 0
        data = (tmp_path / "back.ply").read_bytes()
        assert is_splat_ply(data)
        assert len(read_splats(data, "ply")) == 3000

    def test_splats_become_a_solid_of_100_mm_in_a_mesh_file(self, moldar: Moldar, tmp_path: Path, shapes: Path) -> None:
        assert moldar("convert", shapes / "ball.ply", "ball.stl").code == 0
        made = trimesh.load_mesh(tmp_path / "ball.stl")
        assert made.is_watertight
        assert max(made.extents) == pytest.approx(100, rel=1e-4)

    def test_a_file_can_be_converted_onto_itself(self, moldar: Moldar, tmp_path: Path, shapes: Path) -> None:
        (tmp_path / "part.stl").write_bytes((shapes / "box.stl").read_bytes())
        assert moldar("convert", "part.stl", "part.stl", "--size-mm", "10").code == 0
        assert trimesh.load_mesh(tmp_path / "part.stl").extents.max() == pytest.approx(10, rel=1e-5)
        assert [path.name for path in tmp_path.iterdir()] == ["part.stl"]

    @pytest.mark.parametrize(
        ("args", "words"),
        [
            (["convert", "{}/fake.ply", "x.stl"], "not a PLY"),
            (["convert", "{}/box.stl", "x.step"], "'x.step'"),
            (["convert", "{}/box.stl", "x"], "'x'"),
            (["convert", "{}/box.stl", "x.splat"], "only splats"),
            (["convert", "{}/box.stl", "x.stl", "--size-mm", "inf"], "size_mm"),
            (["convert", "/dev/zero", "x.stl"], "not a file"),
            (["inspect", "{}/fake.ply"], "not a PLY"),
            (["inspect", "{}/box.stl", "--process", "sla"], "process"),
            (["quote", "{}/box.stl", "--material", "wood"], "material"),
            (["quote", "{}/box.stl", "--infill", "20"], "infill"),
            (["render", "{}/box.stl", "x.jpg"], ".png"),
            (["render", "{}/box.stl", "x.png", "--size", "0"], "size"),
            (["render", "{}/box.stl", "x.png", "--frames", "9"], "--frames"),
            (["render", "{}/box.stl", "x.webp", "--frames", "1"], "frames"),
            (["render", "{}/ball.ply", "x.webp", "--size", "4096"], "size"),
            (["render", "{}/box.stl", "x.png", "--elevation-deg", "nan"], "elevation"),
        ],
    )
    def test_bad_input_is_told_and_writes_nothing(
        self, moldar: Moldar, tmp_path: Path, shapes: Path, args: list[str], words: str
    ) -> None:
        assert moldar(*(arg.format(shapes) for arg in args)).failed_with(2, words)
        assert list(tmp_path.iterdir()) == []

    def test_inspect_prints_the_report_as_one_object(self, moldar: Moldar, tmp_path: Path, shapes: Path) -> None:
        done = moldar("inspect", shapes / "box.stl", "--json")
        report = wire.Printability.model_validate_json(done.out)
        assert (report.watertight, report.bodies, report.verdict) == (True, 1, "ok")
        assert report.volume_mm3 == pytest.approx(24_000)
        assert report.size_mm == pytest.approx((20, 30, 40))

    def test_inspect_prints_a_table_for_people(self, moldar: Moldar, tmp_path: Path, shapes: Path) -> None:
        done = moldar("inspect", shapes / "open.stl")
        assert (done.code, done.err) == (0, "")
        assert "20.0 × 30.0 × 40.0 mm" in done.out
        assert "not closed" in done.out
        assert "✗" in done.out

    def test_the_build_volume_of_the_settings_counts(self, moldar: Moldar, tmp_path: Path, shapes: Path) -> None:
        small = moldar("inspect", shapes / "box.stl", "--json", MOLDAR_BUILD_VOLUME_MM="[30,30,30]")
        assert json.loads(small.out)["fits_build_volume"] is False

    def test_lines_of_a_quote_sum_to_its_total(self, moldar: Moldar, tmp_path: Path, shapes: Path) -> None:
        done = moldar("quote", shapes / "box.stl", "--quantity", "7", "--currency", "EUR", "--json")
        quote = wire.Quote.model_validate_json(done.out)
        assert (quote.quantity, quote.currency, quote.material) == (7, "EUR", "pla")
        assert sum(line.amount_minor for line in quote.lines) == quote.total_minor

    def test_a_quote_is_written_in_its_currency(self, moldar: Moldar, tmp_path: Path, shapes: Path) -> None:
        done = moldar("quote", shapes / "box.stl", "--currency", "BRL", "--material", "petg")
        assert "PETG" in done.out
        assert "R$" in done.out
        assert "Total" in done.out

    def test_a_mesh_is_drawn(self, moldar: Moldar, tmp_path: Path, shapes: Path) -> None:
        assert moldar("render", shapes / "box.stl", "box.png", "--size", "64").code == 0
        assert np.asarray(Image.open(tmp_path / "box.png")).shape == (64, 64, 3)

    @pytest.mark.parametrize("name", ["ball.ply", "box.stl"])
    def test_a_turn_around_splats_or_a_mesh_is_a_film(
        self, moldar: Moldar, tmp_path: Path, shapes: Path, name: str
    ) -> None:
        assert moldar("render", shapes / name, "turn.webp", "--size", "64", "--frames", "3").code == 0
        with Image.open(tmp_path / "turn.webp") as film:
            assert (film.format, film.size, film.n_frames) == ("WEBP", (64, 64), 3)  # type: ignore[attr-defined]

    @pytest.mark.parametrize(("radius", "centre"), [(0.5, 0.0), (40.0, 300.0)])
    def test_splats_of_any_scale_are_in_the_picture(
        self, moldar: Moldar, tmp_path: Path, radius: float, centre: float
    ) -> None:
        (tmp_path / "ball.ply").write_bytes(write_splats(ball(radius, centre), "ply"))
        assert moldar("render", "ball.ply", "ball.png", "--size", "64").code == 0
        picture = np.asarray(Image.open(tmp_path / "ball.png").convert("RGB")).astype(int)
        red = picture[..., 0] - picture[..., 1] > 100
        assert red[32, 32]
        assert 0.2 < red.mean() < 0.8
        assert not red[[0, 0, -1, -1], [0, -1, 0, -1]].any()


class TestGenerate:
    def test_the_result_is_a_folder_and_a_table(
        self, moldar: Moldar, peer: Peer, served: tuple[Peer, str], tmp_path: Path
    ) -> None:
        done = moldar("generate", "a vase", "--url", served[1], "--api-key", KEY, "--out", "made")
        assert (done.code, done.err) == (0, "")
        assert "$5.00" in done.out
        assert "Files in made" in done.out
        assert sorted(p.name for p in (tmp_path / "made").iterdir()) == ["job.json", "model.stl", "quote.json"]
        job = wire.Generation.model_validate_json((tmp_path / "made" / "job.json").read_bytes())
        quote = wire.Quote.model_validate_json((tmp_path / "made" / "quote.json").read_bytes())
        assert (job.status, job.quote) == ("succeeded", quote)

    def test_json_is_one_object_that_says_where_the_files_are(
        self, moldar: Moldar, peer: Peer, served: tuple[Peer, str], tmp_path: Path
    ) -> None:
        done = moldar("generate", "Ein grüner Krug", "--json", "--url", served[1], "--api-key", KEY)
        made = json.loads(done.out)
        assert (made["status"], made["directory"], done.err) == ("succeeded", "out/ein-gruner-krug", "")
        assert (tmp_path / made["directory"] / "model.stl").is_file()

    def test_the_request_is_what_the_options_say(
        self, moldar: Moldar, peer: Peer, served: tuple[Peer, str], tmp_path: Path
    ) -> None:
        Image.new("RGB", (2, 2)).save(tmp_path / "cat.png")
        options = ["--size-mm", "80", "--material", "petg", "--quantity", "3", "--seed", "9", "--formats", "stl, obj"]
        done = moldar("generate", "--image", "cat.png", *options, "--url", served[1], "--api-key", KEY)
        assert done.code == 0, done.err
        asked = peer.jobs["gen_0"].request
        assert (asked["size_mm"], asked["material"], asked["quantity"], asked["seed"]) == (80, "petg", 3, 9)
        assert asked["formats"] == ("stl", "obj")
        assert asked["prompt"] is None
        assert asked["images"][0].startswith("data:image/png;base64,")
        assert (tmp_path / "out" / "cat" / "job.json").is_file()

    def test_own_views_go_out_with_their_cameras(
        self, moldar: Moldar, peer: Peer, served: tuple[Peer, str], tmp_path: Path
    ) -> None:
        Image.new("RGB", (2, 2)).save(tmp_path / "view.png")
        poses = [{"elevation_deg": 20.0, "azimuth_deg": 90.0 * k} for k in range(4)]
        (tmp_path / "poses.json").write_text(json.dumps({"cameras": poses}))
        options = ["--cameras", "poses.json", "--method", "local", "--best-of", "2", "--steps", "25"]
        more = ["--negative-prompt", "blurry", "--elevation-deg", "-5", "--url", served[1], "--api-key", KEY]
        done = moldar("generate", *["--image", "view.png"] * 4, *options, *more)
        assert done.code == 0, done.err
        asked = peer.jobs["gen_0"].request
        assert [(pose["elevation_deg"], pose["azimuth_deg"]) for pose in asked["cameras"]] == [
            (20.0, 90.0 * k) for k in range(4)
        ]
        assert (asked["method"], asked["best_of"], asked["steps"], asked["negative_prompt"]) == (
            "local", 2, 25, "blurry",
        )  # fmt: skip
        assert asked["elevation_deg"] == -5
        assert len(asked["images"]) == 4

    def test_what_an_earlier_result_left_does_not_pass_for_the_new_one(
        self, moldar: Moldar, peer: Peer, served: tuple[Peer, str], tmp_path: Path
    ) -> None:
        common = ["--url", served[1], "--api-key", KEY, "--out", "made"]
        peer.file_name = "model.scad"
        assert moldar("generate", "a vase", *common).code == 0
        (tmp_path / "made" / "notes.txt").write_text("mine")
        peer.file_name = "model.stl"
        assert moldar("generate", "a mug", *common).code == 0
        left = sorted(path.name for path in (tmp_path / "made").iterdir())
        assert left == ["job.json", "model.stl", "notes.txt", "quote.json"]

    @pytest.mark.parametrize(
        ("status", "code", "exit_code"),
        [
            (422, "backend.none_available", 3),
            (422, "prompt.contradictory", 2),
            (422, "prompt.moderated", 2),
            (413, "input.too_large", 2),
            (401, "auth.invalid", 2),
            (500, "internal.failed", 4),
        ],
    )
    def test_a_refusal_has_its_exit_code(
        self,
        moldar: Moldar,
        peer: Peer,
        served: tuple[Peer, str],
        tmp_path: Path,
        status: int,
        code: str,
        exit_code: int,
    ) -> None:
        peer.refuse(status, code, retryable=False)
        done = moldar("generate", "a dragon", "--url", served[1], "--api-key", KEY)
        assert done.failed_with(exit_code, "It is so.")
        assert list(tmp_path.iterdir()) == []

    def test_a_failed_job_is_a_failed_command(
        self, moldar: Moldar, peer: Peer, served: tuple[Peer, str], tmp_path: Path
    ) -> None:
        peer.failure = wire.JobError(code="backend.failed", message="The worker was lost.", retryable=True)
        done = moldar("generate", "a vase", "--url", served[1], "--api-key", KEY)
        assert done.failed_with(4, "The worker was lost.")

    def test_ctrl_c_cancels_the_job_it_waits_for(self, peer: Peer, served: tuple[Peer, str], tmp_path: Path) -> None:
        peer.stall_after = 2
        command = [*MOLDAR, "generate", "a vase", "--url", served[1], "--api-key", KEY]
        # Shells start what runs in the background deaf to SIGINT, and children inherit that: here too it must be heard.
        hears = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
        with subprocess.Popen(
            command,
            stdout=-1,
            stderr=-1,
            text=True,
            cwd=tmp_path,
            preexec_fn=hears,  # noqa: PLW1509 - one system call between fork and exec
        ) as process:
            deadline = time.monotonic() + 30
            while not any(job.reached >= 2 for job in peer.jobs.values()) and time.monotonic() < deadline:
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
        assert (process.returncode, out, err) == (130, "", "Interrupted.\n")
        assert peer.jobs["gen_0"].canceled

    def test_a_reader_that_has_enough_is_no_error(self, peer: Peer, served: tuple[Peer, str], tmp_path: Path) -> None:
        command = f"{sys.executable} -m moldar quote box.stl | true; exit ${{PIPESTATUS[0]}}"
        trimesh.creation.box((20, 30, 40)).export(tmp_path / "box.stl")
        done = subprocess.run(["bash", "-c", command], check=False, capture_output=True, text=True, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")

    def test_the_events_of_the_peer_are_those_of_the_service(self) -> None:
        assert set(KINDS) <= {"queued", "started", "stage", "stage_done", "succeeded", "failed", "canceled"}


class TestDoctor:
    def test_every_row_says_what_it_found_or_how_to_mend_it_and_no_secret(self, tmp_path: Path) -> None:
        done = process("doctor", "--json", cwd=tmp_path, REPLICATE_API_TOKEN="r8_very_secret")
        told = json.loads(done.out)
        assert (done.code, told["ok"]) == (0, True), done.err
        rows = {row["check"]: row for row in told["checks"]}
        assert {"python", "ray", "numba", "manifold3d", "embreex", "opencv", "torch", "cuda", "openscad"} <= set(rows)
        for row in rows.values():
            assert row["detail"]
            assert bool(row["remedy"]) is not row["ok"]
        token = rows["REPLICATE_API_TOKEN"]
        assert (token["ok"], token["detail"]) == (True, "set")
        assert "r8_very_secret" not in done.out + done.err

    def test_a_folder_that_cannot_be_written_is_an_error(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        done = process("doctor", MOLDAR_DATA_DIR=str(tmp_path / "file" / "data"), cwd=tmp_path)
        assert done.code == 4
        assert done.err == "Something required does not work: data folder.\n"
        assert "MOLDAR_DATA_DIR" in done.out

    def test_a_misspelt_setting_is_an_error(self, tmp_path: Path) -> None:
        done = process("doctor", "--json", MOLDAR_DATADIR="x", cwd=tmp_path)
        broken = [row for row in json.loads(done.out)["checks"] if row["required"] and not row["ok"]]
        assert done.code == 4
        assert [row["check"] for row in broken] == ["settings"]
        assert "MOLDAR_DATADIR" in broken[0]["detail"]

    def test_a_taken_port_is_told_but_stops_nothing(self, tmp_path: Path) -> None:
        import socket

        with socket.socket() as taken:
            try:
                taken.bind(("127.0.0.1", 8000))
                taken.listen()
            except OSError:
                pytest.skip("somebody else has port 8000, which the next line would see as well")
            rows = json.loads(process("doctor", "--json", cwd=tmp_path).out)["checks"]
        row = next(row for row in rows if row["check"] == "port 8000")
        assert (row["ok"], row["required"], row["remedy"]) == (False, False, "moldar serve --port 8001")
