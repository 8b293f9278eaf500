"""Which material to print in, and why, in the language of the prompt."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, cast, get_args

from pipelines.pricing.materials import MATERIALS, Material, suits
from pipelines.prompt.types import Language, PromptAnalysis, Use

DEFAULT: Final[str] = "pla"

# Rarest demand first: the first of these that is asked for chooses, among what suits all that is asked for.
_CHOICES: Final[tuple[tuple[Use, tuple[str, ...]], ...]] = (
    ("flexible", ("tpu",)),
    ("outdoor", ("asa", "petg")),
    ("food_contact", ("petg", "nylon", "pla")),
    ("mechanical", ("petg", "nylon", "asa", "abs")),
    ("decorative", ("pla", "petg", "resin")),
)

_Texts = Mapping[str, str]

_WHY: Final[Mapping[Language, _Texts]] = MappingProxyType(
    {
        "en": MappingProxyType(
            {
                "asked": "You asked for {title}.",
                "default": "{title} prints cleanly and costs little; nothing in the request asks for more.",
                "flexible": "{title} bends and springs back.",
                "outdoor": "{title} holds up in sun and rain.",
                "food_contact": "{title} has food-contact grades.",
                "mechanical": "{title} is tough enough for parts that carry load.",
                "decorative": "{title} gives clean colours and detail at a low price.",
                "not_flexible": "{title} does not flex: it breaks.",
                "not_outdoor": "{title} does not last outdoors: sun and heat ruin it.",
                "not_food_contact": "{title} must not touch food.",
                "not_mechanical": "{title} is too brittle to carry load.",
                "not_decorative": "{title} is not made for looks.",
                "coat": "For food: {note}",
                "torn": "No single material does all that is asked; {title} does the first.",
            }
        ),
        "pt": MappingProxyType(
            {
                "asked": "Você pediu {title}.",
                "default": "{title} imprime bem e custa pouco; nada no pedido exige mais.",
                "flexible": "{title} dobra e volta à forma.",
                "outdoor": "{title} resiste ao sol e à chuva.",
                "food_contact": "{title} tem versões próprias para contato com alimentos.",
                "mechanical": "{title} é resistente o bastante para peças que suportam carga.",
                "decorative": "{title} dá cores limpas e detalhe por um preço baixo.",
                "not_flexible": "{title} não flexiona: quebra.",
                "not_outdoor": "{title} não dura ao ar livre: o sol e o calor o estragam.",
                "not_food_contact": "{title} não deve tocar alimentos.",
                "not_mechanical": "{title} é frágil demais para suportar carga.",
                "not_decorative": "{title} não é feito para decoração.",
                "coat": "Para alimentos: aplique um revestimento próprio ou use uma só vez; as linhas de camada retêm "
                "bactérias.",
                "torn": "Nenhum material faz tudo o que se pede; {title} faz o primeiro.",
            }
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A material with reasons for it and warnings against it, sentences in the prompt's language."""

    material: str
    reasons: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def recommend(analysis: PromptAnalysis, chosen: str | None = None) -> Recommendation:
    """The material for what a prompt asks.

    A material that was asked for is kept, with a warning where it does not suit the use. Otherwise the uses choose.

    Args:
        analysis: What the prompt asks; its uses, material and language are read.
        chosen: Material of the request itself; it goes before the prompt's.

    Returns:
        A material of the table, or the one that was asked for: a shop may have others, and not have some of these.
    """
    uses = tuple(cast(Use, word.value) for word in analysis.uses if word.value in get_args(Use))
    texts = _WHY[analysis.language]
    wanted = chosen or (analysis.material.value if analysis.material else None)
    if wanted is not None and wanted not in MATERIALS:  # a shop's own, which its price book knows
        return Recommendation(wanted, (texts["asked"].format(title=wanted),))
    if wanted is not None:
        material = MATERIALS[wanted]
        return Recommendation(wanted, (_say(texts, "asked", material),), _warnings(texts, material, uses))
    for use, names in _CHOICES:
        if use in uses:
            return _for_use(texts, use, names, uses)
    material = MATERIALS[DEFAULT]
    return Recommendation(DEFAULT, (_say(texts, "default", material),))


def _for_use(texts: _Texts, use: Use, names: tuple[str, ...], uses: tuple[Use, ...]) -> Recommendation:
    candidates = [MATERIALS[name] for name in names if suits(MATERIALS[name], uses)]
    torn = not candidates
    material = candidates[0] if candidates else MATERIALS[names[0]]
    reasons = tuple(_say(texts, wanted, material) for wanted in uses if wanted == use or wanted in material.uses)
    warnings = _warnings(texts, material, uses)
    return Recommendation(material.name, reasons, ((_say(texts, "torn", material),) if torn else ()) + warnings)


def _warnings(texts: _Texts, material: Material, uses: tuple[Use, ...]) -> tuple[str, ...]:
    against = tuple(_say(texts, f"not_{use}", material) for use in uses if use in material.not_for)
    if "food_contact" in uses and "food_contact" not in material.not_for:
        return (*against, _say(texts, "coat", material))
    return against


def _say(texts: _Texts, key: str, material: Material) -> str:
    return texts[key].format(title=material.title, note=material.food_contact)
