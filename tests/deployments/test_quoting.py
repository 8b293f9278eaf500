"""The quote stage as the plain class that it is: whose word is taken, what becomes of a slicer that fails."""

import asyncio
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from deployments.quoting import Quoting
from deployments.settings import Settings, SlicerSettings
from deployments.shop import read_shop
from deployments.telemetry import FLUSH_S, METRICS, Batch, Telemetry
from pipelines.errors import GeometryTooLarge, InvalidInput, NotSolid, SlicerFailed
from pipelines.geometry import TriangleMesh
from pipelines.pricing import Quote, QuoteRequest, is_sampled, material_named, speaker
from pipelines.printability import inspect
from tests.golden.slicer_truth import as_mesh
from tests.peers.slicer import stand_in

needs_slicer = pytest.mark.skipif(shutil.which("prusa-slicer") is None, reason="prusa-slicer is not installed")
BOX = as_mesh("box", x=40, y=40, z=40)
DRIFT = "moldar_quote_drift_ratio"


class Line:
    """A handle of a telemetry that is in this process."""

    class _Method:
        def __init__(self, telemetry: Telemetry) -> None:
            self._telemetry = telemetry

        def remote(self, batch: Batch) -> "asyncio.Future[None]":
            return asyncio.ensure_future(self._telemetry.record(batch))

    def __init__(self, telemetry: Telemetry) -> None:
        self.record = self._Method(telemetry)


class Counter:
    """A replica, and what it told the telemetry."""

    def __init__(self, **slicer: Any) -> None:
        self.telemetry = Telemetry(METRICS)
        self.replica = Quoting(read_shop(Settings(slicer=SlicerSettings(**slicer))), Line(self.telemetry), "WARNING")  # type: ignore[arg-type]

    async def quote(self, mesh: TriangleMesh = BOX, **asked: Any) -> Quote:
        return await self.replica.quote(mesh, inspect(mesh), QuoteRequest(**asked))

    async def drift(self, after_s: float = 1.2 * FLUSH_S) -> tuple[int, float]:
        """How many ratios were seen, and their sum, once the replica has reported."""
        await asyncio.sleep(after_s)
        lines = (await self.telemetry.render()).decode().splitlines()
        values = {line.split(" ")[0]: float(line.split(" ")[1]) for line in lines if line.startswith(DRIFT)}
        return int(values[f'{DRIFT}_count{{source="slicer"}}']), values[f'{DRIFT}_sum{{source="slicer"}}']


def pid_in(folder: Path) -> int:
    return int((folder / "pid").read_text())


async def started(folder: Path) -> int:
    """The number of a stand-in that has begun to hang."""
    while not (folder / "pid").exists() or not (folder / "pid").read_text():
        await asyncio.sleep(0.01)
    return pid_in(folder)


class TestWhoIsAsked:
    @pytest.mark.parametrize(
        ("wanted", "use", "material", "who"),
        [
            (None, "never", "pla", "geometry"), (None, "asked", "pla", "geometry"), (None, "always", "pla", "slicer"),
            ("geometry", "never", "pla", "geometry"), ("geometry", "always", "pla", "geometry"),
            ("slicer", "asked", "pla", "slicer"), ("slicer", "always", "tpu", "slicer"),
            (None, "always", "resin", "geometry"), ("geometry", "always", "resin", "geometry"),
        ],
    )  # fmt: skip
    def test_the_request_goes_before_the_shop(self, wanted: Any, use: Any, material: str, who: str) -> None:
        assert speaker(wanted, use, material_named(material)) == who

    @pytest.mark.parametrize(("use", "material"), [("never", "pla"), ("always", "resin")])
    def test_a_slicer_that_cannot_be_asked_is_refused(self, use: Any, material: str) -> None:
        with pytest.raises(InvalidInput, match="slicer"):
            speaker("slicer", use, material_named(material))

    @settings(max_examples=50, deadline=None)
    @given(st.text(), st.floats(0, 1))
    def test_a_quote_is_sampled_by_its_name_alone(self, name: str, share: float) -> None:
        assert is_sampled(name, share) is is_sampled(name, share)
        assert not is_sampled(name, 0.0)
        assert is_sampled(name, 1.0)

    def test_of_many_quotes_the_share_is_sampled(self) -> None:
        names = [f"quo_{number}" for number in range(4000)]
        assert sum(is_sampled(name, 0.1) for name in names) == pytest.approx(400, abs=80)
        assert {n for n in names if is_sampled(n, 0.1)} <= {n for n in names if is_sampled(n, 0.3)}


