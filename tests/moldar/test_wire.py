"""The wire models: what is refused, what is ignored, and that nothing changes on the way."""

import base64
import json
import math
from datetime import UTC, datetime
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from moldar import wire
from moldar.wire.requests import IMAGE_MAX_BYTES

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PIXEL = "data:image/png;base64," + base64.b64encode(b"\x89PNG").decode()
REQUESTS = [
    wire.GenerationRequest,
    wire.AnalysisRequest,
    wire.CameraPose,
    wire.BatchRequest,
    wire.QuoteRequest,
    wire.FileQuoteRequest,
    wire.ConversionRequest,
    wire.InspectionRequest,
    wire.PictureRequest,
    wire.RepairRequest,
    wire.FileRepairRequest,
    wire.Thicken,
    wire.FlattenBase,
    wire.Hollow,
    wire.SplitToFit,
    wire.FillVoids,
    wire.Turn,
    wire.Rating,
]
MODELS = [
    model for name in wire.__all__ if isinstance(model := getattr(wire, name), type) and issubclass(model, BaseModel)
]
NUMBERS = ["best_of", "seed", "steps", "guidance_scale", "elevation_deg", "size_mm", "quantity", "infill", "deadline_s"]

coordinate = st.floats(-100, 100)
rows = st.tuples(*[st.tuples(*[coordinate] * 4)] * 4)
cameras = st.builds(
    wire.CameraPose,
    elevation_deg=st.floats(-90, 90),
    azimuth_deg=st.floats(-360, 360),
    radius=st.none() | st.floats(0, 100, exclude_min=True),
) | st.builds(wire.CameraPose, c2w=rows)
text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=50)
requests = st.builds(
    wire.GenerationRequest,
    prompt=text.map(str.strip).filter(bool),
    images=st.lists(st.sampled_from([PIXEL, "cutout:abc_-9"]), max_size=4).map(tuple),
    method=st.sampled_from(get_args(wire.Method)),
    model=st.sampled_from(["auto", "lgm", "owner/model:1.2"]),
    negative_prompt=st.none() | text,
    seed=st.integers(0, 2**32 - 1),
    steps=st.none() | st.integers(1, 1000),
    guidance_scale=st.none() | st.floats(0, 100),
    elevation_deg=st.floats(-90, 90),
    size_mm=st.none() | st.floats(0, 2000, exclude_min=True),
    material=st.none() | st.sampled_from(["pla", "resin", "wood-2"]),
    quantity=st.none() | st.integers(1, 10_000),
    infill=st.floats(0, 1),
    currency=st.none() | st.sampled_from(["USD", "JPY"]),
    ship_to=st.none() | st.sampled_from(["pickup", "eu"]),
    budget_minor=st.none() | st.integers(1, 10**12),
    formats=st.lists(st.sampled_from(get_args(wire.Format)), min_size=1, unique=True).map(tuple),
    deadline_s=st.none() | st.floats(0.001, 86_400),
    webhook_url=st.none() | st.just("https://example.org:8443/hook?x=1"),
    licence=st.sampled_from(get_args(wire.Licence)),
    metadata=st.dictionaries(text.filter(bool), text, max_size=16),
    best_of=st.integers(1, 8),
) | st.lists(cameras, min_size=1, max_size=4).map(
    lambda poses: wire.GenerationRequest(images=(PIXEL,) * len(poses), cameras=tuple(poses))
)


def accepts(**fields: Any) -> bool:
    try:
        wire.GenerationRequest.model_validate({"prompt": "a vase", **fields})
    except ValidationError:
        return False
    return True


@given(requests)
@settings(max_examples=100, deadline=None)
def test_a_request_comes_back_from_json_as_it_was(request: wire.GenerationRequest) -> None:
    assert wire.GenerationRequest.model_validate_json(request.model_dump_json()) == request
    assert wire.GenerationRequest.model_validate(json.loads(request.model_dump_json())) == request


@given(requests)
@settings(max_examples=50, deadline=None)
def test_what_was_accepted_can_be_told_to_an_older_client(request: wire.GenerationRequest) -> None:
    told = wire.AcceptedRequest.model_validate({**request.model_dump(), "field_of_next_year": 1})
    assert told.model_dump(exclude={"images"}) == request.model_dump(exclude={"images"})


