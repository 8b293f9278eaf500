"""Which object is asked for: the head noun, never a word that merely occurs."""

import pytest

from pipelines.prompt import analyse


def families(text: str) -> list[str]:
    return [word.value for word in analyse(text).families]


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("vase", "vase"), ("vaso", "vase"), ("soup bowl", "bowl"), ("tigela", "bowl"), ("coffee mug", "mug"),
        ("caneca", "mug"), ("tea cup", "cup"), ("xícara", "cup"), ("copo", "cup"), ("jewelry box", "box"),
        ("caixa", "box"), ("tray", "tray"), ("bandeja", "tray"), ("dinner plate", "plate"), ("prato", "plate"),
        ("coaster", "coaster"), ("porta-copos", "coaster"), ("pencil cup", "pen_holder"),
        ("porta-lápis", "pen_holder"),
        ("phone stand", "phone_stand"), ("suporte de celular", "phone_stand"), ("coat hook", "hook"),
        ("gancho", "hook"), ("shelf bracket", "bracket"), ("mão-francesa", "bracket"), ("washer", "washer"),
        ("arruela", "washer"), ("spacer", "spacer"), ("espaçador", "spacer"), ("drawer knob", "knob"),
        ("puxador", "knob"), ("hex nut", "nut"), ("porca", "nut"), ("bolt", "bolt"), ("parafuso", "bolt"),
        ("spur gear", "gear"), ("engrenagem", "gear"), ("ring", "ring"), ("anel", "ring"), ("key chain", "keychain"),
        ("chaveiro", "keychain"), ("name sign", "name_sign"), ("placa com nome", "name_sign"), ("dice", "die"),
        ("dado", "die"), ("funnel", "funnel"), ("funil", "funnel"), ("bottle", "bottle"), ("garrafa", "bottle"),
        ("flower pot", "plant_pot"), ("vaso de planta", "plant_pot"), ("table", "table"), ("mesa", "table"),
        ("chair", "chair"), ("cadeira", "chair"), ("house", "house"), ("casa", "house"), ("cone", "cone"),
        ("sphere", "sphere"), ("esfera", "sphere"), ("cylinder", "cylinder"), ("cilindro", "cylinder"),
        ("cube", "cube"), ("cubo", "cube"), ("torus", "torus"), ("rosquinha", "torus"),
    ],
)  # fmt: skip
def test_every_family_has_its_names(text: str, family: str) -> None:
    assert families(text) == [family]


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("Please make me a nice little blue vase for my kitchen table", "vase"),
        ("I'm looking for a 10 cm wide bowl", "bowl"),
        ("gostaria de uma caixa para guardar anéis", "box"),
        ("a set of 4 coasters", "coaster"),
        ("a stand for my new phone", "phone_stand"),
        ("a holder for pencils", "pen_holder"),
        ("pen and pencil holder", "pen_holder"),
        ("a pot for my cactus", "plant_pot"),
        ("for my desk: a small tray", "tray"),
        ("not a vase but a bowl", "bowl"),
        ("a vase, not a bowl", "vase"),
        ("wall thickness: 1.2mm; height = 80mm; cup", "cup"),
        ("quatro parafusos M6 pretos", "bolt"),
        ("a boy's ring", "ring"),
        ("Vase. Height: 12 cm.", "vase"),
    ],
)
def test_the_object_is_found_among_other_words(text: str, family: str) -> None:
    assert families(text) == [family]


@pytest.mark.parametrize(
    "text",
    [
        "a dragon", "a toy car", "a chess knight", "a dragon on a box", "cup holder", "table lamp", "house key",
        "bottle opener", "bottle cap", "washing machine", "lightning bolt", "landing gear", "gearbox", "onion ring",
        "ring light", "boxing ring", "Saturn's rings", "Rubik's cube", "ice cube tray", "traffic cone",
        "cone of shame",
        "house of cards", "periodic table of elements", "wheel chair", "birdhouse", "music box", "license plate",
        "suction cup", "nuts and bolts organizer", "a lamp shaped like a vase", "a dragon holding a vase", "wing nut",
        "fish bowl", "something to hold my pens", "a 2024 calendar", "20", "tower of dice", "chair leg",
        "roller coaster",
        "a horse", "a chain", "a tablet", "a toaster", "a skull",
        "um cavalo", "uma caveira", "um pato", "uma girafa", "um touro", "uma porta", "uma caneta", "um dedo",
        "caixa de som", "caixa d'água", "vaso sanitário", "vaso sanguíneo", "cadeira de rodas", "cubo mágico",
        "anel de vedação", "porca borboleta", "banco de dados", "mesa de bilhar", "casa de passarinho",
        "bola de futebol",
        "tampa de garrafa", "luminária de mesa", "abridor de garrafa", "perna de mesa", "um gato em cima de uma mesa",
        "copo medidor", "gancho de crochê", "cone de trânsito", "parafuso sem fim",
    ],
)  # fmt: skip
def test_an_unrelated_shape_is_never_named(text: str) -> None:
    assert families(text) == []


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("vaze", "vase"), ("cilinder", "cylinder"), ("cylidner", "cylinder"), ("funell", "funnel"),
        ("botle", "bottle"),
        ("braket", "bracket"), ("keychian", "keychain"), ("xaveiro", "keychain"), ("engrenajem", "gear"),
        ("parafuzo", "bolt"), ("garafa", "bottle"), ("cadera", "chair"),
    ],
)  # fmt: skip
def test_a_slip_of_the_finger_is_forgiven(text: str, family: str) -> None:
    assert families(f"{text} 10 cm") == [family]