@needs_slicer
class TestARealSlicer:
    async def test_its_word_replaces_mass_and_time_and_is_measured_against_the_models(self) -> None:
        counter = Counter()
        computed, sliced = await counter.quote(quantity=20), await counter.quote(quantity=20, source="slicer")
        assert {line.source for line in computed.lines} == {"geometry"}
        lines = {line.code: line for line in sliced.lines}
        assert lines["material"].source == lines["machine_time"].source == "slicer"
        assert lines["material"].error_band < 0.03
        # 20,146.56 mm^3 and 5543 s, by the golden slice of this box.
        assert sliced.mass_g == pytest.approx(20_146.56 * 1.24 / 1000, abs=0.01)
        assert sliced.print_time_s == 5543
        assert computed.mass_g == pytest.approx(sliced.mass_g, rel=0.1)
        seen, total = await counter.drift()
        assert seen == 1
        assert total == pytest.approx(sliced.total_minor / computed.total_minor)

    async def test_a_shop_that_always_asks_it_need_not_be_told(self) -> None:
        counter = Counter(use="always")
        assert (await counter.quote()).print_time_s == 5543
        assert (await counter.quote(source="geometry")).lines[0].source == "geometry"
        assert (await counter.quote(material="resin")).lines[0].source == "geometry"

    async def test_supports_are_sliced_where_the_report_asks_for_them(self) -> None:
        torus = as_mesh("torus", R=12, r=5)
        torus = TriangleMesh(torus.vertices - [0, 0, torus.vertices[:, 2].min()], torus.faces)
        with_them = await Counter().quote(torus, source="slicer")
        without = await Counter().quote(torus, source="slicer", support=False)
        assert with_them.mass_g > 1.03 * without.mass_g

    async def test_a_seat_on_four_legs_is_held_up_by_both(self) -> None:
        """The legs stand at its corners: bridges span from one to the next, and what lies between them hangs."""
        legs = [trimesh.creation.box((6, 6, 30)).apply_translation((x, y, 15)) for x in (-17, 17) for y in (-17, 17)]
        seat = trimesh.creation.box((40, 40, 4)).apply_translation((0, 0, 32))
        stool = trimesh.boolean.union([seat, *legs], engine="manifold")
        mesh = TriangleMesh(np.array(stool.vertices), np.array(stool.faces))
        computed, sliced = await Counter().quote(mesh), await Counter().quote(mesh, source="slicer")
        assert {"supports"} <= {line.code for line in computed.lines}
        assert computed.mass_g == pytest.approx(sliced.mass_g, rel=0.15)
        assert computed.print_time_s == pytest.approx(sliced.print_time_s, rel=0.15)

    async def test_a_soft_material_is_sliced_at_its_own_flow(self) -> None:
        tpu = await Counter().quote(source="slicer", material="tpu")
        assert tpu.print_time_s > 1.1 * 5543

    async def test_a_share_of_the_models_quotes_is_sliced_after_the_answer(self) -> None:
        counter = Counter(drift_share=1.0)
        quote = await counter.quote()
        assert quote.lines[0].source == "geometry"
        assert await counter.drift(0) == (0, 0.0)  # the answer did not wait
        seen, ratio = await counter.drift(4 * FLUSH_S)
        assert seen == 1
        assert ratio == pytest.approx(1.0, abs=0.1)


