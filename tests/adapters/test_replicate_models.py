"""The table of models, the words on the wire, and how news of a prediction are put in order."""

import itertools
import json
import tomllib
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.replicate_models import TABLE, misfits, read_models, shipped_models
from adapters.replicate_wire import Answer, is_unclear, limits_of, prediction_of, refusal, retry_after_s, said
from jobs.hosted import TERMINAL, OrderState, Progressed, later
from pipelines.errors import BackendFailed, BudgetExceeded, InvalidInput, Saturated
from tests.peers.replicate_schemas import INPUTS

MODELS = shipped_models()
TEXT = TABLE.read_text()


def test_the_table_holds_what_is_promised() -> None:
    assert set(MODELS.names) == {
        "lgm", "trellis", "tripo-sr", "hunyuan3d", "flux-schnell", "flux-dev", "sdxl", "face", "flux-lora",
    }  # fmt: skip
    assert MODELS.prices_as_of == tomllib.loads(TEXT)["prices"]["as_of"].isoformat()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('makes = "shape"', 'makes = "shapes"', "makes"),
        ('licence = "restricted"', 'licence = "mine"', "licence"),
        ("p95_s = 90", "p95_s = 90\ncolour = 3", "colour"),
        ('hardware = "gpu-t4"', 'hardware = "gpu-t5"', "gpu-t5"),
        ('hardware = "gpu-t4"', "", "prices it"),
        ('version = "d287', 'version = "latest-d287', "version"),
        ('needs = ["photos"]', 'needs = ["image"]', "no inputs"),
        ("fixed = { remove_background = true }", "fixed = { seed = 1 }", "inputs too"),
        ('from_text = "flux-schnell"', 'from_text = "lgm"', "makes pictures"),
        ('name = "trellis"', 'name = "lgm"', "one name"),
        ('"0.000225"', '"cheap"', "wrong form"),
        ('gpu-t4 = "0.000225"', 'gpu-t4 = "-1"', "greater than 0"),
        ('takes = ["glb"]', "takes = []", "nothing of its output"),
        ("[[models]]", "[[model]]", "models"),
        ('like = "flux-dev"', "", "a trainer"),
    ],
)
def test_a_table_with_a_mistake_is_refused_by_a_sentence(old: str, new: str, says: str) -> None:
    assert old in TEXT
    with pytest.raises(ValueError, match=says):
        read_models(TEXT.replace(old, new))


def test_costs_are_exact_and_rounded_up_to_a_millionth() -> None:
    lgm, flux = MODELS.get("lgm"), MODELS.get("flux-dev")
    assert lgm.cost_micros(Decimal("1.234567"), 1) == 1729  # x 1400 = 1728.3938
    assert lgm.cost_micros(Decimal(10), 2) == 14_000
    assert lgm.bound_micros(60) == 84_000
    assert lgm.longest_s(84_000) == 60
    assert flux.cost_micros(Decimal(99), 2) == 50_000
    assert (flux.longest_s(25_000), flux.longest_s(24_999)) == (float("inf"), 0.0)


@settings(max_examples=100, deadline=None)
@given(micros=st.integers(0, 10_000_000), name=st.sampled_from(MODELS.names))
def test_what_is_stopped_in_time_costs_no_more_than_was_reserved(micros: int, name: str) -> None:
    model = MODELS.get(name)
    seconds = min(model.longest_s(micros), 1800)
    if seconds > 0:
        assert model.bound_micros(int(seconds)) <= micros


def test_words_go_to_a_model_of_pictures_through_one_of_words() -> None:
    assert [model.name for model in MODELS.steps("trellis", has_image=False)] == ["flux-schnell", "trellis"]
    assert [model.name for model in MODELS.steps("trellis", has_image=True)] == ["trellis"]
    assert [model.name for model in MODELS.steps("flux-dev", has_image=False)] == ["flux-dev"]
    with pytest.raises(InvalidInput, match="needs a picture"):
        MODELS.steps("face", has_image=False)


