"""api.replicate.com over real HTTP, in front of a real `cog` server that runs a real (small) model.

What cog does is cog's; what the public API adds (names, queue, deadlines, signed webhooks, output hosting, errors) is
here, from the vendor's OpenAPI document. `Faults` makes it fail as the live service has been seen to.
"""

import base64
import itertools
import json
import os
import re
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

import httpx

from adapters.webhooks import sign
from tests.peers.https import Https, Received, Reply, https
from tests.peers.replicate_schemas import INPUTS

TOKEN = "r8_token_of_the_tests"
SECRET = "whsec_" + base64.b64encode(b"a key of twenty-four byt").decode()
TERMINAL = ("succeeded", "failed", "canceled", "aborted")
CreateFault = Literal[
    "throttled", "throttled silently", "low credit", "no credit", "bad token", "error before", "error after",
    "dropped before", "dropped after", "slow after", "not json", "redirected", "fine",
]  # fmt: skip
Job = dict[str, Any]


@dataclass
class Faults:
    """What goes wrong. Lists are used up from the front, one for each call."""

    creates: list[CreateFault] = field(default_factory=list)
    reads: list[int] = field(default_factory=list)  # status of the next GETs
    hooks_dropped: bool = False
    hooks_doubled: bool = False
    hooks_reversed: bool = False  # the start is told after the end
    hooks_late_s: float = 0.0
    queue_held: bool = False  # nothing begins
    erased: bool = False  # outputs are past their hour
    output: Reply | None = None  # in the place of every output
    answer_s: float = 1.0  # how slow `slow after` is
    work_s: float = 0.0
    deadline_scale: float = 1.0  # of Cancel-After, whose least is 5 s


@dataclass
class Gateway:
    """The running service and all it knows."""

    url: str
    cog_url: str
    outputs: Https
    faults: Faults = field(default_factory=Faults)
    jobs: dict[str, Job] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    models: set[str] = field(default_factory=lambda: set(INPUTS))
    asked: list[Received] = field(default_factory=list)
    hooks: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)  # that were sent
    hosted: dict[str, bytes] = field(default_factory=dict)
    echoes_hooks: bool = False  # whether a prediction shows its webhook, which is not documented
    page_size: int = 100
    next_url: str = "https://elsewhere.example"  # where pages claim to go on: the token must not go there
    queue: "Queue[Job]" = field(default_factory=Queue)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def creates(self) -> list[Received]:
        """Every POST that could have cost something."""
        return [one for one in self.asked if one.method == "POST" and re.search("(predictions|trainings)$", one.path)]

    def over(self, limit_s: float = 5.0) -> None:
        """Wait until nothing runs."""
        until = time.monotonic() + limit_s
        while any(job["status"] not in TERMINAL for job in self.jobs.values()) and time.monotonic() < until:
            time.sleep(0.01)


