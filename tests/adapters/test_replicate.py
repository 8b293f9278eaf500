"""The adapter of Replicate against a real cog server behind the public API's shape."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any

import httpx
import pytest

from adapters.addresses import Address, Network
from adapters.replicate import Replicate
from adapters.replicate_outputs import Caps, Outputs
from adapters.replicate_talk import Account
from adapters.replicate_wire import CallKind, Limits
from adapters.webhooks import SeenIds, sign, verify
from jobs.hosted import Order, Placed, Progressed, TrainingOrder, later
from pipelines.errors import (
    BackendFailed,
    BudgetExceeded,
    DeadlineExceeded,
    InvalidInput,
    MoldarError,
    OutcomeUnknown,
    Saturated,
)
from pipelines.images import decode
from pipelines.splats import read_splats
from tests.peers.https import Received, Reply
from tests.peers.replicate_gateway import SECRET, TOKEN, CreateFault, Gateway, cog_server, replicate_gateway

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63f8cfc0f01f0005000"
    "1ff56c7ad380000000049454e44ae426082"
)


@pytest.fixture(scope="module")
def cog() -> Iterator[str]:
    with cog_server() as url:
        yield url


@pytest.fixture
def gateway(cog: str) -> Iterator[Gateway]:
    with replicate_gateway(cog) as known:
        yield known


class Purse:
    """Tokens without end, and what was told of them."""

    def __init__(self, waits_s: Sequence[float] = ()) -> None:
        self.taken: list[CallKind] = []
        self.heard: list[tuple[CallKind, Limits]] = []
        self._waits_s = list(waits_s)

    async def take(self, kind: CallKind) -> float:
        if self._waits_s and (wait_s := self._waits_s.pop(0)):
            return wait_s
        self.taken.append(kind)
        return 0.0

    async def told(self, kind: CallKind, limits: Limits) -> None:
        self.heard.append((kind, limits))


async def here(_name: str, _port: int) -> Sequence[Address]:
    return [ip_address("127.0.0.1")]


HERE = Network(here, admits=lambda address: address.is_loopback)


async def nap(_: float) -> None:
    await asyncio.sleep(0.001)


@asynccontextmanager
async def connected(
    gateway: Gateway, *, hooks: str | None = None, purse: Purse | None = None, url: str | None = None,
    sleep: Callable[[float], Awaitable[None]] = nap,
) -> AsyncIterator[Replicate]:  # fmt: skip
    account = Account(TOKEN, hooks, url or gateway.url)
    async with httpx.AsyncClient(verify=gateway.outputs.trust) as client:
        adapter = Replicate(account, purse or Purse(), time.time, Outputs(client, HERE), sleep=sleep)
        try:
            yield adapter
        finally:
            await adapter.aclose()


def order(model: str = "lgm", **changes: Any) -> Order:
    now = time.time()
    whole = Order("att_1", model, "an owl", None, PNG, 7, None, None, now + 60, now, 1_000_000)
    return replace(whole, **changes)


async def ended(adapter: Replicate, placed: Placed) -> Progressed:
    async with asyncio.timeout(10):
        while not (progressed := await adapter.look(placed)).is_over:
            await asyncio.sleep(0.02)
    return progressed


async def test_a_picture_becomes_splats_that_are_checked_and_priced(gateway: Gateway) -> None:
    async with connected(gateway) as adapter:
        placed = await adapter.place(order())
        progressed = await ended(adapter, placed)
        (file,) = await adapter.fetch(placed, progressed)
    assert progressed.state == "succeeded"
    assert file.name == "gaussians.ply"
    assert len(read_splats(file.data, "ply").means) == 500
    assert len(progressed.output) == 2, "the film came first and was not taken"
    seconds = gateway.jobs[placed.remote_id]["metrics"]["predict_time"]
    assert progressed.cost_micros is not None
    assert 0 <= progressed.cost_micros - seconds * 1400 < 1, "to the next millionth, of active seconds alone"
    (create,) = gateway.creates()
    assert create.path == "/v1/predictions"
    assert create.headers["cancel-after"] in ("59s", "60s")
    sent = json.loads(create.body)
    assert sent["input"].keys() == {"input_image", "prompt", "seed"}
    assert sent["input"]["input_image"].startswith("data:image/png;base64,")


async def test_words_become_a_picture_by_an_official_model_and_then_splats(gateway: Gateway) -> None:
    async with connected(gateway) as adapter:
        first, second = adapter.models.steps("lgm", has_image=False)
        words = order(first.name, image=None, seed=2**40 + 5)
        placed = await adapter.place(words)
        progressed = await ended(adapter, placed)
        (picture,) = await adapter.fetch(placed, progressed)
        assert decode(picture.data).rgba.shape[:2] == (64, 64)
        assert progressed.cost_micros == 3000, "priced by the picture"
        shape = await adapter.place(order(second.name, id="att_2", image=picture.data))
        assert (await ended(adapter, shape)).state == "succeeded"
    create = gateway.creates()[0]
    assert create.path == "/v1/models/black-forest-labs/flux-schnell/predictions"
    assert json.loads(create.body)["input"]["seed"] == (2**40 + 5) % 2**31
    assert json.loads(create.body)["input"]["disable_safety_checker"] is False


async def test_outputs_that_are_objects_are_chosen_by_what_they_are(gateway: Gateway) -> None:
    async with connected(gateway) as adapter:
        placed = await adapter.place(order("trellis", steps=500, guidance_scale=3.5))
        (file,) = await adapter.fetch(placed, await ended(adapter, placed))
    assert file.name == "gaussians.ply"
    sent = json.loads(gateway.creates()[0].body)["input"]
    assert sent["images"][0].startswith("data:")
    assert (sent["ss_sampling_steps"], sent["ss_guidance_strength"]) == (50, 3.5)
    assert sent["save_gaussian_ply"] is True


async def test_a_large_picture_is_uploaded_first(gateway: Gateway) -> None:
    large = PNG + bytes(300_000)
    async with connected(gateway) as adapter:
        await adapter.place(order(image=large))
    assert list(gateway.files.values()) == [large]
    assert json.loads(gateway.creates()[0].body)["input"]["input_image"].startswith(
        "https://api.replicate.com/v1/files"
    )


async def test_a_model_that_fails_says_so_and_is_paid_for(gateway: Gateway) -> None:
    async with connected(gateway) as adapter:
        placed = await adapter.place(order(prompt="fail, whsec_hidden"))
        progressed = await ended(adapter, placed)
    assert progressed.state == "failed"
    assert "cannot make" in progressed.error
    assert "hidden" not in progressed.error
    assert progressed.cost_micros is not None


@pytest.mark.parametrize(
    ("fault", "error", "says"),
    [
        ("throttled", Saturated, "5 s"),
        ("throttled silently", Saturated, "10 s"),
        ("low credit", Saturated, "7 s"),
        ("no credit", BudgetExceeded, "no credit"),
        ("bad token", BackendFailed, "token"),
        ("redirected", BackendFailed, "status 307"),
    ],
)
async def test_a_refused_create_was_certainly_not_taken(
    gateway: Gateway, fault: Any, error: type[MoldarError], says: str
) -> None:
    gateway.faults.creates = [fault]
    purse = Purse()
    async with connected(gateway, purse=purse) as adapter:
        with pytest.raises(error, match=says):
            await adapter.place(order())
    assert gateway.jobs == {}
    assert len(gateway.creates()) == 1
    assert not [one for one in gateway.asked if one.path == "/elsewhere"]
    if error is Saturated:
        (kind, limits), = purse.heard  # fmt: skip
        assert (kind, limits.remaining, limits.is_low_credit) == ("create", 0.0, fault == "low credit")


@pytest.mark.parametrize("fault", ["error before", "error after", "dropped before", "dropped after", "not json"])
async def test_an_unclear_create_is_never_repeated_and_found_if_it_was_taken(gateway: Gateway, fault: Any) -> None:
    gateway.faults.creates = [fault]
    asked = order()
    async with connected(gateway) as adapter:
        with pytest.raises(OutcomeUnknown):
            await adapter.place(asked)
        found = await adapter.find(asked)
        if "before" in fault:
            assert found is None
        else:
            assert found is not None
            assert (await ended(adapter, found)).state == "succeeded"
    assert len(gateway.creates()) == 1
    assert len(gateway.jobs) == (0 if "before" in fault else 1)


async def test_an_answer_that_comes_too_late_is_an_unknown_outcome(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.replicate_talk._CALL_S", 0.2)
    gateway.faults.creates = ["slow after"]
    async with connected(gateway) as adapter:
        with pytest.raises(OutcomeUnknown):
            await adapter.place(order())
    assert len(gateway.jobs) == 1


async def test_a_host_that_is_not_there_took_nothing(gateway: Gateway) -> None:
    async with connected(gateway, url="http://127.0.0.1:9") as adapter:
        with pytest.raises(BackendFailed, match="cannot be reached"):
            await adapter.place(order())


async def test_of_orders_alike_the_one_that_is_missing_is_found(gateway: Gateway) -> None:
    gateway.faults.creates = ["fine", "dropped after"]
    gateway.page_size = 1
    first, second, third = (order(id=f"att_{n}") for n in range(3))
    other_seed = order(id="att_9", seed=8)
    async with connected(gateway) as adapter:
        known = await adapter.place(first)
        with pytest.raises(OutcomeUnknown):
            await adapter.place(second)
        third_known = await adapter.place(third)
        await adapter.place(other_seed)
        with pytest.raises(OutcomeUnknown, match="Several"):
            await adapter.find(second)
        found = await adapter.find(second, {known.remote_id, third_known.remote_id})
    assert found is not None
    assert list(gateway.jobs)[1] == found.remote_id


async def test_with_a_fifth_of_all_creates_failing_each_order_succeeds_and_is_paid_once(gateway: Gateway) -> None:
    kinds: list[CreateFault] = [
        "throttled", "throttled silently", "error before", "error after", "dropped before", "dropped after", "not json",
        "low credit",
    ]  # fmt: skip
    # Every fifth call fails, whichever order's it is.
    gateway.faults.creates = [
        kinds[number // 5 % len(kinds)] if number % 5 == 4 else "fine" for number in range(200)
    ]  # fmt: skip

    async def seen_through(adapter: Replicate, wanted: Order) -> Progressed:
        while True:
            try:
                placed = await adapter.place(wanted)
            except Saturated:
                continue
            except OutcomeUnknown:
                found = await adapter.find(wanted)
                if found is None:
                    continue  # the other side knows that it has none
                placed = found
            return await ended(adapter, placed)

    async with connected(gateway) as adapter:
        orders = [order(id=f"att_{n}", seed=n, prompt=f"owl {n}") for n in range(40)]
        ends = await asyncio.gather(*(seen_through(adapter, one) for one in orders))
    assert [one.state for one in ends] == ["succeeded"] * 40
    assert len(gateway.jobs) == 40, "none paid twice"
    assert len(gateway.creates()) > 40


async def test_where_webhooks_are_echoed_they_name_the_order(gateway: Gateway) -> None:
    gateway.echoes_hooks = True
    first, second = order(id="att_1"), order(id="att_2")
    async with connected(gateway, hooks="https://moldar.example/hooks/replicate") as adapter:
        await adapter.place(first)
        placed = await adapter.place(second)
        assert await adapter.find(second) == placed


async def test_a_deadline_too_near_or_too_dear_sends_nothing(gateway: Gateway) -> None:
    async with connected(gateway) as adapter:
        with pytest.raises(DeadlineExceeded):
            await adapter.place(order(finish_by=time.time() + 4))
        with pytest.raises(BudgetExceeded, match="does not pay"):
            await adapter.place(order(bound_micros=6_999))
        await adapter.place(order(bound_micros=7_001))
    (create,) = gateway.creates()
    assert create.headers["cancel-after"] == "5s", "7,001 millionths at 1,400 a second"


async def test_what_is_lacking_is_said_before_anything_is_sent(gateway: Gateway) -> None:
    async with connected(gateway) as adapter:
        with pytest.raises(InvalidInput, match="without image"):
            await adapter.place(order(image=None))
        with pytest.raises(InvalidInput, match="no model 'nonesuch'"):
            await adapter.place(order("nonesuch"))
        with pytest.raises(InvalidInput, match="trained"):
            await adapter.place(order("flux-lora"))
    assert gateway.asked == []


async def test_what_never_begins_is_aborted_and_free(gateway: Gateway) -> None:
    gateway.faults.queue_held, gateway.faults.deadline_scale = True, 0.001
    async with connected(gateway) as adapter:
        placed = await adapter.place(order())
        progressed = await ended(adapter, placed)
    assert (progressed.state, progressed.cost_micros) == ("aborted", 0)


async def test_what_runs_over_its_deadline_is_stopped_by_the_host_and_paid(gateway: Gateway) -> None:
    gateway.faults.work_s, gateway.faults.deadline_scale = 3.0, 0.005
    async with connected(gateway) as adapter:
        progressed = await ended(adapter, await adapter.place(order()))
    assert (progressed.state, progressed.cost_micros) == ("canceled", 350), "a quarter second at 1,400 a second"


async def test_cancelling_stops_it_and_is_harmless_afterwards(gateway: Gateway) -> None:
    gateway.faults.work_s = 3.0
    async with connected(gateway) as adapter:
        placed = await adapter.place(order())
        while (await adapter.look(placed)).state == "waiting":
            await asyncio.sleep(0.01)
        began = time.monotonic()
        assert (await adapter.cancel(placed)).state == "canceled"
        assert time.monotonic() - began < 2
        assert (await adapter.cancel(placed)).state == "canceled"
        with pytest.raises(BackendFailed):
            await adapter.cancel(replace(placed, remote_id="nonesuch"))


async def test_reading_is_repeated_through_short_trouble_and_given_up_in_long(gateway: Gateway) -> None:
    async with connected(gateway) as adapter:
        placed = await adapter.place(order())
        gateway.faults.reads = [503, 500]
        assert (await adapter.look(placed)).state in ("waiting", "running", "succeeded")
        gateway.faults.reads = [500, 502, 503]
        with pytest.raises(BackendFailed):
            await adapter.look(placed)
        gateway.faults.reads = [429]
        with pytest.raises(Saturated):
            await adapter.look(placed)


async def test_creates_wait_a_little_for_a_token_and_go_elsewhere_for_longer(gateway: Gateway) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async with connected(gateway, purse=Purse([1.0, 0.5, 0.0]), sleep=sleep) as adapter:
        await adapter.place(order())
    assert slept == [1.0, 0.5]
    async with connected(gateway, purse=Purse([9.0]), sleep=sleep) as adapter:
        with pytest.raises(Saturated, match="9 s"):
            await adapter.place(order())
    assert len(gateway.creates()) == 1


async def test_a_training_makes_a_version_and_its_address_is_built_from_its_id(gateway: Gateway) -> None:
    now = time.time()
    wanted = TrainingOrder(
        "att_t", "flux-lora", b"PK zip", "MLDR", 1000, 4e-4, 1, 512, "tests/style", now + 3600, now, 10_000_000
    )
    async with connected(gateway) as adapter:
        with pytest.raises(BackendFailed, match="destination does not exist"):
            await adapter.train(wanted)
        await adapter.library.ensure_destination("tests/style", "gpu-h100")
        await adapter.library.ensure_destination("tests/style", "gpu-h100")
        placed = await adapter.train(wanted)
        progressed = await ended(adapter, placed)
        assert await adapter.fetch(placed, progressed) == ()
        assert await adapter.find(wanted) == placed
        adapter.models = adapter.models.trained("flux-lora", "style", progressed.made)
        styled = await adapter.place(order("style", prompt="MLDR owl"))
        (picture,) = await adapter.fetch(styled, await ended(adapter, styled))
        assert picture.media_type == "image/png"
    assert progressed.state == "succeeded"
    assert gateway.files
    assert any(one.path == f"/v1/trainings/{placed.remote_id}" for one in gateway.asked)
    assert len([one for one in gateway.asked if (one.method, one.path) == ("POST", "/v1/models")]) == 1


async def test_the_pinned_versions_are_compared_with_what_is_published(gateway: Gateway) -> None:
    async with connected(gateway) as adapter:
        misfits = {one.model: one.reasons for one in await adapter.library.misfits(adapter.models)}
        assert await adapter.library.account() == "tests"
        assert await adapter.library.webhook_secret() == SECRET
    assert misfits.keys() == {"hunyuan3d", "sdxl", "face"}, "of these the peer knows nothing"


async def test_the_token_is_shown_nowhere_and_an_unsafe_address_is_refused() -> None:
    assert TOKEN not in repr(Account(TOKEN))
    for url in ("http://api.replicate.com", "https://api.replicate.com/v1", "replicate.com", "file:///etc"):
        with pytest.raises(InvalidInput, match="https"):
            Account(TOKEN, None, url)
    with pytest.raises(InvalidInput, match="webhooks"):
        Account(TOKEN, "http://moldar.example/hooks")
    for token in ("", "a b", "a\nb"):
        with pytest.raises(InvalidInput, match="token"):
            Account(token)


# What comes out, and what else may come instead.


async def fetched(gateway: Gateway, output: Reply | None = None) -> bytes:
    async with connected(gateway) as adapter:
        placed = await adapter.place(order())
        progressed = await ended(adapter, placed)
        gateway.faults.output = output
        (file,) = await adapter.fetch(placed, progressed)
        return file.data


def endless(piece: bytes) -> Iterator[bytes]:
    while True:
        yield piece


@pytest.mark.parametrize(
    ("output", "says"),
    [
        (lambda: Reply(200, iter([b"<html><body>try later</body></html>"])), "not what was asked"),
        (lambda: Reply(200, iter([b"PK\x03\x04" + bytes(1000)])), "not what was asked"),
        (lambda: Reply(200, iter([b"\x1f\x8b" + bytes(1000)]), {"content-encoding": "gzip"}), "compressed"),
        (lambda: Reply(200, endless(bytes(65536)), {"content-length": "2000000000"}), "larger"),
        (lambda: Reply(200, iter([b"ply\nformat ascii 1.0\nend_header\n"])), "damaged"),
        (lambda: Reply(200, iter([b"ply\nformat binary_little_endian 1.0\nelement vertex 4000000000\nend_header\n"])),
         "damaged"),
        (lambda: Reply(302, headers={"location": "https://169.254.169.254/latest/meta-data"}), "none of its hosts"),
        (lambda: Reply(302, headers={"location": "http://pbxt.replicate.delivery/x.ply"}), "https"),
        (lambda: Reply(302, headers={"location": "https://replicate.delivery.evil.example/"}), "none of its hosts"),
        (lambda: Reply(302, headers={"location": "https://evilreplicate.delivery/"}), "none of its hosts"),
        (lambda: Reply(302, headers={"location": "/again.ply"}), "without end"),
        (lambda: Reply(403), "for an hour"),
        (lambda: Reply(404), "for an hour"),
        (lambda: Reply(500), "status 500"),
    ],
)  # fmt: skip
async def test_what_is_not_an_output_is_one_sentence(gateway: Gateway, output: Callable[[], Reply], says: str) -> None:
    with pytest.raises(BackendFailed, match=says):
        await fetched(gateway, output())


async def test_two_gigabytes_without_a_length_are_given_up_at_the_cap(gateway: Gateway) -> None:
    gateway.faults.output = Reply(200, endless(bytes(65536)))
    async with httpx.AsyncClient(verify=gateway.outputs.trust) as client:
        outputs = Outputs(client, HERE, caps=Caps(size_bytes=1_000_000))
        async with connected(gateway) as adapter:
            model = adapter.models.get("lgm")
        with pytest.raises(BackendFailed, match="larger than 1,000,000"):
            await outputs.fetch(model, [f"https://a.replicate.delivery:{gateway.outputs.port}/out.ply"])


async def test_a_slow_output_is_given_up(gateway: Gateway) -> None:
    def trickle() -> Iterator[bytes]:
        for _ in range(20):
            time.sleep(0.1)
            yield b"p"

    gateway.faults.output = Reply(200, trickle())
    async with httpx.AsyncClient(verify=gateway.outputs.trust) as client:
        outputs = Outputs(client, HERE, caps=Caps(wall_s=0.3))
        async with connected(gateway) as adapter:
            model = adapter.models.get("lgm")
        with pytest.raises(BackendFailed, match="too long"):
            await outputs.fetch(model, [f"https://a.replicate.delivery:{gateway.outputs.port}/out.ply"])


async def test_an_allowed_name_that_leads_inside_is_not_gone_to(gateway: Gateway) -> None:
    async def inside(_name: str, _port: int) -> Sequence[Address]:
        return [ip_address("169.254.169.254")]

    async with httpx.AsyncClient() as client, connected(gateway) as adapter:
        with pytest.raises(BackendFailed, match="public internet"):
            await Outputs(client, Network(inside)).fetch(
                adapter.models.get("lgm"), ["https://a.replicate.delivery/out.ply"]
            )


async def test_outputs_are_fetched_without_the_token(gateway: Gateway) -> None:
    await fetched(gateway)
    assert gateway.outputs.received
    assert all("authorization" not in one.headers for one in gateway.outputs.received)
    assert {one.headers["accept-encoding"] for one in gateway.outputs.received} == {"identity"}


async def test_an_output_past_its_hour_has_its_own_sentence(gateway: Gateway) -> None:
    async with connected(gateway) as adapter:
        placed = await adapter.place(order())
        before = await ended(adapter, placed)
        gateway.faults.erased = True
        after = await adapter.look(placed)
        assert after.expired
        with pytest.raises(BackendFailed, match="for an hour"):
            await adapter.fetch(placed, after)
    assert later(before, after) == before, "what was known is not forgotten"


# Webhooks of predictions, received by a real server.


class Receiver:
    """Verifies and applies, as the service is to."""

    def __init__(self) -> None:
        self.states: list[str] = []
        self.bodies: list[bytes] = []
        self.refused = 0
        self._seen = SeenIds()

    def __call__(self, asked: Received) -> Reply:
        try:
            webhook_id = verify(SECRET, asked.headers, asked.body, time.time())
        except MoldarError:
            self.refused += 1
            return Reply(401)
        if self._seen.is_new(webhook_id, time.time()):
            self.bodies.append(asked.body)
        return Reply(204)


@pytest.mark.parametrize("trouble", ["none", "doubled", "reversed", "late", "dropped"])
async def test_webhooks_tell_the_end_once_and_for_all(gateway: Gateway, trouble: str) -> None:
    gateway.faults.hooks_doubled = trouble == "doubled"
    gateway.faults.hooks_reversed = trouble == "reversed"
    gateway.faults.hooks_dropped = trouble == "dropped"
    gateway.faults.hooks_late_s = 0.2 if trouble == "late" else 0.0
    receiver = Receiver()
    with plain_receiver(receiver) as url:
        async with connected(gateway, hooks=url) as adapter:
            placed = await adapter.place(order())
            await asyncio.to_thread(gateway.over)
            await asyncio.sleep(0.6 if trouble == "late" else 0.2)
            known = Progressed("waiting")
            for body in receiver.bodies:
                known = later(known, adapter.hear(placed, body))
            if trouble == "dropped":
                known = later(known, await adapter.look(placed))
            assert known == await adapter.look(placed)
            with pytest.raises(InvalidInput, match="another"):
                adapter.hear(replace(placed, remote_id="x"), json.dumps(gateway_job(gateway)).encode())
    assert (known.state, receiver.refused) == ("succeeded", 0)
    assert {hook for hook, _, _ in gateway.hooks} <= {f"{url}/att_1"}
    sent = json.loads(gateway.creates()[0].body)
    assert (sent["webhook"], sent["webhook_events_filter"]) == (f"{url}/att_1", ["start", "completed"])
    if trouble == "reversed":
        assert [json.loads(body)["status"] for body in receiver.bodies] == ["succeeded", "processing"]


async def test_a_webhook_finds_the_order_whose_answer_was_lost(gateway: Gateway) -> None:
    gateway.faults.creates = ["dropped after"]
    receiver = Receiver()
    asked = order()
    with plain_receiver(receiver) as url:
        async with connected(gateway, hooks=url) as adapter:
            with pytest.raises(OutcomeUnknown):
                await adapter.place(asked)
            await asyncio.to_thread(gateway.over)
            await asyncio.sleep(0.2)
            placed = adapter.heard_of(asked, receiver.bodies[-1])
            assert (await adapter.look(placed)).state == "succeeded"
    assert placed.remote_id in gateway.jobs


@contextmanager
def plain_receiver(receiver: Receiver) -> Iterator[str]:
    """Where webhooks arrive, behind what would end their https."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            reply = receiver(Received("POST", self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(reply.status)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/hooks/replicate"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def gateway_job(gateway: Gateway) -> dict[str, str]:
    job = next(iter(gateway.jobs.values()))
    return {"id": job["id"], "status": job["status"]}