def test_an_accepted_request_has_the_fields_of_a_request() -> None:
    assert list(wire.AcceptedRequest.model_fields) == list(wire.GenerationRequest.model_fields)
    for name, field in wire.GenerationRequest.model_fields.items():
        told = wire.AcceptedRequest.model_fields[name]
        assert told.get_default(call_default_factory=True) == field.get_default(call_default_factory=True), name


@pytest.mark.parametrize(
    ("pose", "sound"),
    [
        ({"elevation_deg": 10, "azimuth_deg": 90}, True),
        ({"elevation_deg": 10, "azimuth_deg": 90, "radius": 2}, True),
        ({"c2w": np.eye(4).tolist()}, True),
        ({"elevation_deg": 10}, False),
        ({"radius": 2}, False),
        ({}, False),
        ({"elevation_deg": 91, "azimuth_deg": 0}, False),
        ({"elevation_deg": 1, "azimuth_deg": 0, "radius": 0}, False),
        ({"elevation_deg": 1, "azimuth_deg": 0, "c2w": np.eye(4).tolist()}, False),
        ({"c2w": np.eye(4).tolist(), "radius": 1.5}, False),
        ({"c2w": np.eye(3).tolist()}, False),
        ({"c2w": [[True, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]}, False),
        ({"c2w": [["1", 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]}, False),
        ({"elevation_deg": 1, "azimuth_deg": 0, "fov": 40}, False),
    ],
)
def test_a_camera_stands_on_an_orbit_or_where_its_matrix_says(pose: dict[str, object], sound: bool) -> None:
    assert accepts(images=[PIXEL], cameras=[pose]) is sound


def test_there_are_as_many_cameras_as_pictures_or_none() -> None:
    pose = {"elevation_deg": 0, "azimuth_deg": 0}
    assert accepts(images=[PIXEL] * 4, cameras=[pose] * 4)
    assert accepts(images=[PIXEL] * 4, cameras=[])
    assert not accepts(images=[PIXEL] * 4, cameras=[pose] * 3)
    assert not accepts(cameras=[pose])


def test_the_best_is_chosen_among_one_to_eight() -> None:
    assert [accepts(best_of=count) for count in (0, 1, 8, 9, 2.5)] == [False, True, True, False, False]


@pytest.mark.parametrize("model", REQUESTS)
def test_a_request_refuses_what_it_does_not_know(model: type[BaseModel]) -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        model.model_validate({"sise_mm": 3})


@pytest.mark.parametrize("model", MODELS)
def test_every_field_is_described(model: type[BaseModel]) -> None:
    schema = model.model_json_schema()
    parts = [part for name, part in schema.get("$defs", {}).items() if name != "JsonValue"]
    for part in [schema, *parts]:
        assert part.get("description"), part.get("title")
        for name, field in part["properties"].items():
            assert field.get("description") or "$ref" in field, f"{part['title']}.{name}"


@pytest.mark.parametrize("model", MODELS)
def test_bounds_are_said_in_words_of_json_schema(model: type[BaseModel]) -> None:
    assert not {"ge", "gt", "le", "lt", "min_length", "max_length"} & _keys(model.model_json_schema())


@pytest.mark.parametrize("model", [model for model in MODELS if model not in REQUESTS])
def test_no_response_is_a_bare_list(model: type[BaseModel]) -> None:
    assert model.model_json_schema()["type"] == "object"
    assert model.model_config.get("extra") == "ignore"


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1e9, 10**400, True, "12", [], {}])
def test_numbers_are_numbers_in_their_range(name: str, value: object) -> None:
    assert not accepts(**{name: value})


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        ("seed", [0, 2**32 - 1, 7.0], [-1, 2**32, 7.5]),
        ("steps", [1, 1000, None], [0, 1001]),
        ("guidance_scale", [0, 100], [-0.1, 100.1]),
        ("elevation_deg", [-90, 90], [-90.1, 91]),
        ("size_mm", [1e-9, 2000], [0, -3, 2000.1, 4e3]),
        ("quantity", [1, 10_000], [0, 10_001]),
        ("infill", [0, 1], [-0.01, 1.01, 20]),
        ("deadline_s", [0.1, 86_400], [0, 86_401]),
        ("material", ["pla", "wood-2", None], ["PLA", "", "a b", "x" * 41, 7]),
        ("currency", ["USD", "JPY", None], ["usd", "US", "", 7]),
        ("ship_to", ["pickup", "eu", None], ["EU", "", "a/b", 7]),
        ("budget_minor", [1, 10**12, None], [0, -1, 10**12 + 1, 0.5, True, "12"]),
        ("method", ["auto", "parametric"], ["magic", None]),
        ("model", ["auto", "owner/model"], ["", "../x y", "x" * 300, "A"]),
        ("licence", ["permissive"], ["free"]),
        ("formats", [["stl"], ["stl", "glb", "3mf", "obj", "ply"]], [[], ["stl", "stl"], ["step"], "stl"]),
        (
            "webhook_url",
            ["https://x.org/h", None],
            ["http://x.org", "https://", "https://u:p@x.org", "https://x:99999"],
        ),
        ("webhook_url", [], ["https://x.org/a b", "javascript:1", "x" * 3000, "https://" + "x" * 3000]),
        ("metadata", [{}, {"k": ""}], [{"": "v"}, {"k" * 65: "v"}, {"k": "v" * 513}, {"k": 1}]),
        (
            "metadata",
            [{str(n): "" for n in range(16)}],
            [{str(n): "" for n in range(17)}, {"k\0": ""}, {"k": "\ud800"}],
        ),
    ],
)
def test_bounds_are_where_they_are_documented(name: str, inside: list[object], outside: list[object]) -> None:
    assert [value for value in inside if not accepts(**{name: value})] == []
    assert [value for value in outside if accepts(**{name: value})] == []