@contextmanager
def cog_server() -> Iterator[str]:
    """A real cog server, ready. Its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    here = Path(sys.executable).parent  # the worker is started as `python`: it must be this one
    env = {**os.environ, "PATH": f"{here}:{os.environ['PATH']}", "PORT": str(port)}
    env |= {"COG_PREDICT_TYPE_STUB": "cog_predictor.py:Predictor", "COG_LOG_LEVEL": "error"}
    command = [sys.executable, "-m", "cog.server.http", "--host", "127.0.0.1"]
    process = subprocess.Popen(
        command, env=env, cwd=Path(__file__).parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _await_ready(url, process)
        yield url
    finally:
        with suppress(httpx.HTTPError):
            httpx.post(f"{url}/shutdown", timeout=2)
        with suppress(subprocess.TimeoutExpired):
            process.wait(3)
        process.kill()
        process.wait()


def _await_ready(url: str, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        with suppress(httpx.HTTPError, ValueError):
            if httpx.get(f"{url}/health-check", timeout=2).json().get("status") == "READY":
                return
        time.sleep(0.1)
    raise RuntimeError("the cog server did not become ready")


@contextmanager
def replicate_gateway(cog_url: str) -> Iterator[Gateway]:
    """The service, in front of a running cog server."""
    known: list[Gateway] = []

    def output(asked: Received) -> Reply:
        faults, data = known[0].faults, known[0].hosted.get(asked.path)
        if faults.output is not None:
            return faults.output
        return Reply(404) if data is None or faults.erased else Reply(200, iter([data]))

    with https(output) as outputs:
        gateway = Gateway("", cog_url, outputs)
        known.append(gateway)
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(gateway))
        server.daemon_threads = True
        gateway.url = f"http://127.0.0.1:{server.server_address[1]}"
        stopped = threading.Event()
        threads = [
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True),
            threading.Thread(target=_work, args=(gateway, stopped), daemon=True),
            threading.Thread(target=_watch_deadlines, args=(gateway, stopped), daemon=True),
        ]
        for thread in threads:
            thread.start()
        try:
            yield gateway
        finally:
            stopped.set()
            server.shutdown()
            server.server_close()
            for thread in threads:
                thread.join()


def _work(gateway: Gateway, stopped: threading.Event) -> None:
    """One slot, as one replica has."""
    while not stopped.is_set():
        try:
            job = gateway.queue.get(timeout=0.02)
        except Empty:
            continue
        while gateway.faults.queue_held and job["status"] == "starting" and not stopped.wait(0.01):
            pass
        with gateway.lock:
            if job["status"] != "starting":
                continue
            job.update(status="processing", started_at=_now())
        if not gateway.faults.hooks_reversed:
            _tell(gateway, job)
        _run(gateway, job)


def _run(gateway: Gateway, job: Job) -> None:
    given = job["input"]
    make = "picture" if "flux" in job["model"] and not job["training"] else "splats"
    told = {"make": make, "prompt": str(given.get("prompt", "")), "seed": int(given.get("seed", 0))}
    told["work_s"] = gateway.faults.work_s
    began = time.monotonic()
    body = httpx.put(f"{gateway.cog_url}/predictions/{job['id']}", json={"input": told}, timeout=60).json()
    seconds = body.get("metrics", {}).get("predict_time", time.monotonic() - began)
    early = dict(job)
    with gateway.lock:
        if job["status"] != "processing":
            return
        job.update(status=body["status"], error=body.get("error"), completed_at=_now())
        job["metrics"] = {"predict_time": seconds, "total_time": seconds + 1}
        if job["status"] == "succeeded":
            job["output"] = _hosted(gateway, job, body["output"])
    _tell(gateway, job)
    if gateway.faults.hooks_reversed:
        _tell(gateway, early)


def _hosted(gateway: Gateway, job: Job, outputs: list[str]) -> Any:
    """cog gives data URIs; they get addresses as the service's own have."""
    made = []
    for number, uri in enumerate(outputs):
        extension = {"video/mp4": "mp4", "image/png": "png"}.get(uri[5:].partition(";")[0], "ply")
        path = f"/pbxt/{job['id']}/out-{number}.{extension}"
        gateway.hosted[path] = base64.b64decode(uri.partition(",")[2])
        made.append(f"https://pbxt.replicate.delivery:{gateway.outputs.port}{path}")
    if job["training"]:
        return {"weights": made[-1], "version": f"{job['destination']}:{TRAINED}"}
    return {"gaussian_ply": made[-1], "color_video": made[0]} if "trellis" in job["model"] else made


def _watch_deadlines(gateway: Gateway, stopped: threading.Event) -> None:
    while not stopped.wait(0.02):
        for job in list(gateway.jobs.values()):
            if job["stops_at"] is not None and time.monotonic() > job["stops_at"]:
                _stop(gateway, job, before="aborted")


def _stop(gateway: Gateway, job: Job, before: str) -> None:
    """End a job: `before` is its state where it had not begun."""
    with gateway.lock:
        if job["status"] in TERMINAL:
            return
        had_begun = job["status"] == "processing"
        job.update(status="canceled" if had_begun else before, completed_at=_now())
        job["metrics"] = {"predict_time": 0.25} if had_begun else {}
    with suppress(httpx.HTTPError):
        httpx.post(f"{gateway.cog_url}/predictions/{job['id']}/cancel", timeout=5)
    if job["status"] != "aborted":  # whether that one is told is not documented: the worse is taken
        _tell(gateway, job)


