"""Replicate as a backend: orders placed once, bounded before they are placed, found again when no answer came."""

import asyncio
import base64
import math
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Final
from urllib.parse import urlsplit

from adapters.replicate_library import Library
from adapters.replicate_models import HostedModel, InputName, Models, Value, shipped_models
from adapters.replicate_outputs import GONE, Outputs
from adapters.replicate_talk import Account, NotSent, Talk, Tokens, Unanswered
from adapters.replicate_wire import (
    LEAST_CANCEL_AFTER_S,
    LONGEST_RUN_S,
    Answer,
    Prediction,
    is_unclear,
    page_of,
    prediction_of,
    refusal,
    stamp_of,
)
from jobs.hosted import Order, Placed, Progressed, TrainingOrder
from jobs.model import FilePayload
from jobs.ports import Clock
from pipelines.errors import BackendFailed, BudgetExceeded, DeadlineExceeded, InvalidInput, OutcomeUnknown

_INLINE_BYTES: Final = 256_000  # the API: data URIs up to 256 kB, addresses for what is larger
_PICTURES: Final[tuple[InputName, ...]] = ("image", "images")
_SKEW_S: Final = 60.0  # between our clock and theirs
_MAX_PAGES: Final = 10  # of a hundred predictions each, while an order is looked for
_UNKNOWN: Final = "Replicate did not answer a paid call, which may be running."


