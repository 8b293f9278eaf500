"""Ask the Moldar application of this Ray cluster for objects from another job, without HTTP.

    ray start --head && serve deploy serve.yaml
    python examples/from_a_ray_job.py out/shelf "a hook 40 mm wide" "a bracket 60 mm long"

Elsewhere in a job, `await connect().generate(...)` works the same inside tasks and actors.
"""

import asyncio
import sys
from pathlib import Path

from moldar import Generation, GenerationRequest, Studio, connect


async def make(studio: Studio, prompt: str, directory: Path) -> Generation:
    """One object, with its files in `directory`."""
    job = await studio.generate(GenerationRequest(prompt=prompt))
    await studio.download(job, directory)
    return job


async def main(directory: Path, prompts: list[str]) -> None:
    """Make all of them at once: the service queues what it has no room for."""
    studio = connect()
    jobs = await asyncio.gather(*(make(studio, prompt, directory / str(n)) for n, prompt in enumerate(prompts)))
    for number, job in enumerate(jobs):
        price = f"{job.quote.total_minor / 100:.2f} {job.quote.currency}" if job.quote else "no price"
        sys.stdout.write(f"{directory / str(number)}: {job.request.prompt}, {price}\n")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2:]))
