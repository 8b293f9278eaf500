"""Webhooks in and out: who is believed, and where we connect to."""

import base64
import json
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from ipaddress import ip_address

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from adapters.addresses import Address, Network, is_public
from adapters.webhook_sender import Delivered, Endpoint, Outgoing, Persistence, WebhookSender
from adapters.webhooks import MAX_BODY_BYTES, WINDOW_S, SeenIds, WebhookId, capped, sign, verify
from pipelines.errors import AuthInvalid, InvalidInput, TooLarge
from tests.peers.https import Https, Received, Reply, https

# Published with replicate-python 1.0.7 (tests/test_webhooks.py), taken there from svix.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SENT_AT = 1614265330
BODY = b'{"test": 2432232314}'
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": str(SENT_AT),
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}


def test_the_published_vector_is_believed_and_made_again() -> None:
    assert verify(SECRET, HEADERS, BODY, SENT_AT + 1) == HEADERS["webhook-id"]
    assert sign(SECRET, HEADERS["webhook-id"], SENT_AT, BODY) == HEADERS


def test_header_names_come_in_any_case_and_signatures_in_any_number() -> None:
    several = {
        "Webhook-Id": HEADERS["webhook-id"],
        "WEBHOOK-TIMESTAMP": HEADERS["webhook-timestamp"],
        "webhook-Signature": f"v1,AAAA broken v1a,xyz {HEADERS['webhook-signature']} v1,é",
    }
    assert verify(SECRET, several, BODY, SENT_AT) == HEADERS["webhook-id"]


@pytest.mark.parametrize("bit", range(0, 8 * len(BODY), 7))
def test_one_flipped_bit_of_the_body_is_seen(bit: int) -> None:
    flipped = bytearray(BODY)
    flipped[bit // 8] ^= 1 << (bit % 8)
    with pytest.raises(AuthInvalid, match="does not fit"):
        verify(SECRET, HEADERS, bytes(flipped), SENT_AT)


@pytest.mark.parametrize(("late_s", "is_taken"), [(-301, False), (-300, True), (300, True), (301, False), (1e9, False)])
def test_the_window_is_five_minutes_to_both_sides(late_s: float, is_taken: bool) -> None:
    if is_taken:
        verify(SECRET, HEADERS, BODY, SENT_AT + late_s)
    else:
        with pytest.raises(AuthInvalid, match="not of now"):
            verify(SECRET, HEADERS, BODY, SENT_AT + late_s)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-id", ""),
        ("webhook-id", "msg_é"),
        ("webhook-id", "x" * 257),
        ("webhook-timestamp", "١٦١٤٢٦٥٣٣٠"),
        ("webhook-timestamp", f"+{SENT_AT}"),
        ("webhook-timestamp", "1614265330.5"),
        ("webhook-timestamp", "9" * 400),
        ("webhook-signature", ""),
        ("webhook-signature", "v1," + "A" * 5000),
        ("webhook-signature", "v9,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        ("webhook-signature", "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    ],
)
def test_a_damaged_header_is_a_refusal_and_nothing_worse(name: str, value: str) -> None:
    with pytest.raises(AuthInvalid):
        verify(SECRET, {**HEADERS, name: value}, BODY, SENT_AT)


def test_the_older_names_of_the_headers_are_not_believed() -> None:
    with pytest.raises(AuthInvalid):
        verify(SECRET, {f"x-{name}": value for name, value in HEADERS.items()}, BODY, SENT_AT)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_a_b", "whsec_é", "whsec_abc"])