def test_what_a_training_made_is_a_model_priced_by_the_second() -> None:
    made = f"shop/style:{'a' * 64}"
    style = MODELS.trained("flux-lora", "style", made).get("style")
    assert (style.ref, style.version, style.makes) == ("shop/style", "a" * 64, "picture")
    assert style.cost_micros(Decimal(10), 1) == 15_250, "an H100 for ten seconds"
    for trainer, name, version in (("lgm", "x", made), ("flux-lora", "sdxl", made), ("flux-lora", "x", "shop/style")):
        with pytest.raises(InvalidInput):
            MODELS.trained(trainer, name, version)


def test_numbers_are_held_to_the_models_limits_and_seeds_are_folded() -> None:
    fields = MODELS.get("trellis").fields({"images": ["u"], "steps": 99, "guidance_scale": -1.0, "seed": 2**31 + 3})
    assert (fields["ss_sampling_steps"], fields["ss_guidance_strength"], fields["seed"]) == (50, 0.0, 3)
    assert fields["randomize_seed"] is False


@pytest.mark.parametrize("name", ["lgm", "trellis", "tripo-sr", "flux-schnell", "flux-dev", "flux-lora"])
def test_a_published_schema_that_fits_is_taken(name: str) -> None:
    model = MODELS.get(name)
    assert misfits(model, INPUTS[model.ref]) == ()


def changed(ref: str, change: Any) -> Any:
    schema = json.loads(json.dumps(INPUTS[ref]))
    change(schema["components"]["schemas"])
    return schema


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("lgm", lambda s: s["Input"]["properties"].pop("prompt"), "no input 'prompt'"),
        ("lgm", lambda s: s["Input"]["required"].append("elevation"), "requires 'elevation'"),
        ("lgm", lambda s: s["Input"]["required"].append("prompt"), "requires 'prompt'"),
        ("lgm", lambda s: s.pop("Input"), "no schema"),
        ("flux-schnell", lambda s: s["aspect_ratio"].update(enum=["16:9"]), "cannot be '1:1'"),
        ("flux-schnell", lambda s: s["Input"]["properties"]["num_outputs"].update(minimum=2), "cannot be 1"),
        ("trellis", lambda s: s["Input"]["properties"]["ss_sampling_steps"].update(maximum=30), "from 1 to 30"),
    ],
)
def test_a_published_schema_that_does_not_fit_is_said(name: str, change: Any, says: str) -> None:
    model = MODELS.get(name)
    (reason,) = misfits(model, changed(model.ref, change))
    assert says in reason


def told(**changes: Any) -> bytes:
    whole: dict[str, Any] = {"id": "p1", "model": "camenduru/lgm", "version": "v", "status": "succeeded", "input": {}}
    return json.dumps(
        whole | {"output": None, "error": None, "created_at": "2026-01-01T00:00:00Z", "metrics": {}} | changes
    ).encode()


@pytest.mark.parametrize(
    ("status", "state"),
    [("starting", "waiting"), ("processing", "running"), ("aborted", "aborted"), ("quantum", "running")],
)
def test_states_have_one_meaning_and_unknown_ones_are_no_end(status: str, state: str) -> None:
    assert prediction_of(told(status=status)).state == state


@pytest.mark.parametrize(
    "output",
    ["https://a/x", ["https://a/x"], {"gaussian_ply": "https://a/x", "n": 3, "none": None}, [[{"a": "https://a/x"}]]],
)
def test_addresses_are_found_in_every_shape_of_output(output: object) -> None:
    assert prediction_of(told(output=output)).output == ("https://a/x",)


def test_cost_is_of_the_billed_seconds_to_the_last_digit_and_never_of_the_total() -> None:
    lgm = MODELS.get("lgm")
    paid = prediction_of(told(metrics={"predict_time": 2.1, "total_time": 90.0})).progressed(lgm)
    assert (paid.cost_micros, paid.seconds) == (2940, 2.1)  # 2.1 as a float would be a millionth too dear
    assert prediction_of(told()).progressed(lgm).cost_micros is None, "not said yet is not free"
    assert prediction_of(told(status="aborted")).progressed(lgm).cost_micros == 0
    for broken in (-1, True, "3", float("nan"), None):
        assert prediction_of(told(metrics={"predict_time": broken})).progressed(lgm).cost_micros is None


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b'{"id": 3}', b"[" * 100_000, b"\xff\xfe", b'"x"'])
def test_what_is_no_prediction_is_one_sentence(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        prediction_of(body)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["id", "status", "model", "version", "output", "error", "metrics", "created_at", "input"]),
        json_values,
    )
)
def test_any_json_is_a_prediction_or_one_sentence(changes: dict[str, Any]) -> None:
    try:
        one = prediction_of(told(**changes))
    except InvalidInput:
        return
    one.progressed(MODELS.get("lgm"))