def _tell(gateway: Gateway, job: Job) -> None:
    """The webhook of where it stands, signed; the last one is repeated where it is not taken."""
    if not job["webhook"] or gateway.faults.hooks_dropped:
        return
    body = json.dumps(_shown(gateway, job)).encode()
    webhook_id = f"msg_{secrets.token_hex(8)}"
    time.sleep(gateway.faults.hooks_late_s)
    tries = 4 if job["status"] in TERMINAL else 1
    for _ in range(2 if gateway.faults.hooks_doubled else 1):
        for tried in range(tries):
            headers = sign(SECRET, webhook_id, int(time.time()), body)
            gateway.hooks.append((job["webhook"], headers, body))
            with suppress(httpx.HTTPError):
                if httpx.post(job["webhook"], content=body, headers=headers, timeout=2).is_success:
                    break
            time.sleep(0.05 * 2**tried)


def _shown(gateway: Gateway, job: Job) -> Job:
    hidden = {"stops_at", "training", "destination", *(() if gateway.echoes_hooks else ("webhook",))}
    shown = {name: value for name, value in job.items() if name not in hidden}
    return shown | ({"output": None, "data_removed": True, "input": {}} if gateway.faults.erased else {})


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def _handler(gateway: Gateway) -> type[BaseHTTPRequestHandler]:
    class Handler(_Api):
        known = gateway

    return Handler


