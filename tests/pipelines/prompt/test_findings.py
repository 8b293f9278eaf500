"""Counts, threads, texts, materials, colours, quantities, uses and features."""

import pytest

from pipelines.prompt import MAX_QUANTITY, PromptAnalysis, analyse, contradictions


def value(analysis: PromptAnalysis, field: str) -> object:
    found = getattr(analysis, field)
    return None if found is None else found.value


@pytest.mark.parametrize(
    ("text", "field", "expected"),
    [
        ("an M6x30 bolt", "thread", "M6"), ("parafuso M2,5", "thread", "M2.5"), ("box for M3 screws", "thread", None),
        ("washer for an M8 bolt", "thread", "M8"), ("an M9 bolt", "thread", None), ("BMW M3 vase", "thread", "M3"),
        ("keychain with the name Ana", "inscription", "Ana"), ("chaveiro escrito 'ANA'", "inscription", "ANA"),
        ("chaveiro com o nome Maria da Silva em rosa", "inscription", "Maria da Silva"),
        ("mug with \"World's best dad\" on it", "inscription", "World's best dad"),
        ("name sign saying welcome home in red", "inscription", "welcome home"),
        ("a vase named x", "inscription", "x"),
        ('a 3" cube and a 5" cube', "inscription", None), ("keychain", "inscription", None),
        ("keychain “São João”", "inscription", "São João"), ('a "vase" 10 cm tall', "inscription", None),
        ("vase in PLA", "material", "pla"), ("vaso de resina", "material", "resin"),
        ("vase, not PLA", "material", None),
        ("peça em náilon", "material", "nylon"), ("xícara com asa", "material", None),
        ("xícara em ASA", "material", "asa"),
        ("red vase", "color", "#ff0000"), ("vaso azul-claro", "color", "#add8e6"),
        ("dark green vase", "color", "#006400"),
        ("vase in #F80", "color", "#ff8800"), ("a vase for red roses", "color", None),
        ("vaso verde-escuro", "color", "#006400"),
        ("um vaso para rosas vermelhas", "color", None), ("vaso vermelho para rosas brancas", "color", "#ff0000"),
        ("vase, not red", "color", None), ("a box for an orange", "color", None),
        ("an orange box", "color", "#ffa500"),
        ("5 copies of a vase", "quantity", 5), ("vaso, 10 unidades", "quantity", 10),
        ("uma dúzia de ganchos", "quantity", 12),
        ("meia dúzia de ganchos", "quantity", 6), ("half a dozen hooks", "quantity", 6),
        ("a pair of rings", "quantity", 2),
        ("3x M6 bolts", "quantity", 3), ("two red vases", "quantity", 2), ("vase x5", "quantity", 5),
        ("qty: 7 vase", "quantity", 7),
        ("2024 calendar stand", "quantity", None), ("a vase for 12 roses", "quantity", None),
        ("5 dragons", "quantity", 5),
        ("a d6 dice 16mm", "quantity", None), ("1 vaso", "quantity", 1),
        ('chaveiro 60x25mm com texto "CASA"', "inscription", "CASA"), ('keychain "Bola"', "inscription", "Bola"),
        ("a terracotta vase", "color", "#e2725b"), ("vaso terracota", "color", "#e2725b"),
        ("chair 9 cm tall walnut", "color", "#5d432c"), ("bandeja cor de madeira", "color", "#a1785c"),
        ("small box wood brown", "color", "#a1785c"), ("rose gold ring", "color", "#b76e79"),
        ("mustard yellow vase", "color", "#e1ad01"), ("garden pot, brick red", "color", "#b5533c"),
        ("vase sand colored 14 cm", "color", "#f4a460"), ("coaster, oak finish", "color", "#a1785c"),
        ("a box for sand", "color", None), ("casinha cor de telha", "color", "#b5533c"),
        ("um vaso", "quantity", None), ("set of 4 coasters", "quantity", 4), ("2x 10 cm vases", "quantity", 2),
    ],
)  # fmt: skip
def test_single_findings(text: str, field: str, expected: object) -> None:
    assert value(analyse(text), field) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gear with 20 teeth", {"teeth": 20}), ("20-tooth gear", {"teeth": 20}), ("20T gear", {"teeth": 20}),
        ("engrenagem de vinte e quatro dentes", {"teeth": 24}), ("gear z=18", {"teeth": 18}),
        ("gear, teeth: 18", {"teeth": 18}),
        ("bracket with two 5 mm holes", {"holes": 2}), ("bracket with 4 x 5 mm holes", {"holes": 4}),
        ("table with 4 feet", {"legs": 4}), ("mesa com três pernas", {"legs": 3}), ("3-legged table", {"legs": 3}),
        ("two-story house", {"floors": 2}), ("box with 6 compartments", {"compartments": 6}),
        ("20-sided die", {"sides": 20}),
        ("6-sided die", {}), ("hexagonal pen holder", {"sides": 6}), ("hexagonal nut", {}),
        ("hook with 3 prongs", {"hooks": 3}),
        ("3 hooks", {}),
    ],
)  # fmt: skip
def test_counted_parts(text: str, expected: dict[str, int]) -> None:
    assert {found.name: found.value for found in analyse(text).counts} == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a decorative vase", ["decorative"]), ("vaso para usar ao ar livre", ["outdoor"]),
        ("dishwasher safe bowl", ["food_contact"]),
        ("food safe bowl", ["food_contact"]), ("suporte de celular flexível", ["flexible"]),
        ("engrenagem para furadeira", ["mechanical"]),
        ("coffee mug", ["food_contact"]), ("coffee table", []), ("caneca de café", ["food_contact"]),
        ("vaso para o jardim", ["outdoor"]),
        ("washer outside diameter 20 mm", []), ("arruela com diâmetro externo de 20 mm", []),
    ],
)  # fmt: skip
def test_uses(text: str, expected: list[str]) -> None:
    assert [found.value for found in analyse(text).uses] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("box with lid", ["lid"]), ("caixa com tampa", ["lid"]), ("box without lid", []), ("box for bottle lids", []),
        ("bottle cap", []), ("cup with a handle", ["handle"]), ("xícara com asa", ["handle"]),
        ("mug without handle", ["no_handle"]),
        ("plant pot with drainage holes", ["drainage"]), ("vaso de planta sem furos", ["no_drainage"]),
        ("hollow cube", ["hollow"]),
        ("esfera oca", ["hollow"]), ("cube with a hole", ["hole"]), ("box that has a lid", ["lid"]),
    ],
)  # fmt: skip
def test_features(text: str, expected: list[str]) -> None:
    assert [found.value for found in analyse(text).features] == expected


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        ("an M6x30 bolt", {"length": 30}),
        ("an M8 x 40 mm bolt", {"length": 40}),
        ("an M8x1.25 bolt", {"pitch": 1.25}),
        ("an M8x1x2in bolt", {"pitch": 1, "length": 50.8}),
        ("4 M6x20 bolts", {"length": 20}),
    ],
)
def test_a_thread_carries_pitch_and_length(text: str, lengths: dict[str, float]) -> None:
    assert {found.name: pytest.approx(found.value_mm) for found in analyse(text).dimensions} == lengths


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("0 copies of a vase", "quantity.not_positive"),
        ("-2 copies of a vase", "quantity.not_positive"),
        ("1000000000 vases", "quantity.too_large"),
        ("10^9 vases", "quantity.too_large"),
        ("10⁹ copies of a vase", "quantity.too_large"),
        ("um milhão de vasos", "quantity.too_large"),
        (f"{MAX_QUANTITY + 1} vases", "quantity.too_large"),
        ("gear with 0 teeth", "count.not_positive"),
        ("gear with 100000 teeth", "count.too_large"),
    ],
)
def test_an_impossible_number_of_things_stops_the_job(text: str, code: str) -> None:
    analysis = analyse(text)
    assert analysis.quantity is None
    assert analysis.counts == ()
    assert [found.code for found in contradictions(analysis)] == [code]


def test_the_largest_quantity_is_accepted() -> None:
    assert value(analyse(f"{MAX_QUANTITY} vases"), "quantity") == MAX_QUANTITY


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("a vase", "en"), ("um vaso", "pt"), ("vaso 10cm", "pt"), ("vase 10cm", "en"),
        ("spur gear with 24 dentes", "en"),
        ("caneca de cafe", "pt"), ("", "en"), ("🏺", "en"), ("preciso de algo bonito", "pt"), ("12 cm", "en"),
    ],
)  # fmt: skip
def test_the_language_is_that_of_most_words(text: str, language: str) -> None:
    assert analyse(text).language == language
