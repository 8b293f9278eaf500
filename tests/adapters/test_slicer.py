"""The slicer's process: what a real PrusaSlicer says of real parts, and what becomes of programs that misbehave."""

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from math import pi
from pathlib import Path

import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.gcode import read_gcode
from adapters.slicer import PrusaSlicer
from pipelines.errors import Canceled, EmptyGeometry, GeometryTooLarge, InvalidInput, MoldarError, SlicerFailed
from pipelines.geometry import TriangleMesh
from pipelines.pricing.slicing import SliceRequest
from tests.golden.slicer_truth import MM3_PER_MM, Slice, as_mesh, slices
from tests.peers.slicer import FEATURES, LINE_MM, gcode, stand_in

MIB = 2**20
PROFILE = "bed_shape = 0x0,220x0,220x220,0x220\nmax_print_height = 250\nfilament_max_volumetric_speed = 12\n"
BOX = as_mesh("box", x=20, y=20, z=20)
needs_slicer = pytest.mark.skipif(shutil.which("prusa-slicer") is None, reason="prusa-slicer is not installed")


def peer(folder: Path, behaviour: str, wall_s: float = 20.0, version: str = "2.5.0") -> PrusaSlicer:
    return PrusaSlicer(stand_in(folder, behaviour, version), PROFILE, wall_s, 512 * MIB)


def truth_profile() -> str:
    """The profile that the golden slices were made with."""
    path = Path(__file__).parents[1] / "golden" / "slicer_truth.json"
    return "".join(f"{key} = {value}\n" for key, value in json.loads(path.read_text())["meta"]["profile"].items())


def real(profile: str | None = None, wall_s: float = 60.0) -> PrusaSlicer:
    return PrusaSlicer("prusa-slicer", profile or truth_profile(), wall_s, 4096 * MIB)


def ends_soon(pid: int) -> bool:
    """Whether the process is gone, or only its table entry is left, within a second."""
    deadline = time.monotonic() + 1.0
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.01)
    return False