@pytest.mark.parametrize("prompt", ["", "  \n ", "x" * 2001, "x" * 100_000, "a\0vase", "a \ud800 vase", 7, None])
def test_prompts_that_cannot_be_served_are_refused(prompt: object) -> None:
    assert not accepts(prompt=prompt)


@pytest.mark.parametrize("prompt", ["x" * 2000, " a vase ", "🏺", "xícara 12 cm", "𝓿𝓪𝓼𝓮"])
def test_prompts_that_might_be_served_are_taken(prompt: str) -> None:
    assert wire.GenerationRequest(prompt=prompt).prompt == prompt.strip()


def test_something_must_be_asked_for() -> None:
    with pytest.raises(ValidationError, match="a prompt, images or both"):
        wire.GenerationRequest.model_validate({"seed": 1})
    assert wire.GenerationRequest(images=(PIXEL,)).prompt is None


@pytest.mark.parametrize(
    "image",
    [
        "",
        "https://example.org/cat.png",
        "file:///etc/passwd",
        "data:text/html;base64,AAAA",
        "data:image/png,AAAA",
        "data:image/png;base64,",
        "data:image/png;base64,@@@@",
        "data:image/png;base64,AAA",
        "cutout:",
        "cutout:../../x",
        "cutout:a\n",
    ],
)
def test_pictures_are_data_uris_or_cutouts(image: str) -> None:
    assert not accepts(images=[image])


def test_the_largest_picture_is_taken_and_no_larger_one() -> None:
    head = "data:image/jpeg;base64,"
    largest = head + base64.b64encode(bytes(IMAGE_MAX_BYTES)).decode()
    assert len(wire.image_bytes(largest) or b"") == IMAGE_MAX_BYTES
    assert accepts(images=[largest])
    assert not accepts(images=[head + base64.b64encode(bytes(IMAGE_MAX_BYTES + 300)).decode()])
    assert not accepts(images=[PIXEL] * 5)


def test_image_bytes_are_what_was_encoded() -> None:
    assert wire.image_bytes(PIXEL) == b"\x89PNG"
    assert wire.image_bytes("cutout:abc") is None


def test_forms_are_text_and_json_is_not() -> None:
    assert wire.FileQuoteRequest.model_validate({"quantity": "3", "infill": "0.5"}).quantity == 3
    with pytest.raises(ValidationError):
        wire.QuoteRequest.model_validate({"quantity": "3"})
    sent = {"prompt": "a vase", "quantity": "3", "size_mm": "80.5", "seed": "7"}
    asked = wire.GenerationRequest.model_validate(sent, context=wire.FORM)
    assert (asked.quantity, asked.size_mm, asked.seed) == (3, 80.5, 7)
    for bad in ("nan", "inf", "-3", "", "1e999", "three"):
        with pytest.raises(ValidationError):
            wire.GenerationRequest.model_validate({**sent, "size_mm": bad}, context=wire.FORM)