class _Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    known: Gateway

    def log_message(self, *_: object) -> None:
        """Nothing: the tests read `asked`."""

    def do_GET(self) -> None:
        self._asked(b"")

    def do_POST(self) -> None:
        self._asked(self.rfile.read(int(self.headers.get("content-length", 0))))

    def _asked(self, body: bytes) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.known.asked.append(Received(self.command, self.path, headers, body))
        if headers.get("authorization") != f"Bearer {TOKEN}":
            return self._problem(401, "Unauthenticated", "You did not pass a valid authentication token")
        if self.command == "GET" and self.known.faults.reads:
            return self._problem(self.known.faults.reads.pop(0), "Server error", "it happens")
        parts = urlsplit(self.path)
        for method, pattern, name in _ROUTES:
            if self.command == method and (match := re.fullmatch(pattern, parts.path)):
                return getattr(self, name)(body, *match.groups())
        return self._problem(404, "Not found", "no such route")

    def _send(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"ratelimit-remaining": "599", "ratelimit-reset": "1", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(data)

    def _problem(self, status: int, title: str, detail: str, **more: Any) -> None:
        self._send(status, {"title": title, "detail": detail, "status": status, **more})

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _account(self, _: bytes) -> None:
        self._send(200, {"type": "user", "username": "tests", "name": "Tests"})

    def _webhook_secret(self, _: bytes) -> None:
        self._send(200, {"key": SECRET})

    def _model(self, _: bytes, ref: str) -> None:
        if ref not in self.known.models:
            return self._problem(404, "Not found", "no such model")
        version = {"id": "f" * 64, "created_at": _now(), "cog_version": "0.23.1"}
        owner, name = ref.split("/")
        return self._send(
            200,
            {
                "url": f"https://replicate.com/{ref}", "owner": owner, "name": name, "visibility": "public",
                "run_count": 1, "latest_version": version | {"openapi_schema": INPUTS.get(ref, {})},
            },
        )  # fmt: skip

    def _new_model(self, body: bytes) -> None:
        given = json.loads(body)
        self.known.models.add(f"{given['owner']}/{given['name']}")
        self._model(b"", f"{given['owner']}/{given['name']}")

    def _version(self, _: bytes, ref: str, version: str) -> None:
        if ref not in INPUTS:
            return self._problem(404, "Not found", "no such version")
        told = {"id": version, "created_at": _now(), "cog_version": "0.23.1", "openapi_schema": INPUTS[ref]}
        return self._send(200, told)

    def _new_file(self, body: bytes) -> None:
        head = f"content-type: {self.headers['content-type']}\r\n\r\n".encode()
        parts = message_from_bytes(head + body).walk()
        found = (one for one in parts if one.get_param("name", header="content-disposition") == "content")
        data = next(found).get_payload(decode=True)
        assert isinstance(data, bytes)
        file_id = secrets.token_hex(8)
        self.known.files[file_id] = data
        told = {
            "id": file_id,
            "name": "file",
            "content_type": "application/octet-stream",
            "size": len(data),
            "metadata": {},
        }
        urls = {"get": f"https://api.replicate.com/v1/files/{file_id}"}
        self._send(201, told | {"etag": "0", "checksums": {}, "created_at": _now(), "urls": urls})

    def _create(self, body: bytes, ref: str | None = None, version: str = "hidden", training: str = "") -> None:
        fault = self.known.faults.creates.pop(0) if self.known.faults.creates else None
        if fault is not None and self._failed_before(fault):
            return None
        given = json.loads(body)
        version = given.get("version", version)
        ref = ref or next((name for name, one in PINNED.items() if one == version), None)
        if ref is None or ref not in INPUTS:
            return self._problem(422, "Invalid version or not permitted", "The specified version does not exist")
        if training and given.get("destination") not in self.known.models:
            return self._send(404, {"detail": "The specified training destination does not exist", "status": 404})
        if wrong := _invalid(ref, given):
            detail = "".join(f"- input: {field} is {kind}\n" for field, kind in wrong)
            fields = [{"type": kind, "field": f"input.{field}", "description": ""} for field, kind in wrong]
            return self._problem(422, "Input validation failed", detail, invalid_fields=fields)
        stops_s = _seconds(self.headers.get("cancel-after"))
        if stops_s is not None and stops_s < 5:
            return self._problem(422, "Invalid Cancel-After", "Cancel-After must be at least 5 seconds")
        job = self._accepted(given, ref, version, stops_s, is_training=bool(training))
        return self._answer_create(fault, job)

    def _failed_before(self, fault: CreateFault) -> bool:
        throttled = "Request was throttled. Your rate limit resets in ~7s."
        refusals: dict[str, tuple[int, Job]] = {
            "throttled": (429, {"detail": throttled, "status": 429, "retry_after": 5}),
            "throttled silently": (429, {"detail": "Request was throttled.", "status": 429}),
            "low credit": (429, {"detail": f"{throttled} Your rate limit is reduced to 6 requests per minute with a "
                                 "burst of 1 requests while you have less than $5.0 in credit.", "status": 429}),
            "no credit": (402, {"title": "Insufficient credit", "detail": "You have too little.", "status": 402}),
            "bad token": (401, {"title": "Unauthenticated", "detail": "You did not pass a valid token", "status": 401}),
            "error before": (502, {"detail": "bad gateway"}),
        }  # fmt: skip
        if fault == "dropped before":
            self._hang_up()
        elif fault == "redirected":
            self._send(307, {}, {"location": f"{self.known.url}/elsewhere"})
        elif fault in refusals:
            self._send(*refusals[fault])
        return fault in ("dropped before", "redirected") or fault in refusals

    def _accepted(self, given: Job, ref: str, version: str, stops_s: float | None, *, is_training: bool) -> Job:
        job_id = f"{next(_NUMBERS):06d}{secrets.token_hex(10)}"
        job = {
            "id": job_id, "model": ref, "version": version, "input": given["input"], "output": None, "error": None,
            "status": "starting", "created_at": _now(), "logs": "", "data_removed": False, "source": "api",
            "urls": {"get": f"{self.known.url}/v1/predictions/{job_id}",
                     "cancel": f"{self.known.url}/v1/predictions/{job_id}/cancel"},
            "webhook": given.get("webhook"), "training": is_training, "destination": given.get("destination"),
            "stops_at": stops_s and time.monotonic() + stops_s * self.known.faults.deadline_scale,
        }  # fmt: skip
        self.known.jobs[job_id] = job
        self.known.queue.put(job)
        return job

    def _answer_create(self, fault: CreateFault | None, job: Job) -> None:
        wait = re.fullmatch(r"wait(?:=(\d+))?", self.headers.get("prefer", ""))
        until = time.monotonic() + (int(wait[1] or 60) if wait else 0)
        while job["status"] not in TERMINAL and time.monotonic() < until:
            time.sleep(0.01)
        if fault == "dropped after":
            return self._hang_up()
        if fault == "slow after":
            time.sleep(self.known.faults.answer_s)
        if fault == "error after":
            return self._problem(500, "Internal server error", "it was begun all the same")
        return self._send(201, b"<html>" if fault == "not json" else _shown(self.known, job))

    def _get(self, _: bytes, _room: str, job_id: str) -> None:
        job = self.known.jobs.get(job_id)
        return self._problem(404, "Not found", "gone") if job is None else self._send(200, _shown(self.known, job))

    def _cancel(self, _: bytes, _room: str, job_id: str) -> None:
        job = self.known.jobs.get(job_id)
        if job is None:
            return self._problem(404, "Not found", "gone")
        _stop(self.known, job, before="canceled")
        return self._send(200, _shown(self.known, job))

    def _list(self, _: bytes, room: str) -> None:
        query = parse_qs(urlsplit(self.path).query)
        after = datetime.fromisoformat(query.get("created_after", ["2000-01-01T00:00:00Z"])[0])
        first = int(query.get("cursor", ["0"])[0])
        newest = [
            _shown(self.known, job)
            for job in reversed(list(self.known.jobs.values()))
            if job["training"] == (room == "trainings") and datetime.fromisoformat(job["created_at"]) >= after
        ]
        last = first + self.known.page_size
        following = f"{self.known.next_url}/v1/{room}?cursor={last}" if last < len(newest) else None
        self._send(200, {"next": following, "previous": None, "results": newest[first:last]})


_NUMBERS = itertools.count()
TRAINED = "0123456789abcdef" * 4
PINNED: dict[str, str] = {
    "black-forest-labs/flux-dev": TRAINED,  # what a training makes takes what that one takes
    "camenduru/lgm": "d2870893aa115773465a823fe70fd446673604189843f39a99642dd9171e05e2",
    "firtoz/trellis": "e8f6c45206993f297372f5436b90350817bd9b4a0d52d2a76df50c1c8afa2b3c",
    "camenduru/tripo-sr": "e0d3fe8abce3ba86497ea3530d9eae59af7b2231b6c82bedfc32b0732d35ec3a",
}
_ROUTES = (
    ("GET", "/v1/account", "_account"),
    ("GET", "/v1/webhooks/default/secret", "_webhook_secret"),
    ("POST", "/v1/files", "_new_file"),
    ("POST", "/v1/models", "_new_model"),
    ("GET", "/v1/models/([^/]+/[^/]+)", "_model"),
    ("GET", "/v1/models/([^/]+/[^/]+)/versions/([^/]+)", "_version"),
    ("POST", "/v1/models/([^/]+/[^/]+)/versions/([^/]+)/(trainings)", "_create"),
    ("POST", "/v1/models/([^/]+/[^/]+)/predictions", "_create"),
    ("POST", "/v1/predictions", "_create"),
    ("GET", "/v1/(predictions|trainings)", "_list"),
    ("GET", "/v1/(predictions|trainings)/([^/]+)", "_get"),
    ("POST", "/v1/(predictions|trainings)/([^/]+)/cancel", "_cancel"),
)


def _invalid(ref: str, given: Job) -> list[tuple[str, str]]:
    """What the published schema says against an input."""
    schemas = INPUTS[ref]["components"]["schemas"]
    schema = schemas.get("Input", schemas.get("TrainingInput"))
    wrong = [(name, "required") for name in schema["required"] if name not in given["input"]]
    for name, value in given["input"].items():
        if name not in schema["properties"]:
            wrong.append((name, "additional_property_not_allowed"))
        elif not isinstance(value, str | list | bool) and value > schema["properties"][name].get("maximum", value):
            wrong.append((name, "number_lte"))
    return wrong


def _seconds(word: str | None) -> float | None:
    """`90`, `90s`, `5m`, `1h30m45s`."""
    parts = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?", word or "")
    if not word or parts is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in parts.groups())
    return hours * 3600 + minutes * 60 + seconds