def pid_in(folder: Path) -> int:
    """The number that a stand-in wrote down, once it has."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        path = folder / "pid"
        if path.exists() and path.read_text():
            return int(path.read_text())
        time.sleep(0.01)
    raise AssertionError("the stand-in did not start")


def golden(shape: str, setting: str) -> Slice:
    return next(one for one in slices() if (one.shape, one.setting) == (shape, setting))


@needs_slicer
class TestRealSlices:
    @pytest.mark.parametrize(
        ("shape", "setting"),
        [("box20", "base"), ("box40", "inf50"), ("plate", "base"), ("cyl15", "base"), ("torus", "sup")],
    )
    def test_a_slice_says_what_it_said_when_the_golden_ones_were_made(self, shape: str, setting: str) -> None:
        truth = golden(shape, setting)
        asked = SliceRequest(infill=truth.infill, supports=setting == "sup")
        sliced = real().slice(truth.mesh, asked)
        assert sliced.slicer == "PrusaSlicer 2.5.0"
        assert sliced.time_s == pytest.approx(truth.seconds, rel=0.02)  # the seam of a round part is not always there
        # The golden mass is that of the summary, skirt and all.
        assert sliced.extruded_mm3 == pytest.approx(truth.grams / 1.24 * 1000, rel=0.01, abs=60)
        assert sliced.support_mm3 == pytest.approx(truth.support_mm3, rel=0.002)
        assert sum(mm3 for _, mm3 in sliced.features_mm3) == pytest.approx(sliced.extruded_mm3)

    def test_a_part_is_sliced_wherever_it_stands(self) -> None:
        one = real().slice(BOX, SliceRequest())
        shifted = TriangleMesh(BOX.vertices + np.array([700.0, -900.0, 33.0]), BOX.faces)
        assert real().slice(shifted, SliceRequest()) == one
        assert dict(one.features_mm3)["walls"] == pytest.approx((253.471 + 264.494) * MM3_PER_MM, rel=1e-3)
        assert one.layers == 100

    def test_what_is_asked_goes_before_the_profile(self) -> None:
        plain, fine, thick = (
            real().slice(BOX, asked)
            for asked in (SliceRequest(), SliceRequest(layer_height_mm=0.1), SliceRequest(perimeters=4))
        )
        assert (plain.layers, fine.layers) == (100, 199)
        walls = [dict(one.features_mm3)["walls"] for one in (plain, thick)]
        assert walls[1] == pytest.approx(2 * walls[0], rel=0.1)
        slow = real().slice(BOX, SliceRequest(max_flow_mm3_s=1.0))
        assert slow.time_s > 2 * plain.time_s
        assert real().slice(BOX, SliceRequest(max_flow_mm3_s=40.0)).time_s == plain.time_s  # the profile's 12 hold

    def test_a_full_part_is_full(self) -> None:
        """The grid of the profile is refused at 100 %."""
        assert real().slice(BOX, SliceRequest(infill=1.0)).part_mm3 == pytest.approx(8000, rel=0.02)

    @pytest.mark.parametrize(
        "lines",
        [
            "use_relative_e_distances = 1\nlayer_gcode = G92 E0",
            "use_volumetric_e = 1",
            "gcode_comments = 1\nwipe = 1",
            "use_firmware_retraction = 1",
            "brim_width = 6\nskirts = 4",
            "start_gcode = G28\\nG92 E0\\nG1 X100 E50 F1000\\nG92 E0",
            "spiral_vase = 1\nbinary_gcode = 1\nno_such_key = 7",
        ],
    )
    def test_a_profiles_way_of_writing_does_not_change_the_part(self, lines: str) -> None:
        named = [line.split(" ")[0] for line in lines.splitlines()]
        kept = [line for line in truth_profile().splitlines() if line.split(" ")[0] not in named]
        other = real("\n".join([*kept, lines])).slice(BOX, SliceRequest())
        assert other.part_mm3 == pytest.approx(3310.66, abs=0.05)

    def test_a_profile_runs_no_scripts(self, tmp_path: Path) -> None:
        script = tmp_path / "script"
        script.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        script.chmod(0o755)
        real(truth_profile() + f"post_process = {script}\n").slice(BOX, SliceRequest())
        assert not (tmp_path / "ran").exists()

    @pytest.mark.parametrize(
        ("mesh", "asked", "sentence"),
        [
            (as_mesh("box", x=20, y=20, z=0.05), SliceRequest(), "did not slice the part: No layers were detected"),
            (as_mesh("box", x=0.05, y=0.05, z=5), SliceRequest(), "did not slice the part: The print is empty"),
            (BOX, SliceRequest(layer_height_mm=0.5), "did not slice the part: Layer height can't be greater"),
            (BOX, SliceRequest(perimeters=-1), "did not slice the part: .*perimeters"),
        ],
    )
    def test_what_it_refuses_is_told_in_its_own_words(
        self, mesh: TriangleMesh, asked: SliceRequest, sentence: str
    ) -> None:
        with pytest.raises(SlicerFailed, match=sentence) as failed:
            real().slice(mesh, asked)
        assert "\n" not in str(failed.value)

    def test_too_little_memory_or_time_is_told(self) -> None:
        with pytest.raises(SlicerFailed, match=r"does not say that it is PrusaSlicer: .*failed to map"):
            PrusaSlicer("prusa-slicer", PROFILE, 60, 100 * MIB).slice(BOX, SliceRequest())
        with pytest.raises(SlicerFailed, match="not done within 3 s"):
            real(wall_s=3).slice(as_mesh("sphere", r=100), SliceRequest(layer_height_mm=0.05))

    def test_two_threads_slice_with_one_slicer(self) -> None:
        shared, found = real(), {}

        def work(infill: float) -> None:
            found[infill] = shared.slice(BOX, SliceRequest(infill=infill)).part_mm3

        threads = [threading.Thread(target=work, args=(infill,)) for infill in (0.2, 0.4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert found[0.4] > found[0.2] == pytest.approx(3310.66, abs=0.05)


class TestWhatIsRefusedBefore:
    @pytest.mark.parametrize("size", [(221, 20, 20), (20, 221, 20), (20, 20, 251)])
    def test_a_part_larger_than_the_printer_in_any_direction(self, size: tuple[int, int, int], tmp_path: Path) -> None:
        x, y, z = size
        with pytest.raises(GeometryTooLarge, match=f"{x} x {y} x {z} mm does not fit"):
            peer(tmp_path, "works").slice(as_mesh("box", x=x, y=y, z=z), SliceRequest())
        assert not list(tmp_path.glob("seen*"))

    def test_a_part_as_large_as_the_printer_goes(self, tmp_path: Path) -> None:
        assert peer(tmp_path, "works").slice(as_mesh("box", x=220, y=220, z=250), SliceRequest()).layers == 2

    def test_a_round_bed_has_no_corners(self, tmp_path: Path) -> None:
        around = np.linspace(0, 2 * pi, 72, endpoint=False)
        bed = ",".join(f"{100 * np.cos(a):.3f}x{100 * np.sin(a):.3f}" for a in around)
        delta = PrusaSlicer(stand_in(tmp_path, "works"), f"bed_shape = {bed}\nmax_print_height = 300\n", 20, 512 * MIB)
        assert delta.slice(as_mesh("cylinder", r=99, h=5), SliceRequest()).layers == 2
        with pytest.raises(GeometryTooLarge):
            delta.slice(as_mesh("box", x=180, y=180, z=5), SliceRequest())

    def test_meshes_that_are_none(self, tmp_path: Path) -> None:
        slicer = peer(tmp_path, "works")
        with pytest.raises(EmptyGeometry):
            slicer.slice(TriangleMesh(np.zeros((0, 3)), np.zeros((0, 3), np.int64)), SliceRequest())
        with pytest.raises(InvalidInput, match="finite"):
            slicer.slice(TriangleMesh(BOX.vertices * [1, np.nan, 1], BOX.faces), SliceRequest())

    @pytest.mark.parametrize(
        "text",
        ["", "layer_height = 0.2", "\0\1\2", "bed_shape = 0x0,5x5", "bed_shape = 0x0,5x5,9x9", "bed_shape = a,b,c,d"],
    )
    def test_profiles_that_name_no_printer(self, text: str) -> None:
        with pytest.raises(InvalidInput, match="profile"):
            PrusaSlicer("prusa-slicer", text, 60, MIB)


class TestMisbehaviour:
    @pytest.mark.parametrize(
        ("behaviour", "kind", "sentence"),
        [
            ("crashes", SlicerFailed, "The slicer crashed: Out of luck."),
            ("exits-134", SlicerFailed, "The slicer crashed."),
            ("no-bed", GeometryTooLarge, "The part does not fit the printer of the slicer's profile."),
            ("says-nothing", SlicerFailed, "The slicer ended well and wrote no g-code."),
            ("empty-gcode", SlicerFailed, "The slicer ended well and wrote no g-code."),
            (
                "refuses",
                SlicerFailed,
                "The slicer did not slice the part: [31mThe pattern is wrong at 100% density.",
            ),
            ("half", SlicerFailed, "The slicer's g-code ends before its summary: it is not whole."),
            ("garbage", SlicerFailed, "The slicer's g-code ends before its summary: it is not whole."),
            ("lies", SlicerFailed, "The slicer's g-code does not extrude what its summary says."),
            ("no-room", SlicerFailed, "There is no room on the disk for the slicer's work."),
            ("eats", SlicerFailed, "The slicer ran out of the 512 MiB of memory that it may take."),
        ],
    )
    def test_each_is_one_sentence(self, behaviour: str, kind: type[MoldarError], sentence: str, tmp_path: Path) -> None:
        with pytest.raises(kind) as failed:
            peer(tmp_path, behaviour).slice(BOX, SliceRequest())
        assert type(failed.value) is kind
        assert str(failed.value) == sentence

    @pytest.mark.parametrize("behaviour", ["hangs", "floods", "closes-streams"])
    def test_one_that_does_not_end_is_killed_in_time(self, behaviour: str, tmp_path: Path) -> None:
        slicer = peer(tmp_path, behaviour, wall_s=1.0)
        slicer.version()
        began = time.monotonic()
        with pytest.raises(SlicerFailed, match="not done within 1 s"):
            slicer.slice(BOX, SliceRequest())
        assert time.monotonic() - began < 3
        assert ends_soon(pid_in(tmp_path))

    def test_one_that_burns_is_bounded_too(self, tmp_path: Path) -> None:
        with pytest.raises(SlicerFailed, match="not done within 1 s"):
            peer(tmp_path, "burns", wall_s=1.0).slice(BOX, SliceRequest())

    def test_children_do_not_outlive_it_nor_keep_it_waiting(self, tmp_path: Path) -> None:
        began = time.monotonic()
        assert peer(tmp_path, "forks").slice(BOX, SliceRequest()).layers == 2
        assert time.monotonic() - began < 10
        assert ends_soon(pid_in(tmp_path))

    @pytest.mark.parametrize("behaviour", ["writes", "writes-on"])
    def test_one_that_fills_the_disk_is_ended(self, behaviour: str, tmp_path: Path) -> None:
        slicer = PrusaSlicer(stand_in(tmp_path, behaviour), PROFILE, 20, 512 * MIB, gcode_bytes=5 * MIB)
        with pytest.raises(SlicerFailed, match="a file of more than 5 MiB"):
            slicer.slice(BOX, SliceRequest())

    def test_a_folder_that_cannot_be_made_is_told(self, tmp_path: Path) -> None:
        code = (
            "import tempfile; from adapters.slicer import PrusaSlicer;"
            "from pipelines.errors import SlicerFailed;"
            f"slicer = PrusaSlicer({stand_in(tmp_path, 'works')!r}, {PROFILE!r}, 20, 2**29);"
            f"tempfile.tempdir = {str(tmp_path / 'nowhere')!r}\n"
            "try: slicer.version()\n"
            "except SlicerFailed as error: print(error)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
        assert done.stdout == "The slicer could not be run: No such file or directory.\n"

    def test_no_room_for_our_own_files_is_told(self, tmp_path: Path) -> None:
        program = stand_in(tmp_path, "works")
        code = (
            "import resource; from adapters.slicer import PrusaSlicer;"
            "from pipelines.pricing.slicing import SliceRequest;"
            "from tests.golden.slicer_truth import as_mesh; from pipelines.errors import SlicerFailed;"
            f"slicer = PrusaSlicer({program!r}, {PROFILE!r}, 20, 2**29); slicer.version();"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000));\n"
            "try: slicer.slice(as_mesh('sphere', r=20), SliceRequest())\n"
            "except SlicerFailed as error: print(error)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
        assert done.stdout == "There is no room on the disk for the slicer's work.\n"

    @pytest.mark.parametrize(
        ("behaviour", "version", "sentence"),
        [
            ("works", "3.0.0", "PrusaSlicer 3.0.0 is a version whose g-code is not known here"),
            ("works", "1.41.2", "PrusaSlicer 1.41.2 is a version"),
            ("works", "2.2.0", "PrusaSlicer 2.2.0 is a version"),
            ("other", "", "does not say that it is PrusaSlicer: SuperSlicer-2.5.59"),
            ("mute", "", "did not even say its version"),
        ],
    )
    def test_a_wrong_version_is_refused_before_it_is_given_work(
        self, behaviour: str, version: str, sentence: str, tmp_path: Path
    ) -> None:
        with pytest.raises(SlicerFailed, match=sentence):
            peer(tmp_path, behaviour, wall_s=1.0, version=version).slice(BOX, SliceRequest())

    @pytest.mark.parametrize("version", ["2.3.3", "2.6.1", "2.9.1"])
    def test_neighbouring_versions_are_read_alike(self, version: str, tmp_path: Path) -> None:
        sliced = peer(tmp_path, "works", version=version).slice(BOX, SliceRequest())
        assert sliced.slicer == f"PrusaSlicer {version}"
        assert sliced.time_s == 86_400 + 2 * 3600 + 3 * 60 + 4
        line = LINE_MM * MM3_PER_MM
        assert dict(sliced.features_mm3) == pytest.approx(
            {"gaps": line, "sparse": line, "supports": line, "walls": 2 * line}
        )
        assert (sliced.part_mm3, sliced.support_mm3) == pytest.approx((4 * line, line))

    @pytest.mark.parametrize("program", ["no-such-slicer", "/nowhere/prusa-slicer", "/etc/passwd", "/tmp"])
    def test_no_program_is_told_with_what_brings_it(self, program: str) -> None:
        with pytest.raises(SlicerFailed, match=r"There is no PrusaSlicer .*apt-get install prusa-slicer"):
            PrusaSlicer(program, PROFILE, 20, 512 * MIB).slice(BOX, SliceRequest())

    def test_a_file_that_is_no_program_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "slicer").write_bytes(b"\x7fELF but not really")
        (tmp_path / "slicer").chmod(0o755)
        with pytest.raises(SlicerFailed, match="does not say that it is PrusaSlicer: Exec format error"):
            PrusaSlicer(str(tmp_path / "slicer"), PROFILE, 20, 512 * MIB).version()


class TestStopping:
    def test_what_nobody_waits_for_is_not_begun(self, tmp_path: Path) -> None:
        stop = threading.Event()
        stop.set()
        with pytest.raises(Canceled):
            peer(tmp_path, "hangs", wall_s=60).slice(BOX, SliceRequest(), stop)

    def test_setting_the_event_kills_the_process(self, tmp_path: Path) -> None:
        slicer, event, ended = peer(tmp_path, "hangs", wall_s=60), threading.Event(), []

        def work() -> None:
            with pytest.raises(Canceled):
                slicer.slice(BOX, SliceRequest(), event)
            ended.append(time.monotonic())

        thread = threading.Thread(target=work)
        thread.start()
        pid, began = pid_in(tmp_path), time.monotonic()
        event.set()
        thread.join(10)
        assert ended
        assert ended[0] - began < 1
        assert ends_soon(pid)

    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
    def test_it_does_not_outlive_a_service_that_is_killed(self, tmp_path: Path) -> None:
        code = (
            "from adapters.slicer import PrusaSlicer; from pipelines.pricing.slicing import SliceRequest;"
            "from tests.golden.slicer_truth import as_mesh;"
            f"PrusaSlicer({stand_in(tmp_path, 'hangs')!r}, {PROFILE!r}, 60, 2**29)"
            ".slice(as_mesh('box', x=9, y=9, z=9), SliceRequest())"
        )
        with subprocess.Popen([sys.executable, "-c", code]) as service:
            pid = pid_in(tmp_path)
            service.kill()
        assert ends_soon(pid)


class TestWhatItIsGiven:
    def test_a_folder_an_environment_and_words_of_its_own(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("REPLICATE_API_TOKEN", "hunter2")
        peer(tmp_path, "spies").slice(BOX, SliceRequest(infill=1.0, supports=True, layer_height_mm=0.15, perimeters=3))
        folder, *rest = (tmp_path / "seen.txt").read_text().splitlines()
        assert not Path(folder).exists()  # it was its own, and is gone
        words = [word for word in rest if "=" not in word]
        assert words == ["--load", "profile.ini", "--center", "110.0000,110.0000", "--export-gcode", "--output",
                         "part.gcode", "part.stl"]  # fmt: skip
        named = dict(word.split("=", 1) for word in rest if "=" in word)
        assert named["HOME"] == named["TMPDIR"] == folder
        assert "hunter2" not in str(named)
        assert set(named) <= {"PATH", "HOME", "TMPDIR", "XDG_RUNTIME_DIR", "LC_ALL", "LC_CTYPE"}
        profile = dict(line.split(" = ", 1) for line in (tmp_path / "profile.ini").read_text().splitlines())
        assert profile["fill_density"] == "100%"
        assert profile["fill_pattern"] == "rectilinear"
        assert (profile["support_material"], profile["layer_height"], profile["perimeters"]) == ("1", "0.15", "3")

    def test_no_core_and_no_more_than_its_limits(self, tmp_path: Path) -> None:
        before = {what: resource.getrlimit(what) for what in (resource.RLIMIT_AS, resource.RLIMIT_CPU)}
        peer(tmp_path, "works").slice(BOX, SliceRequest())
        assert {what: resource.getrlimit(what) for what in before} == before  # ours are as they were


def test_reading_takes_no_memory_for_its_size_and_hears_that_nobody_waits(tmp_path: Path) -> None:
    path = tmp_path / "long.gcode"
    head, tail = gcode().split("; filament used [mm]", 1)
    path.write_text(head + "G1 F1200\n" * 400_000 + "; filament used [mm]" + tail)
    looks: list[int] = []

    def check() -> None:
        looks.append(1)
        if len(looks) > 5:
            raise Canceled

    with pytest.raises(Canceled):
        read_gcode(path, check)
    assert read_gcode(path, lambda: None).mm3["walls"] == pytest.approx(2 * LINE_MM * MM3_PER_MM)
    assert len(FEATURES) == 6


def test_old_g_code_with_absolute_lengths_and_resets_is_read(tmp_path: Path) -> None:
    """Worked by hand: 3 mm of wall, 1 mm of infill after a reset, and 2 mm that the profile itself lays."""
    path = tmp_path / "a.gcode"
    lines = ["M82", ";TYPE:Custom", "G1 X0 Y1 E2", "G92 E0", ";LAYER_CHANGE", ";TYPE:Perimeter", "G1 X1 E3", "G1 E2.2",
             "G1 E3", "G92 E0 ; reset", ";TYPE:Solid infill", "G1 X5.5 Y.5 E1.0 F1200", ";TYPE:Ironing", "G1 X1 Y1",
             "; filament used [mm] = 4", "; estimated printing time (normal mode) = 1m 1s",
             "; filament_diameter = 1.75,1.75"]  # fmt: skip
    path.write_text("\n".join(lines))
    printed = read_gcode(path, lambda: None)
    area = pi / 4 * 1.75**2
    assert printed.mm3 == pytest.approx({"walls": 3 * area, "solid": area})
    assert (printed.time_s, printed.layers) == (61.0, 1)


JUNK = [
    *(
        b"M82",
        b"M83",
        b"G92 E0",
        b"G92",
        b"G1 X1 E",
        b"G1 X1 E-.5",
        b"G1 X1 E1e9",
        b"G1 X1 E" + b"9" * 400,
        b";TYPE:\xff",
    ),
    *(b"; filament used [mm] = nan", b"; filament used [mm] = 1e400", b"; filament used [mm] = 1,2", b";LAYER_CHANGE"),
    *(
        b"; filament_diameter = inf",
        b"; filament_diameter = a,b",
        b"; filament_diameter = -1",
        b"; use_volumetric_e = 1",
    ),
    b"; estimated printing time (normal mode) = " + b"9" * 5000 + b"s",
]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.integers(0, 70), max_size=3),
    st.lists(st.tuples(st.integers(0, 70), st.sampled_from(JUNK) | st.binary(max_size=40)), max_size=4),
)
def test_whatever_becomes_of_a_g_code_it_is_read_or_refused(lost: list[int], junk: list[tuple[int, bytes]]) -> None:
    lines = [line.encode() for number, line in enumerate(gcode().splitlines()) if number not in lost]
    for place, line in junk:
        lines.insert(place, line)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.gcode"
        path.write_bytes(b"\n".join(lines))
        try:
            printed = read_gcode(path, lambda: None)
        except SlicerFailed:
            return
    assert np.isfinite(list(printed.mm3.values())).all()
    assert printed.time_s > 0
    assert printed.layers > 0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0.01, 50), min_size=1, max_size=20), st.booleans())
def test_the_sum_of_moves_does_not_depend_on_how_they_are_written(moves: list[float], relative: bool) -> None:
    """Lengths with retractions and resets between them, absolute or relative."""
    at, lines = 0.0, ["M83" if relative else "M82", ";LAYER_CHANGE", ";TYPE:Perimeter"]
    for number, length in enumerate(moves):
        if number % 3 == 2:
            lines.append("G92 E0")
            at = 0.0
        lines += ["G1 E-1", "G1 E1"] if relative else [f"G1 E{at - 1:.5f}", f"G1 E{at:.5f}"]
        at += length
        lines.append(f"G1 X{number} Y1 E{length if relative else at:.5f}")
    lines += [f"; filament used [mm] = {sum(moves):.5f}", "; filament_diameter = 1.75",
              "; estimated printing time (normal mode) = 5s"]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.gcode"
        path.write_text("\n".join(lines))
        printed = read_gcode(path, lambda: None)
    assert printed.mm3["walls"] == pytest.approx(sum(moves) * MM3_PER_MM, rel=1e-4, abs=1e-3)