def test_a_secret_that_is_none_is_said_without_telling_it(secret: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        verify(secret, HEADERS, BODY, SENT_AT)
    assert "a_b" not in str(raised.value)


async def test_fifty_megabytes_are_given_up_after_the_first_four() -> None:
    sent = 0

    async def flood() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(50):
            sent += 1
            yield bytes(1024 * 1024)

    with pytest.raises(TooLarge):
        await capped(flood())
    assert sent == MAX_BODY_BYTES // 1024**2 + 1
    with pytest.raises(TooLarge):
        verify(SECRET, HEADERS, bytes(MAX_BODY_BYTES + 1), SENT_AT)


def test_the_largest_body_is_verified_well_within_a_tenth_of_a_second() -> None:
    body = random.Random(0).randbytes(MAX_BODY_BYTES)
    headers = sign(SECRET, "msg_1", SENT_AT, body)
    best = 1.0
    for _ in range(5):
        began = time.perf_counter()
        verify(SECRET, headers, body, SENT_AT)
        best = min(best, time.perf_counter() - began)
    assert best < 0.1


secrets = st.binary(min_size=24, max_size=64).map(lambda key: "whsec_" + base64.b64encode(key).decode())
ids = st.text("abcdefghijklmnopqrstuvwxyz0123456789_-", min_size=1, max_size=40)
bodies = st.dictionaries(st.text(max_size=8), st.text(max_size=20) | st.integers(), max_size=4).map(
    lambda value: json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
)


@settings(max_examples=60, deadline=None)
@given(secret=secrets, webhook_id=ids, body=bodies, late_s=st.integers(-280, 280))
def test_what_the_reference_library_signs_is_believed_and_the_other_way_round(
    secret: str, webhook_id: str, body: bytes, late_s: int
) -> None:
    now = int(time.time())
    ours = sign(secret, webhook_id, now + late_s, body)
    Webhook(secret).verify(body, ours)
    assert verify(secret, ours, body, now) == webhook_id


@settings(max_examples=60, deadline=None)
@given(
    secret=secrets, other=secrets, body=bodies, at=st.integers(0, 10_000), what=st.sampled_from(["body", "id", "key"])
)
def test_forgeries_are_refused_by_both(secret: str, other: str, body: bytes, at: int, what: str) -> None:
    now = int(time.time())
    headers = sign(other if what == "key" else secret, "msg_1", now, body)
    if what == "id":
        headers["webhook-id"] = "msg_2"
    elif what == "body":
        text = body.decode()
        body = (text[: at % (len(text) + 1)] + " " + text[at % (len(text) + 1) :]).encode()
    elif other == secret:
        return
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body, headers)
    with pytest.raises(AuthInvalid):
        verify(secret, headers, body, now)


def test_a_repeated_id_is_known_until_its_timestamp_refuses_it() -> None:
    seen = SeenIds()
    first = WebhookId("msg_1")
    assert seen.is_new(first, 0.0)
    assert not seen.is_new(first, 2 * WINDOW_S)  # sent from 300 s ahead, it is refused only after twice the window
    assert seen.is_new(first, 4 * WINDOW_S + 1)


def test_memory_of_ids_is_bounded() -> None:
    seen = SeenIds(limit=3)
    assert all(seen.is_new(WebhookId(str(n)), 0.0) for n in range(10))
    assert not seen.is_new(WebhookId("9"), 0.0)
    assert seen.is_new(WebhookId("0"), 0.0)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1", "fd00::1", "::ffff:127.0.0.1", "2002:7f00:1::", "64:ff9b::a9fe:a9fe",
        "2001:0:4136:e378:8000:63bf:80ff:fffe",
    ],
)  # fmt: skip
def test_inner_addresses_are_not_public_in_whatever_clothes(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_outer_addresses_are_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/", "ftp://shop.example/", "https://", "https:///x", "https://u:p@shop.example/",
        "https://shop.example:99999/", "https://[::1/", "https://shop.example/\n", "javascript:alert(1)", "",
        "https://127.0.0.1/", "https://[::1]/", "https://2130706433/", "https://0x7f.1/", "https://localhost/",
        "https://shop.example/" + "x" * 3000,
    ],
)  # fmt: skip
async def test_only_https_to_public_addresses_is_gone_to(url: str) -> None:
    with pytest.raises(InvalidInput):
        await Network().pin(url)


async def test_one_inner_address_among_outer_ones_is_enough_to_refuse() -> None:
    network = Network(look_up=answering("8.8.8.8", "10.0.0.1"))
    with pytest.raises(InvalidInput, match="public"):
        await network.pin("https://shop.example/")


def answering(*addresses: str, moved_to: str | None = None) -> Callable[[str, int], Awaitable[Sequence[Address]]]:
    asked: list[str] = []

    async def look_up(name: str, _port: int) -> Sequence[Address]:
        asked.append(name)
        return [ip_address(moved_to)] if moved_to and len(asked) > 1 else [ip_address(one) for one in addresses]

    return look_up


LOCAL = Network(look_up=answering("127.0.0.1"), admits=lambda address: address.is_loopback)


