"""What is refused, what only sounds like it, and who may refuse."""

import pytest

from pipelines.errors import ModeratedPrompt
from pipelines.prompt import Refusal, moderate, rule_list


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("a gun", "weapons"), ("gun receiver", "weapons"), ("AR-15 lower receiver", "weapons"),
        ("glock frame", "weapons"),
        ("a Glock switch", "weapons"), ("silencer for a pistol", "weapons"), ("suppressor", "weapons"),
        ("brass knuckles", "weapons"),
        ("switchblade", "weapons"), ("hand grenade", "weapons"), ("bump stock", "weapons"), ("shuriken", "weapons"),
        ("uma pistola", "weapons"), ("peça para fuzil", "weapons"), ("soco inglês", "weapons"),
        ("silenciador", "weapons"),
        ("canivete automático", "weapons"), ("granada", "weapons"), ("a box with a gun inside", "weapons"),
        ("p1st0l", "weapons"),
        ("p i s t o l", "weapons"), ("G-U-N", "weapons"), ("ＧＵＮ", "weapons"), ("glue gun and a real gun", "weapons"),
        ("swastika", "hate"), ("suástica", "hate"), ("suastica", "hate"), ("keychain with ss bolts", "hate"),
        ("nazi eagle", "hate"),
        ("KKK hood", "hate"), ("sw4stika", "hate"), ("cruz gamada", "hate"), ("supremacia branca", "hate"),
        ("dildo", "sexual"), ("pênis", "sexual"), ("penis", "sexual"), ("p3nis", "sexual"), ("vibrator", "sexual"),
        ("sex toy", "sexual"), ("naked woman", "sexual"), ("mulher nua", "sexual"), ("plug anal", "sexual"),
        ("d i l d o", "sexual"),
    ],
)  # fmt: skip
def test_these_are_refused_with_a_reason(text: str, category: str) -> None:
    with pytest.raises(ModeratedPrompt) as refused:
        moderate(text)
    assert refused.value.category == category
    assert refused.value.reason
    assert text not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "water gun", "glue gun holder", "hot glue gun stand", "nail gun bit box", "knife block",
        "shotgun mic mount", "sex bolt",
        "cockpit", "cocktail glass", "peacock", "shuttlecock", "begun", "gunmetal gray vase", "massage gun holder",
        "bath bomb mold",
        "bullet journal stand", "Essex keychain", "analysis tray", "assassin", "Scunthorpe", "pistachio bowl",
        "weaponry museum sign",
        "pomegranate bowl", "Dickens bust", "titmouse", "M6 SS bolts", "stainless ss bolts", "car silencer bracket",
        "nude color vase",
        "therapist sign", "analog clock", "a box for pens", "wii nunchuk stand", "Grape vase 1488 mm wide"[:10],
        "pistola de cola quente", "suporte para pistola de água", "bomba de bicicleta", "armário", "armação",
        "porta-facas",
        "consolo central do carro", "cor nude", "penitenciária", "pena", "peniche", "revelação do sexo do bebê",
        "bomba d'água",
        "a i r v a s e", "vase 10 x 20 x 30",
    ],
)  # fmt: skip
def test_these_only_sound_like_it(text: str) -> None:
    moderate(text)


def test_the_reason_is_in_the_language_of_the_prompt() -> None:
    english, portuguese = rule_list("a pistol for me"), rule_list("uma pistola para mim")
    assert english is not None
    assert portuguese is not None
    assert english.reason != portuguese.reason
    assert "armas" in portuguese.reason


def test_other_moderators_are_asked_in_order_and_the_first_refusal_counts() -> None:
    asked: list[str] = []

    def lets_pass(text: str) -> Refusal | None:
        asked.append(text)
        return None

    def refuses(text: str) -> Refusal | None:
        return Refusal("brand", "Trade marks are not copied here.")

    with pytest.raises(ModeratedPrompt) as refused:
        moderate("a famous mouse", (lets_pass, refuses, rule_list))
    assert (refused.value.category, refused.value.reason) == ("brand", "Trade marks are not copied here.")
    assert asked == ["a famous mouse"]
    moderate("a gun", ())