@pytest.mark.parametrize(
    ("text", "expected", "upper_is_first"),
    [
        ("a sphere on top of a cylinder", ["sphere", "cylinder"], True),
        ("a cone on a cube", ["cone", "cube"], True),
        ("um cone sobre um cilindro", ["cone", "cylinder"], True),
        ("a cube with a sphere on top", ["cube", "sphere"], False),
        ("a cylinder under a sphere", ["cylinder", "sphere"], False),
        ("a sphere on a cylinder on a cube", ["sphere", "cylinder", "cube"], True),
    ],
)
def test_stacked_solids_come_in_order_of_mention(text: str, expected: list[str], upper_is_first: bool) -> None:
    analysis = analyse(text)
    assert [word.value for word in analysis.families] == expected
    on_top = next(word for word in analysis.features if word.value == "on_top")
    assert (on_top.span.start < analysis.families[-1].span.start) == upper_is_first


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a mug with a dragon", "dragon"),
        ("a dragon mug", "dragon"),
        ("caneca com orelhas de gato", "orelhas de gato"),
        ("mug with 3D effect", "3D effect"),
        ("a vase in the shape of an elephant", "elephant"),
        ("casa com chaminé", "chaminé"),
        ("a twisted vase 20 cm tall", "twisted"),
        ("a vase and a mug", "a mug"),
        ("a 300 ml mug", "300 ml"),
        ("box with internal dimensions 5 x 3 x 2 cm", "internal dimensions"),
        ("ring, size 8", "size 8"),
        ("round box with lid", "round"),
        ("a cube with rounded corners", "rounded corners"),
        ("phone stand at a 70° angle", "70°"),
        ("pair of gears with 20 and 40 teeth", "20"),
        ("knob for a 6 mm shaft", "6 mm"),
        ("bracket with holes for M4 screws", "M4"),
    ],
)
def test_what_no_family_makes_is_told(text: str, told: str) -> None:
    analysis = analyse(text)
    assert len(analysis.families) == 1
    found = [text[p.span.start : p.span.end].strip() for p in analysis.problems if p.code == "feature.unsupported"]
    assert found == [told]


@pytest.mark.parametrize(
    "text",
    ["a vase for 12 roses", "a box for AA batteries", "a box for washers", "a simple modern vase with a smooth finish"],
)
def test_what_the_object_is_for_is_not_told(text: str) -> None:
    assert analyse(text).problems == ()


def test_the_subject_is_the_noun_phrase_as_written() -> None:
    assert analyse("a 20 cm tall Dragon statue, red").subject == "Dragon statue"
    assert analyse("quero um vaso de planta azul de 12 cm").subject == "vaso de planta azul"
    assert analyse("12 cm").subject == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cube and a sphere side by side", ["cube", "sphere"]),
        ("cylinder and a cube side by side", ["cylinder", "cube"]),
        ("a cube, a cone and a sphere side by side", ["cube", "cone", "sphere"]),
        ("a cylinder next to a cone", ["cylinder", "cone"]),
        ("cube 20mm beside sphere 30mm", ["cube", "sphere"]),
        ("uma esfera ao lado de um cubo", ["sphere", "cube"]),
        ("um cubo e uma esfera lado a lado", ["cube", "sphere"]),
    ],
)
def test_solids_in_a_row_are_all_read_and_stand_on_the_bed(text: str, expected: list[str]) -> None:
    analysis = analyse(text)
    assert [word.value for word in analysis.families] == expected
    assert analysis.features == ()
    assert analysis.problems == ()


def test_what_stands_on_top_in_portuguese_is_read_without_de() -> None:
    analysis = analyse("um cubo de 30 mm com um cone de 20 mm de altura em cima")
    assert [word.value for word in analysis.families] == ["cube", "cone"]
    assert [word.value for word in analysis.features] == ["on_top"]


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("a d6", "die"), ("a d6 dice 16mm", "die"), ("um d6 de 16 mm", "die"), ("garden pot 20 cm tall", "plant_pot"),
        ("desk sign saying Ana", "name_sign"), ("workshop hook 8 cm", "hook"), ("dollhouse table 8 cm long", "table"),
        ("make me a simple vase please", "vase"), ("a black box", "box"), ("10 cm high chair", "chair"),
        ("prato fundo 20 cm", "plate"),
    ],
)  # fmt: skip
def test_names_are_found_whatever_stands_around_them(text: str, family: str) -> None:
    analysis = analyse(text)
    assert [word.value for word in analysis.families] == [family]
    assert analysis.problems == ()


NOT_THESE = (
    "d20", "d20 die 22 mm", "a dice d20", "dado d20", "planetary gear set", "o ring", "u bolt", "measuring cup",
    "a square nut", "a internal gear", "office chair", "a high chair", "party cone", "christmas ball", "a wall plate",
)  # fmt: skip


@pytest.mark.parametrize("text", NOT_THESE)
def test_a_compound_is_not_its_last_word(text: str) -> None:
    assert analyse(text).families == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a vase 20 cm tall zebra", "zebra"), ("a vase 20 cm zebra", "20 cm zebra"),
        ("a box 80x60x40 mm zebra", "zebra"),
    ],
)  # fmt: skip
def test_a_strange_word_after_a_length_is_told(text: str, told: str) -> None:
    assert [text[p.span.start : p.span.end] for p in analyse(text).problems] == [told]