class Waits:
    """Sleeping that is only written down."""

    def __init__(self) -> None:
        self.s: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.s.append(seconds)


async def delivered(
    server: Https, endpoint: Endpoint | None = None, network: Network = LOCAL, waits: Waits | None = None
) -> Delivered:
    endpoint = endpoint or Endpoint(f"https://shop.example:{server.port}/hook?job=1", SECRET)
    async with httpx.AsyncClient(verify=server.trust) as client:
        sender = WebhookSender(client, network, time.time, sleep=waits or Waits(), jitter=random.Random(1))
        return await sender.deliver(endpoint, Outgoing("evt_1", BODY))


async def test_a_delivery_is_signed_and_goes_to_the_name_by_the_checked_address() -> None:
    with https(lambda _: Reply()) as server:
        done = await delivered(server)
        (one,) = server.received
    assert (done.outcome, done.attempts, done.status) == ("delivered", 1, 200)
    assert one.path == "/hook?job=1"
    assert one.headers["host"] == f"shop.example:{server.port}"
    Webhook(SECRET).verify(one.body, one.headers)


async def test_a_failing_receiver_is_tried_again_with_growing_waits_and_fresh_timestamps() -> None:
    answers = iter([500, 404, 503, 302, 200])
    waits = Waits()
    with https(lambda _: Reply(next(answers), headers={"location": "https://shop.example/other"})) as server:
        done = await delivered(server, waits=waits)
    assert (done.outcome, done.attempts) == ("delivered", 5)
    assert [one.path for one in server.received] == ["/hook?job=1"] * 5
    assert len({one.headers["webhook-id"] for one in server.received}) == 1
    for doubled, wait in zip([2, 4, 8, 16], waits.s, strict=True):
        assert doubled / 2 <= wait <= doubled


async def test_an_endpoint_is_switched_off_after_five_deliveries_and_mended_by_one() -> None:
    status = 500
    with https(lambda _: Reply(status)) as server:
        endpoint = Endpoint(f"https://shop.example:{server.port}/", SECRET)
        for number in range(1, 5):
            endpoint = (await delivered(server, endpoint)).endpoint
            assert (endpoint.failed_in_a_row, endpoint.is_off) == (number, False)
        status = 204
        assert (await delivered(server, endpoint)).endpoint.failed_in_a_row == 0
        status = 500
        endpoint = (await delivered(server, endpoint)).endpoint
        assert endpoint.is_off
        before = len(server.received)
        assert (await delivered(server, endpoint)).outcome == "off"
        assert len(server.received) == before


async def test_gone_switches_off_at_once() -> None:
    with https(lambda _: Reply(410)) as server:
        done = await delivered(server)
    assert (done.outcome, done.attempts, done.endpoint.is_off) == ("refused", 1, True)


async def test_a_name_that_moves_inside_between_attempts_is_not_followed() -> None:
    moves = Network(answering("127.0.0.1", moved_to="10.0.0.1"), admits=lambda address: address.is_loopback)
    with https(lambda _: Reply(500)) as server:
        done = await delivered(server, network=moves)
        assert len(server.received) == 1
    assert (done.outcome, done.attempts) == ("refused", 2)


async def test_a_receiver_with_another_names_certificate_is_told_nothing() -> None:
    with https(lambda _: Reply()) as server:
        done = await delivered(server, Endpoint(f"https://other.test:{server.port}/", SECRET))
        assert server.received == []
    assert (done.outcome, done.attempts, done.reason) == ("failed", 6, "ConnectError")


async def test_a_receiver_that_says_nothing_is_waited_for_briefly() -> None:
    def sulk(_: Received) -> Reply:
        time.sleep(0.3)
        return Reply()

    with https(sulk) as server:
        async with httpx.AsyncClient(verify=server.trust) as client:
            sender = WebhookSender(
                client, LOCAL, time.time, sleep=Waits(), persistence=Persistence(attempts=2, attempt_s=0.05)
            )
            done = await sender.deliver(Endpoint(f"https://shop.example:{server.port}/", SECRET), Outgoing("e", b"{}"))
    assert (done.outcome, done.attempts) == ("failed", 2)


def test_an_endpoint_does_not_show_its_secret() -> None:
    assert "MfKQ" not in repr(Endpoint("https://shop.example/", SECRET))
