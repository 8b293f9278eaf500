"""The clients against a real HTTP peer: every test runs over both of them."""

import asyncio
import hashlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from moldar import ApiError, AsyncClient, BadAnswer, Client, ConnectionFailed, GenerationFailed, Retry, Upload
from moldar.wire import Event, GenerationRequest
from tests.moldar.peer import KEY, KINDS, Peer, serving

FAST = Retry(attempts=4, first_s=0.001, max_s=0.002)


class Awaited:
    """AsyncClient with each call awaited, so that one test speaks for both clients."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self._client = AsyncClient(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            made = getattr(self._client, name)(*args, **kwargs)
            return self._loop.run_until_complete(_collect(made) if inspect.isasyncgen(made) else made)

        return call

    def close(self) -> None:
        self._loop.run_until_complete(self._client.close())
        self._loop.close()


async def _collect(items: Any) -> list[Any]:
    return [item async for item in items]


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Peer, str]]:
    peer = Peer()
    with serving(peer) as url:
        yield peer, url


@pytest.fixture
def peer(served: tuple[Peer, str]) -> Peer:
    served[0].reset()
    return served[0]


@pytest.fixture
def url(served: tuple[Peer, str], peer: Peer) -> str:
    return served[1]


@pytest.fixture(params=[Client, Awaited])
def client(request: pytest.FixtureRequest, url: str) -> Iterator[Any]:
    made = request.param(url, KEY, retry=FAST)
    yield made
    made.close()


def test_generate_follows_the_job_to_its_end(client: Any) -> None:
    told: list[Event] = []
    made = client.generate(prompt="a vase", seed=7, on_event=told.append)
    assert made.status == "succeeded"
    assert (made.request.prompt, made.request.seed) == ("a vase", 7)
    assert [event.kind for event in told] == list(KINDS)


def test_a_prompt_alone_is_a_request(client: Any) -> None:
    assert client.generate("a mug", wait=False).request.prompt == "a mug"
    assert client.generate(GenerationRequest(prompt="a jug"), wait=False).status == "running"


def test_a_request_and_fields_together_are_refused(client: Any) -> None:
    with pytest.raises(ValueError, match="not both"):
        client.generate(GenerationRequest(prompt="a jug"), seed=3)


def test_fields_are_checked_before_anything_is_sent(client: Any, peer: Peer) -> None:
    with pytest.raises(ValidationError, match="size_mm"):
        client.generate("a vase", size_mm=-3)
    assert peer.seen == []


@pytest.mark.parametrize("per_stream", [1, 2, 3])
def test_a_stream_that_breaks_is_resumed_after_the_last_event(client: Any, peer: Peer, per_stream: int) -> None:
    peer.events_per_stream = per_stream
    told: list[Event] = []
    assert client.generate("a vase", on_event=told.append).status == "succeeded"
    assert [event.kind for event in told] == list(KINDS)
    resumed = [int(headers["last-event-id"]) for _, path, headers in peer.seen if path.endswith("/events")]
    assert resumed == list(range(0, len(KINDS), per_stream))


def test_events_are_told_once_even_if_the_service_forgets_where_we_were(client: Any, peer: Peer) -> None:
    peer.streams = "forgetful"
    peer.events_per_stream = 3
    accepted = client.generate("a vase", wait=False)
    ids = [event.id for event in client.events(accepted.id)]
    assert ids == sorted(set(ids))
    assert ids[:3] == [1, 2, 3]


@pytest.mark.parametrize("streams", ["page", "absent"])
def test_without_streams_the_job_is_polled(client: Any, peer: Peer, streams: str) -> None:
    peer.streams = streams
    told: list[Event] = []
    assert client.generate("a vase", on_event=told.append).status == "succeeded"
    assert told == []


def test_a_lost_answer_to_submit_makes_one_job_not_two(client: Any, peer: Peer) -> None:
    peer.losses.extend(["POST /v1/generations"] * 2)
    made = client.generate("a vase")
    assert (made.id, len(peer.jobs)) == ("gen_0", 1)
    keys = {headers["idempotency-key"] for _, path, headers in peer.seen if path == "/v1/generations"}
    assert (len(keys), peer.count("POST", "/v1/generations")) == (1, 3)


def test_two_submissions_are_two_jobs(client: Any, peer: Peer) -> None:
    client.submit(GenerationRequest(prompt="a vase"))
    client.submit(GenerationRequest(prompt="a vase"))
    assert len(peer.jobs) == 2


def test_an_own_idempotency_key_is_kept(client: Any, peer: Peer) -> None:
    for _ in range(2):
        client.submit(GenerationRequest(prompt="a vase"), idempotency_key="order-1")
    assert len(peer.jobs) == 1


def test_only_what_was_asked_is_sent(url: str, peer: Peer) -> None:
    with Client(url, KEY) as client:
        client.generate("a vase", wait=False, quantity=3)
    assert peer.jobs["gen_0"].request["quantity"] == 3
    headers = peer.seen[0][2]
    assert int(headers["content-length"]) == len('{"prompt":"a vase","quantity":3}')


@pytest.mark.parametrize(("status", "code"), [(429, "limit.rate"), (503, "capacity.saturated")])
def test_a_busy_service_is_asked_again(client: Any, peer: Peer, status: int, code: str) -> None:
    peer.refuse(status, code, retryable=True, retry_after="0", times=2)
    assert client.materials().items == ()
    assert peer.count("GET", "/v1/materials") == 3


def test_attempts_are_bounded_and_the_last_refusal_is_raised(client: Any, peer: Peer) -> None:
    peer.refuse(503, "capacity.saturated", retryable=True, retry_after="0", times=9)
    with pytest.raises(ApiError) as caught:
        client.materials()
    error = caught.value
    assert (error.code, error.status, error.retryable, error.retry_after_s) == ("capacity.saturated", 503, True, 0.0)
    assert peer.count("GET", "/v1/materials") == FAST.attempts


@pytest.mark.parametrize(("status", "retryable"), [(422, False), (409, False), (500, True), (503, False)])
def test_what_another_try_cannot_mend_is_raised_at_once(client: Any, peer: Peer, status: int, retryable: bool) -> None:
    peer.refuse(status, "input.invalid", retryable=retryable)
    with pytest.raises(ApiError, match="It is so"):
        client.materials()
    assert peer.count("GET", "/v1/materials") == 1


def test_a_retry_after_beyond_patience_is_not_waited_for(client: Any, peer: Peer) -> None:
    peer.refuse(429, "limit.rate", retryable=True, retry_after="3600")
    with pytest.raises(ApiError) as caught:
        client.materials()
    assert caught.value.retry_after_s == 3600


def test_a_page_of_a_proxy_is_told_by_its_status(client: Any, peer: Peer) -> None:
    peer.refusals.append((404, {}, b"<html>nothing here</html>"))
    with pytest.raises(ApiError) as caught:
        client.materials()
    assert (caught.value.code, str(caught.value)) == ("http.404", "The service answered 404 Not Found.")


def test_what_is_not_a_moldar_service_is_a_bad_answer(client: Any, peer: Peer) -> None:
    peer.refusals.append((200, {}, b'{"hello": "world"}'))
    with pytest.raises(BadAnswer, match="MaterialList"):
        client.materials()
    peer.refusals.append((302, {"Location": "https://elsewhere.example"}, b""))
    with pytest.raises(BadAnswer, match="302"):
        client.materials()


def test_fields_of_a_newer_service_are_ignored(client: Any) -> None:
    assert client.materials().items == ()


def test_field_errors_are_part_of_the_sentence(client: Any, peer: Peer) -> None:
    unchecked = GenerationRequest.model_construct(_fields_set={"prompt", "steps"}, prompt="a vase", steps=0)
    with pytest.raises(ApiError) as caught:
        client.submit(unchecked)
    assert caught.value.errors[0].field == "steps"
    assert str(caught.value).startswith("The request is not valid (steps: ")


@pytest.mark.parametrize("make", [Client, Awaited])
def test_a_missing_key_is_told(make: Any, url: str) -> None:
    client = make(url, retry=FAST)
    with pytest.raises(ApiError) as caught:
        client.materials()
    client.close()
    assert (caught.value.code, caught.value.status) == ("auth.missing", 401)


@pytest.mark.parametrize("make", [Client, Awaited])
def test_nobody_there_is_a_connection_error_with_the_url(make: Any) -> None:
    client = make("http://127.0.0.1:9", retry=FAST)  # the discard port: nothing listens
    with pytest.raises(ConnectionFailed, match=r"http://127\.0\.0\.1:9: it cannot be reached"):
        client.materials()
    client.close()


def test_a_silent_service_is_not_waited_for_forever(url: str) -> None:
    import socket

    with (
        socket.create_server(("127.0.0.1", 0)) as mute,
        Client(f"http://127.0.0.1:{mute.getsockname()[1]}", timeout_s=0.05, retry=Retry(attempts=1)) as client,
        pytest.raises(ConnectionFailed, match="too long"),
    ):
        client.materials()


@pytest.mark.parametrize("bad", ["", "127.0.0.1:8000", "ftp://host", "http://", "file:///etc/passwd"])
def test_a_url_that_is_none_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="http"):
        Client(bad)


@pytest.mark.parametrize("bad", ["", "key\r\nX-Evil: 1", "chavé"])
def test_a_key_that_no_header_can_carry_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="API key"):
        Client("http://127.0.0.1:8000", bad)


def test_the_key_is_in_no_repr() -> None:
    from moldar._http import Options

    assert KEY not in repr(Options("http://127.0.0.1:1", KEY, 1.0))


def test_pages_are_walked_to_their_end(client: Any) -> None:
    made = [client.generate(f"vase {n}", wait=False).id for n in range(5)]
    assert [generation.id for generation in client.iterate()] == made[::-1]
    page = client.list(limit=3)
    assert (len(page.items), page.next_cursor is None) == (3, False)
    assert [g.id for g in client.list(cursor=page.next_cursor, limit=3).items] == made[1::-1]


def test_a_canceled_generation_ends_the_wait(client: Any, peer: Peer) -> None:
    accepted = client.generate("a vase", wait=False)
    assert client.cancel(accepted.id).status == "canceled"
    peer.jobs[accepted.id].events = []
    assert client.wait(accepted.id).status == "canceled"


def test_a_second_delete_after_a_lost_answer_is_done_not_missing(client: Any, peer: Peer) -> None:
    accepted = client.generate("a vase", wait=False)
    peer.refuse(503, "storage.failed", retryable=True, retry_after="0")
    del peer.jobs[accepted.id]
    client.delete(accepted.id)


def test_deleting_what_is_not_there_is_told(client: Any) -> None:
    with pytest.raises(ApiError) as caught:
        client.delete("gen_none")
    assert caught.value.code == "job.not_found"


def test_files_come_whole_and_checked(client: Any, tmp_path: Path) -> None:
    made = client.generate("a vase")
    (path,) = client.download(made, tmp_path / "deep" / "out")
    assert path == tmp_path / "deep" / "out" / "model.stl"
    assert hashlib.sha256(path.read_bytes()).hexdigest() == made.files[0].sha256
    assert client.file(made.id, "model.stl") == path.read_bytes()
    assert [p.name for p in path.parent.iterdir()] == ["model.stl"]


def test_a_broken_download_begins_again(client: Any, peer: Peer, tmp_path: Path) -> None:
    made = client.generate("a vase")
    peer.losses.append(f"GET /v1/generations/{made.id}/files/model.stl")
    (path,) = client.download(made, tmp_path)
    assert path.read_bytes() == b"a vase" * 50


@pytest.mark.parametrize(
    ("damage", "announced", "words"),
    [("bytes", None, "SHA-256"), ("long", None, "longer"), ("none", 1000, "300 of 1000"), ("none", 10, "longer")],
)
def test_a_damaged_file_is_refused_and_leaves_nothing(
    client: Any, peer: Peer, tmp_path: Path, damage: str, announced: int | None, words: str
) -> None:
    peer.damage, peer.announced = damage, announced
    made = client.generate("a vase")
    with pytest.raises(BadAnswer, match=words):
        client.download(made, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["../evil.stl", "/etc/passwd", "..", "a\\b.stl", "C:evil", "nul.stl", "", "a\0b", "x" * 300, "a\nb", "."]
)
def test_a_file_name_that_leaves_the_folder_is_refused(client: Any, peer: Peer, tmp_path: Path, name: str) -> None:
    peer.file_name = name
    made = client.generate("a vase")
    with pytest.raises(BadAnswer, match="not safe"):
        client.download(made, tmp_path / "out")
    assert list(tmp_path.rglob("*")) == []


def test_there_is_nothing_to_download_of_a_job_that_did_not_succeed(client: Any, tmp_path: Path) -> None:
    accepted = client.generate("a vase", wait=False)
    with pytest.raises(GenerationFailed, match="running"):
        client.download(accepted, tmp_path)
    with pytest.raises(GenerationFailed) as caught:
        client.download(client.cancel(accepted.id), tmp_path)
    assert caught.value.code == "job.canceled"


def test_quotes_take_only_what_changes(client: Any) -> None:
    made = client.generate("a vase")
    quote = client.quote(made.id, material="petg", quantity=4)
    assert (quote.material, quote.quantity, quote.total_minor) == ("petg", 4, 2000)


def test_files_are_uploaded_with_their_form(client: Any, tmp_path: Path) -> None:
    part = tmp_path / "part ü.stl"
    part.write_bytes(b"solid")
    sent = client.convert(part, format="3mf", size_mm=80)
    assert sent == b'{"name": "part \\u00fc.stl", "format": "3mf", "size_mm": "80.0"}solid'
    assert client.quote_file(Upload("x.stl", b"solid"), quantity=2).total_minor == 1000


def test_a_policy_that_never_sends_is_refused() -> None:
    with pytest.raises(ValueError, match="attempts"):
        Retry(attempts=0)
