"""What the gateway costs beside a bare FastAPI ingress that answers a constant: same Ray, same proxy, same run."""

import json
import statistics
import tempfile
from pathlib import Path

from bench.load import Load, load, request
from deployments.settings import Settings

ROUNDS = 3


def main() -> None:
    """Print rates and ratios."""
    import serve_app

    with tempfile.TemporaryDirectory() as folder, serve_app.local_service(Settings(data_dir=Path(folder))) as url:
        port = int(url.rsplit(":", 1)[1])
        _deploy_bare()
        body = json.dumps({"prompt": "a washer 20 mm outside diameter"}).encode()
        bare, materials = request("GET", "/bare/"), request("GET", "/v1/materials")
        post = request("POST", "/v1/generations", body)
        ratios = []
        for _ in range(ROUNDS):
            peer, ours = load(port, bare), load(port, materials)
            ratios.append(ours.per_s / peer.per_s)
            _say("bare FastAPI ingress, constant", peer)
            _say("GET /v1/materials", ours)
        print(f"GET /v1/materials against bare: {statistics.median(ratios):.2f} of its rate (median of {ROUNDS})")
        peer = load(port, bare)
        accepted = load(port, post, seconds=3.0, connections=8, expect=202)
        _say("POST /v1/generations, accepted", accepted)
        print(f"POST /v1/generations against bare: {accepted.per_s / peer.per_s:.2f} of its rate")


def _say(what: str, figures: Load) -> None:
    print(f"{what:34s} {figures}")


def _deploy_bare() -> None:
    from fastapi import FastAPI
    from ray import serve

    app = FastAPI()

    @serve.deployment(max_ongoing_requests=1000, ray_actor_options={"num_cpus": 0.1})
    @serve.ingress(app)
    class Bare:
        @app.get("/")
        async def constant(self) -> dict[str, str]:
            return {"hello": "world"}

    serve.run(Bare.bind(), name="bare", route_prefix="/bare")  # type: ignore[attr-defined]  # Serve adds it


if __name__ == "__main__":
    main()