def problem(status: int, headers: dict[str, str] | None = None, **body: Any) -> Answer:
    return Answer(status, headers or {}, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("answer", "wait_s"),
    [
        (problem(429, {"retry-after": "9"}, retry_after=5), 5),
        (problem(429, {"retry-after": "9"}, detail="resets in ~30s"), 9),
        (problem(429, {}, detail="Your rate limit resets in ~30s."), 30),
        (problem(429, {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}), 10),
        (problem(429, {"retry-after": "86400"}), 300),
        (problem(429, retry_after=-3), 10),
        (problem(429, retry_after="inf"), 10),
        (Answer(429, {}, b"<html>"), 10),
    ],
)
def test_the_body_says_first_when_to_ask_again(answer: Answer, wait_s: float) -> None:
    assert retry_after_s(answer) == wait_s
    error = refusal(answer)
    assert isinstance(error, Saturated)
    assert error.retry_after_s == wait_s


def test_each_refusal_has_its_meaning() -> None:
    wrong: dict[str, Any] = {"title": "Input validation failed", "detail": "- input: x\n", "invalid_fields": []}
    assert isinstance(refusal(problem(422, **wrong)), InvalidInput)
    assert isinstance(refusal(problem(422, title="Invalid version or not permitted", detail="x")), BackendFailed)
    assert isinstance(refusal(problem(402, title="Insufficient credit")), BudgetExceeded)
    assert isinstance(refusal(problem(404, detail="nothing here.")), BackendFailed)
    assert str(refusal(problem(404, detail="nothing here."))) == "Replicate refused: nothing here."
    assert [status for status in (400, 401, 402, 404, 408, 422, 429, 500, 502, 504) if is_unclear(status)] == [
        408, 500, 502, 504,
    ]  # fmt: skip


def test_ordinary_answers_tell_of_the_limits_too() -> None:
    limits = limits_of(Answer(201, {"ratelimit-remaining": "599", "ratelimit-reset": "1"}, b"{}"))
    assert limits is not None
    assert (limits.remaining, limits.reset_s) == (599, 1)
    assert limits_of(Answer(201, {}, b"{}")) is None


def test_foreign_words_are_one_line_without_secrets() -> None:
    assert said("token r8_abc is\nbad\x1b[31m whsec_x= Bearer  r8_q") == "token r8_*** is bad[31m whsec_*** Bearer ***"
    assert len(said("x" * 9999)) == 300


STATES: tuple[OrderState, ...] = get_args(OrderState)


def test_the_end_stays_the_end_in_whatever_order_news_arrive() -> None:
    for known, heard in itertools.product(STATES, STATES):
        got = later(Progressed(known), Progressed(heard)).state
        if known in TERMINAL:
            assert got == known
        elif heard in TERMINAL:
            assert got == heard
        else:
            assert got == ("running" if "running" in (known, heard) else "waiting")


news = st.builds(
    Progressed,
    st.sampled_from(["waiting", "running", "succeeded"]),
    st.sampled_from([None, 5]),
    output=st.sampled_from([(), ("https://a/x",)]),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(news, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_the_same_news_in_any_order_and_number_end_the_same(heard: list[Progressed], shuffled: Any) -> None:
    def all_of(several: list[Progressed]) -> Progressed:
        known = Progressed("waiting")
        for one in several:
            known = later(known, one)
        return known

    again = [*heard, *heard]
    shuffled.shuffle(again)
    one, other = all_of(heard), all_of(again)
    assert one.state == other.state
    if one.is_over:
        assert (one.cost_micros, one.output) == (other.cost_micros, other.output)