class Replicate:
    """Fulfils `jobs.hosted.Hosted`. One per event loop and replica; made inside it, as it cannot be pickled.

    Webhooks are the fast path (`hear`), `look` is the backstop; `jobs.hosted.later` puts both in order.
    """

    def __init__(
        self,
        account: Account,
        tokens: Tokens,
        clock: Clock,
        outputs: Outputs,
        *,
        models: Models | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.models = models or shipped_models()
        self.library = Library(account.token, account.base_url)
        self._hooks_url = account.hooks_url
        self._talk = Talk(account, tokens, sleep)
        self._clock = clock
        self._outputs = outputs

    async def aclose(self) -> None:
        """Close the connections."""
        await self._talk.aclose()
        await self.library.aclose()

    def bound_micros(self, model: str, finish_by: float) -> int:
        """What an order may cost at the most when it is stopped at `finish_by`: to be reserved before it is placed."""
        return self.models.get(model).bound_micros(_whole_s(finish_by - self._clock(), self.models.get(model)))

    async def place(self, order: Order) -> Placed:
        """See `Hosted.place`."""
        model = self.models.get(order.model)
        if model.makes == "weights":
            raise InvalidInput(f"The model {model.name!r} is trained, not asked.")
        fields = model.fields(await self._given(order, model))
        if model.version is None:
            return await self._created(order, model, f"/v1/models/{model.ref}/predictions", {"input": fields})
        return await self._created(order, model, "/v1/predictions", {"version": model.version, "input": fields})

    async def train(self, order: TrainingOrder) -> Placed:
        """Begin a training, once. Its destination must be there: `library.ensure_destination`. Raises as `place`."""
        model = self.models.get(order.model)
        if model.makes != "weights" or model.version is None:
            raise InvalidInput(f"The model {model.name!r} trains nothing.")
        self._seconds(order, model)  # before a hundred megabytes are sent for nothing
        given: dict[InputName, Value | None] = {
            "photos": await self._uploaded("photos.zip", order.photos),
            "trigger_word": order.trigger_word,
            "steps": order.steps,
            "learning_rate": order.learning_rate,
            "batch_size": order.batch_size,
            "resolution": str(order.resolution),
        }
        body = {"destination": order.destination, "input": model.fields(given)}
        return await self._created(order, model, f"/v1/models/{model.ref}/versions/{model.version}/trainings", body)

    async def find(self, order: Order | TrainingOrder, others: Collection[str] = ()) -> Placed | None:
        """See `Hosted.find`. The order's own webhook names it; where that is not told, model, time and input do."""
        model = self.models.get(order.model)
        matches = []
        page = f"/v1/{_room(model)}?created_after={stamp_of(order.placed_after - _SKEW_S)}"
        for _ in range(_MAX_PAGES):
            found, following = page_of((await self._talk.ask("GET", page)).body)
            matches += [one for one in found if one.id not in others and self._may_be(one, order, model)]
            if following is None:
                break
            page = _path_of(following)
        named = [one for one in matches if one.webhook is not None] or matches
        if len(named) > 1:
            raise OutcomeUnknown(f"{_UNKNOWN} Several calls of that time could be it.")
        return self._placed(order, named[0]) if named else None

    async def look(self, placed: Placed) -> Progressed:
        """See `Hosted.look`."""
        model = self.models.get(placed.model)
        answer = await self._talk.ask("GET", f"/v1/{_room(model)}/{placed.remote_id}")
        return _prediction(answer.body).progressed(model)

    async def cancel(self, placed: Placed) -> Progressed:
        """See `Hosted.cancel`. A refusal is not the last word: it may have ended meanwhile."""
        model = self.models.get(placed.model)
        answer = await self._talk.answer("POST", f"/v1/{_room(model)}/{placed.remote_id}/cancel")
        if answer.status == 429:
            raise refusal(answer)
        return await self.look(placed)

    async def fetch(self, placed: Placed, progressed: Progressed) -> tuple[FilePayload, ...]:
        """See `Hosted.fetch`. To be done at once: what came out is kept for an hour."""
        if progressed.expired:
            raise BackendFailed(GONE)
        model = self.models.get(placed.model)
        return (await self._outputs.fetch(model, progressed.output),) if model.takes else ()

    def hear(self, placed: Placed, body: bytes) -> Progressed:
        """What a verified webhook's body says of an order.

        Raises:
            InvalidInput: it is not about a prediction, or about another one.
        """
        told = prediction_of(body)
        if told.id != placed.remote_id:
            raise InvalidInput("The webhook is about another prediction.")
        return told.progressed(self.models.get(placed.model))

    def heard_of(self, order: Order | TrainingOrder, body: bytes) -> Placed:
        """An order found by its webhook, whose address names it, when the answer to its create was lost."""
        return self._placed(order, prediction_of(body))

    async def _given(self, order: Order, model: HostedModel) -> Mapping[InputName, Value | None]:
        given: dict[InputName, Value | None] = {
            "prompt": order.prompt or None,
            "negative_prompt": order.negative_prompt,
            "seed": order.seed,
            "steps": order.steps,
            "guidance_scale": order.guidance_scale,
        }
        wanted: InputName | None = next((name for name in _PICTURES if name in model.inputs), None)
        if order.image is None or wanted is None:
            return given
        self._seconds(order, model)  # before a picture is uploaded for nothing
        address = await self._address_of(order.image)
        return {**given, wanted: [address] if wanted == "images" else address}

    async def _address_of(self, image: bytes) -> str:
        inline = "data:image/png;base64," + base64.b64encode(image).decode()
        return inline if len(inline) <= _INLINE_BYTES else await self._uploaded("picture.png", image)

    async def _uploaded(self, name: str, data: bytes) -> str:
        await self._talk.take("other")
        return await self.library.upload(name, data)

    async def _created(
        self, order: Order | TrainingOrder, model: HostedModel, path: str, body: Mapping[str, object]
    ) -> Placed:
        """The one POST that costs money."""
        if self._hooks_url is not None:
            body = {**body, "webhook": self._hook(order), "webhook_events_filter": ["start", "completed"]}
        headers = {"cancel-after": f"{self._seconds(order, model)}s"}
        try:
            answer = await self._talk.create(path, body, headers)
        except NotSent as error:
            raise BackendFailed("Replicate cannot be reached.") from error
        except Unanswered as error:
            raise OutcomeUnknown(_UNKNOWN) from error
        if is_unclear(answer.status):
            raise OutcomeUnknown(_UNKNOWN)
        if answer.status >= 300:
            raise refusal(answer)
        return self._placed(order, _begun(answer))

    def _seconds(self, order: Order | TrainingOrder, model: HostedModel) -> int:
        """After how long it is to be stopped: at the deadline, or when its money is spent.

        Raises:
            DeadlineExceeded, BudgetExceeded: that is sooner than the host can stop anything.
        """
        left_s = _whole_s(order.finish_by - self._clock(), model)
        if left_s < LEAST_CANCEL_AFTER_S:
            raise DeadlineExceeded(max(0.0, order.finish_by - order.placed_after))
        paid_s = min(left_s, model.longest_s(order.bound_micros))
        if paid_s < LEAST_CANCEL_AFTER_S:
            raise BudgetExceeded(f"What may be spent does not pay for {LEAST_CANCEL_AFTER_S} s of {model.name!r}.")
        return int(paid_s)

    def _hook(self, order: Order | TrainingOrder) -> str:
        return f"{(self._hooks_url or '').rstrip('/')}/{order.id}"

    def _may_be(self, one: Prediction, order: Order | TrainingOrder, model: HostedModel) -> bool:
        if one.webhook is not None and self._hooks_url is not None:
            return one.webhook == self._hook(order)
        is_model = one.version == model.version if model.version is not None else one.ref == model.ref
        at = one.created_at or math.inf
        return is_model and order.placed_after - _SKEW_S <= at <= order.finish_by and _is_input(one, order, model)

    def _placed(self, order: Order | TrainingOrder, one: Prediction) -> Placed:
        return Placed(order.id, order.model, one.id, one.created_at or self._clock())


def _is_input(one: Prediction, order: Order | TrainingOrder, model: HostedModel) -> bool:
    """Whether the words and numbers of its input are the order's; pictures come back under other addresses."""
    if isinstance(order, TrainingOrder):
        ours: Mapping[InputName, Value | None] = {"trigger_word": order.trigger_word, "steps": order.steps}
    else:
        ours = {"prompt": order.prompt or None, "seed": order.seed}
    sent = model.given(ours)
    return bool(one.input) and all(one.input.get(name) == value for name, value in sent.items())


def _path_of(address: str) -> str:
    """Path and query only: a next page on another host would be asked with the token."""
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


def _room(model: HostedModel) -> str:
    # A training's own `urls` point at /v1/predictions, which does not know all of it.
    return "trainings" if model.makes == "weights" else "predictions"


def _whole_s(seconds: float, model: HostedModel) -> int:
    # For trainings no limit is documented.
    return math.floor(seconds) if model.makes == "weights" else min(LONGEST_RUN_S, math.floor(seconds))


def _begun(answer: Answer) -> Prediction:
    try:
        return prediction_of(answer.body)
    except InvalidInput as error:  # it said that it was begun, and not under which name
        raise OutcomeUnknown(_UNKNOWN) from error


def _prediction(body: bytes) -> Prediction:
    try:
        return prediction_of(body)
    except InvalidInput as error:
        raise BackendFailed(str(error)) from error