# The vendor's own client, unmodified, against the same peer: what it believes of the API, the peer does.


def test_the_vendors_client_runs_unmodified_against_the_peer(gateway: Gateway) -> None:
    from replicate.client import Client
    from replicate.exceptions import ReplicateError
    from replicate.webhook import Webhooks

    client = Client(api_token=TOKEN, base_url=gateway.url)
    version = client.models.get("camenduru/lgm").latest_version
    assert version is not None
    assert "input_image" in version.openapi_schema["components"]["schemas"]["Input"]["properties"]
    made = client.predictions.create(
        version="d2870893aa115773465a823fe70fd446673604189843f39a99642dd9171e05e2", input={"input_image": "data:,"}
    )
    made.wait()
    assert made.status == "succeeded"
    assert made.output is not None
    assert made.metrics is not None
    assert [one.id for one in client.predictions.list()] == [made.id]
    with pytest.raises(ReplicateError, match="Input validation failed"):
        client.models.predictions.create("black-forest-labs/flux-schnell", input={"num_outputs": 5})
    gateway.faults.work_s = 3.0
    slow = client.models.predictions.create("black-forest-labs/flux-schnell", input={"prompt": "x"}, wait=1)
    assert slow.status == "processing"
    slow.cancel()
    assert client.predictions.get(slow.id).status == "canceled"
    assert client.accounts.current().username == "tests"
    secret = client.webhooks.default.secret()
    headers = sign(secret.key, "m", 1, b"{}")
    Webhooks.validate(headers=headers, body="{}", secret=secret)
    client._client.close()
