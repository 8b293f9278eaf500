"""One real, paid call to Replicate: at most 0.003 USD, for a picture by FLUX.1 [schnell]. `make smoke-replicate`.

It proves what no peer can: that the live service still is what the adapter takes it for.
"""

import asyncio
import os
import sys
import time
from pathlib import Path

import httpx

from adapters.replicate import Replicate
from adapters.replicate_outputs import Outputs
from adapters.replicate_talk import Account
from adapters.replicate_wire import CallKind, Limits
from jobs.hosted import Order, Progressed
from pipelines.errors import MoldarError

LIMIT_S = 120.0
TARGET = Path("out/smoke/replicate.png")


class _Alone:
    """The limits of an account that nobody else uses now."""

    async def take(self, _kind: CallKind) -> float:
        return 0.0

    async def told(self, kind: CallKind, limits: Limits) -> None:
        if limits.is_low_credit:
            print(f"low credit: {limits.remaining:g} {kind} calls left for {limits.reset_s:g} s")


async def main(token: str) -> int:
    """The exit status."""
    async with httpx.AsyncClient() as client:
        adapter = Replicate(Account(token), _Alone(), time.time, Outputs(client))
        try:
            return await _run(adapter)
        except MoldarError as error:
            print(f"{error.code}: {error}")
            return 1
        finally:
            await adapter.aclose()


async def _run(adapter: Replicate) -> int:
    print(f"account: {await adapter.library.account()}")
    misfits = await adapter.library.misfits(adapter.models)
    for misfit in misfits:
        print(f"{misfit.model}: {'; '.join(misfit.reasons)}")
    now = time.time()
    bound = adapter.bound_micros("flux-schnell", now + LIMIT_S)
    prompt = "a small ceramic owl, whole, on a white background"
    placed = await adapter.place(
        Order("smoke", "flux-schnell", prompt, None, None, 1, None, None, now + LIMIT_S, now, bound)
    )
    progressed = Progressed("waiting")
    while not progressed.is_over and time.time() < now + LIMIT_S + 10:
        await asyncio.sleep(1)
        progressed = await adapter.look(placed)
    print(f"{placed.remote_id}: {progressed.state} after {time.time() - now:.1f} s, {progressed.cost_micros} micro-USD")
    if progressed.state != "succeeded":
        print(progressed.error)
        return 1
    (picture,) = await adapter.fetch(placed, progressed)
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    await asyncio.to_thread(TARGET.write_bytes, picture.data)
    print(f"{TARGET}: {len(picture.data):,} bytes")
    return int(bool(misfits))


if __name__ == "__main__":
    given = os.environ.get("REPLICATE_API_TOKEN", "")
    if not given:
        print("REPLICATE_API_TOKEN is not set: nothing was asked of Replicate")
    sys.exit(asyncio.run(main(given)) if given else 0)
