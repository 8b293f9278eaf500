"""Which material is recommended, and the reasons given."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.pricing import MATERIALS, recommend
from pipelines.pricing.materials import MATERIAL_NAMES, suits
from pipelines.prompt.types import Language, PromptAnalysis, Span, Use, Word

USES: list[Use] = ["decorative", "mechanical", "food_contact", "outdoor", "flexible"]
AT = Span(0, 1)


def asking(*uses: Use, material: str | None = None, language: Language = "en") -> PromptAnalysis:
    return PromptAnalysis(
        text="x",
        language=language,
        subject="x",
        uses=tuple(Word(use, AT) for use in uses),
        material=Word(material, AT) if material else None,
    )


@pytest.mark.parametrize(
    ("uses", "material"),
    [
        ((), "pla"),
        (("decorative",), "pla"),
        (("mechanical",), "petg"),
        (("food_contact",), "petg"),
        (("outdoor",), "asa"),
        (("flexible",), "tpu"),
        (("decorative", "outdoor"), "asa"),
        (("outdoor", "food_contact"), "petg"),
        (("mechanical", "outdoor"), "asa"),
        (("flexible", "outdoor"), "tpu"),
    ],
)
def test_the_uses_choose_the_material(uses: tuple[Use, ...], material: str) -> None:
    found = recommend(asking(*uses))
    assert found.material == material
    assert found.reasons


def test_an_asked_material_is_kept_with_a_warning_where_it_fails() -> None:
    outdoors = recommend(asking("outdoor", material="pla"))
    assert outdoors.material == "pla"
    assert outdoors.warnings == ("PLA does not last outdoors: sun and heat ruin it.",)
    assert recommend(asking("decorative", material="pla")).warnings == ()


def test_the_material_of_the_request_goes_before_that_of_the_prompt() -> None:
    assert recommend(asking(material="pla"), chosen="petg").material == "petg"


def test_reasons_speak_the_language_of_the_prompt() -> None:
    assert recommend(asking("outdoor", language="pt")).reasons == ("ASA resiste ao sol e à chuva.",)
    assert recommend(asking("outdoor", material="pla", language="pt")).warnings == (
        "PLA não dura ao ar livre: o sol e o calor o estragam.",
    )
    assert recommend(asking("outdoor")).reasons == ("ASA holds up in sun and rain.",)


def test_food_contact_always_comes_with_a_word_of_care() -> None:
    assert any("coating" in warning for warning in recommend(asking("food_contact")).warnings)
    assert any("revestimento" in warning for warning in recommend(asking("food_contact", language="pt")).warnings)
    assert recommend(asking("food_contact", material="abs")).warnings == ("ABS must not touch food.",)


def test_uses_that_no_material_serves_together_are_said() -> None:
    found = recommend(asking("flexible", "food_contact"))
    assert found.material == "tpu"
    assert found.warnings[0].startswith("No single material")


@given(
    uses=st.lists(st.sampled_from(USES), unique=True).map(tuple),
    material=st.none() | st.sampled_from(MATERIAL_NAMES),
    language=st.sampled_from(["en", "pt"]),
)
def test_a_recommendation_warns_exactly_where_its_material_fails(
    uses: tuple[Use, ...], material: str | None, language: Language
) -> None:
    found = recommend(asking(*uses, material=material, language=language))
    assert found.reasons
    assert "{" not in "".join(found.reasons + found.warnings)
    if not suits(MATERIALS[found.material], uses):
        assert found.warnings
    elif "food_contact" not in uses:
        assert found.warnings == ()
    if material is not None:
        assert found.material == material


def test_a_material_of_a_shops_own_is_kept_as_it_was_asked_for() -> None:
    found = recommend(asking("outdoor"), chosen="wood")
    assert (found.material, found.reasons, found.warnings) == ("wood", ("You asked for wood.",), ())