def test_a_batch_is_bounded() -> None:
    one = {"prompt": "a vase"}
    assert len(wire.BatchRequest.model_validate({"generations": [one] * 200}).generations) == 200
    for bad in ([], [one] * 201, [{"prompt": ""}]):
        with pytest.raises(ValidationError):
            wire.BatchRequest.model_validate({"generations": bad})


def test_a_generation_ignores_what_it_does_not_know_and_says_when_it_is_final() -> None:
    sent = {"id": "g", "created_at": NOW.isoformat(), "request": {"prompt": "x", "new": 1}, "new": {"a": 1}}
    final = [s for s in get_args(wire.Status) if wire.Generation.model_validate({**sent, "status": s}).is_final]
    assert final == ["succeeded", "failed", "canceled"]
    with pytest.raises(ValidationError):
        wire.Generation.model_validate({**sent, "status": "exploded"})


def test_times_without_a_zone_are_refused() -> None:
    with pytest.raises(ValidationError, match="timezone"):
        wire.Event.model_validate({"id": 1, "generation_id": "g", "kind": "queued", "at": "2026-01-02T03:04:05"})


def test_money_is_never_a_fraction() -> None:
    with pytest.raises(ValidationError):
        wire.QuantityBreak.model_validate({"quantity": 1, "unit_minor": 9.99})


def test_models_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        wire.QuoteRequest().quantity = 3  # type: ignore[misc]


def _keys(schema: object) -> set[str]:
    if isinstance(schema, dict):
        # Names of properties are the model's own words, not the schema's.
        named = schema.get("properties", {})
        rest = {key: value for key, value in schema.items() if key != "properties"}
        return set(rest).union(*map(_keys, [*rest.values(), *named.values()]))
    return set().union(*map(_keys, schema)) if isinstance(schema, list) else set()


def steps(value: object, **context: object) -> list[dict[str, object]]:
    asked = wire.FileRepairRequest.model_validate({"repairs": value}, **context)  # type: ignore[arg-type]
    return [step.model_dump(exclude_none=True) for step in asked.repairs]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("", []),
        (" ", []),
        ("thicken", [{"kind": "thicken"}]),
        ("turn, hollow", [{"kind": "turn"}, {"kind": "hollow"}]),
        ('[{"kind": "hollow", "wall_mm": 3}]', [{"kind": "hollow", "wall_mm": 3.0}]),
        ([{"kind": "turn", "choice": 2}], [{"kind": "turn", "choice": 2}]),
    ],
)
def test_repairs_are_written_as_kinds_or_as_json(written: object, meant: list[dict[str, object]]) -> None:
    assert steps(written, context=wire.FORM) == meant


@pytest.mark.parametrize(
    "written",
    [
        "mend",
        "thicken,",
        "thicken,thicken",
        "[",
        "[" * 9999,
        '[{"kind": "thicken", "drain_mm": 3}]',
        '[{"kind": "thicken", "wall_mm": 20.1}]',
        '[{"kind": "hollow", "wall_mm": 0.39}]',
        '[{"kind": "hollow", "drain_mm": 0}]',
        '[{"kind": "turn", "choice": 4}]',
        '[{"kind": "turn", "choice": true}]',
        '[{"wall_mm": 1}]',
        "[1]",
        [[]],
        3,
    ],
)
def test_repairs_that_nobody_offers_are_refused(written: object) -> None:
    with pytest.raises(ValidationError):
        steps(written, context=wire.FORM)


def test_a_generation_is_repaired_by_something() -> None:
    with pytest.raises(ValidationError, match="needed"):
        wire.RepairRequest()
    assert wire.RepairRequest(offered=True).repairs == ()


def test_the_kinds_that_are_taken_are_those_that_reports_name() -> None:
    from pipelines.printability import RepairName

    assert set(get_args(wire.RepairKind)) == set(get_args(RepairName))


def test_one_picture_has_no_frames() -> None:
    assert wire.PictureRequest(format="webp", frames=2).frames == 2
    with pytest.raises(ValidationError, match="frames"):
        wire.PictureRequest(frames=2)