class TestASlicerThatFails:
    async def test_asked_by_name_it_is_the_answer(self, tmp_path: Path) -> None:
        with pytest.raises(SlicerFailed, match="The slicer crashed: Out of luck"):
            await Counter(executable=stand_in(tmp_path, "crashes")).quote(source="slicer")

    async def test_always_asked_it_is_a_note_beside_the_models_price(self, tmp_path: Path) -> None:
        always = Counter(executable=stand_in(tmp_path, "crashes"), use="always")
        noted, computed = await always.quote(), await always.quote(source="geometry")
        assert noted.notes[-1] == "Computed, not sliced: The slicer crashed: Out of luck."
        assert noted.lines == computed.lines
        assert await always.drift() == (0, 0.0)

    async def test_a_part_too_large_for_its_printer_is_treated_alike(self, tmp_path: Path) -> None:
        tower = as_mesh("box", x=30, y=30, z=249)
        slicer = stand_in(tmp_path, "works")
        profile = tmp_path / "low.ini"
        from pipelines.pricing.profile import generic_profile_text

        profile.write_text(generic_profile_text().replace("max_print_height = 250", "max_print_height = 200"))
        with pytest.raises(GeometryTooLarge):
            await Counter(executable=slicer, profile=profile).quote(tower, source="slicer")
        noted = await Counter(executable=slicer, profile=profile, use="always").quote(tower)
        assert "does not fit the printer of the slicer's profile" in noted.notes[-1]

    async def test_a_mesh_that_has_no_price_has_none_by_the_slicer(self, tmp_path: Path) -> None:
        counter = Counter(executable=stand_in(tmp_path, "hangs"), timeout_s=60)
        report = inspect(BOX)
        began = time.monotonic()
        with pytest.raises(NotSolid):
            await counter.replica.quote(
                TriangleMesh(BOX.vertices, BOX.faces[1:]), report, QuoteRequest(source="slicer")
            )
        assert time.monotonic() - began < 10

    async def test_a_caller_who_has_gone_takes_it_along(self, tmp_path: Path) -> None:
        counter = Counter(executable=stand_in(tmp_path, "hangs"), timeout_s=60)
        asking = asyncio.create_task(counter.quote(source="slicer"))
        await started(tmp_path)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        deadline = time.monotonic() + 2
        while psutil.pid_exists(pid_in(tmp_path)) and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        assert not psutil.pid_exists(pid_in(tmp_path))

    async def test_one_that_hangs_behind_an_answer_delays_and_fails_nothing(self, tmp_path: Path) -> None:
        counter = Counter(executable=stand_in(tmp_path, "hangs"), timeout_s=2, drift_share=1.0)
        assert (await counter.quote()).lines
        first = await started(tmp_path)
        assert (await counter.quote()).lines
        await asyncio.sleep(0.5)
        assert pid_in(tmp_path) == first  # one at a time: the second quote is not sliced too
        assert await counter.drift(2.5) == (0, 0.0)
        assert not psutil.pid_exists(first)

    async def test_whether_it_is_there_is_known_before_work_is_taken(self, tmp_path: Path) -> None:
        with pytest.raises(SlicerFailed, match="apt-get install prusa-slicer"):
            await Counter(executable="no-such").replica.check_source(QuoteRequest(source="slicer"))
        await Counter(executable="no-such").replica.check_source(QuoteRequest())
        await Counter(executable=stand_in(tmp_path, "works")).replica.check_source(QuoteRequest(source="slicer"))


class TestTheShopsFiles:
    @pytest.mark.parametrize(
        ("field", "text", "sentence"),
        [
            ("price_book", None, r"MOLDAR_PRICE_BOOK names .* cannot be read: No such file"),
            ("price_book", "currency = [", r"MOLDAR_PRICE_BOOK, file: "),
            ("price_book", 'minimum_order = "-1"', r"MOLDAR_PRICE_BOOK, file: "),
            ("profile", None, r"MOLDAR_SLICER__PROFILE names .* cannot be read"),
            ("profile", "nonsense", r"MOLDAR_SLICER__PROFILE, file: "),
            ("profile", "[printer:MK3]\nbed_shape = 0x0", r"MOLDAR_SLICER__PROFILE, file: "),
        ],
    )
    def test_a_wrong_one_stops_the_start(self, field: str, text: str | None, sentence: str, tmp_path: Path) -> None:
        path = tmp_path / "file"
        if text is not None:
            path.write_text(text)
        given: dict[str, Any] = {field: path} if field != "profile" else {"slicer": {"profile": path}}
        with pytest.raises(InvalidInput, match=sentence):
            read_shop(Settings(**given))
