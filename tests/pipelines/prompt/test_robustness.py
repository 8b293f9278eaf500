"""Any text is accepted, every span is evidence, and time is linear."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.prompt import PromptAnalysis, Span, analyse, contradictions, rule_list

_VOCABULARY = """
a an the um uma vase box cube sphere vaso caixa engrenagem M8 x × 3 12,5 1.234,5 1/2 ½ 10^9 -3 0 1e400 nan cm mm in ft
" ' “ ” ( ) , . ; : tall de altura with com for para on top of hole furo wall height diameter Ø and e not 's - to half
meia doze dozen teeth copies name Ana red azul PLA lid without 2\u0301 \u200d \u202e 🏺 % ° ^ / = #ff8800
"""
_PIECES = st.sampled_from(_VOCABULARY.split())
_PROMPTS = st.lists(_PIECES, max_size=25).map(" ".join) | st.lists(_PIECES, max_size=25).map("".join)


def spans(analysis: PromptAnalysis) -> list[Span]:
    words = (analysis.thread, analysis.inscription, analysis.material, analysis.color)
    found = [word.span for word in (*words, *analysis.families, *analysis.uses, *analysis.features) if word]
    found += [item.span for item in analysis.dimensions] + [item.span for item in analysis.counts]
    found += [item.span for item in analysis.problems]
    return found + ([analysis.quantity.span] if analysis.quantity else [])


def check(text: str) -> None:
    analysis = analyse(text)
    assert analysis.text == text
    for span in spans(analysis):
        assert 0 <= span.start < span.end <= len(text)
        assert text[span.start : span.end].strip()
    for found in analysis.dimensions:
        assert 0.05 <= found.value_mm < float("inf")
    assert all(found.value > 0 for found in analysis.counts)
    assert set(contradictions(analysis)) <= set(analysis.problems)
    assert analyse(text) == analysis
    refusal = rule_list(text)
    assert refusal is None or refusal.category in ("weapons", "hate", "sexual")


@settings(max_examples=400)
@given(_PROMPTS)
def test_every_finding_points_at_its_evidence(text: str) -> None:
    check(text)


@given(st.text(max_size=200))
def test_no_text_at_all_is_too_strange(text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "\n\t\r", "🏺🏺", "\x00\x01\x1b[31m", "\u202evase 12 cm\u202c", "v\u0301a\u0301s\u0301e",
        "كوب ارتفاع ١٢ سم", "ﷺ" * 9,
        "9" * 5000, "1e999999999", "1/0 inch", "0/0", "--5 mm", "½" * 50, "\ud800",
        "M" + "9" * 400, "'" * 99, '"' * 99,
    ],
)  # fmt: skip
def test_odd_texts_are_answered(text: str) -> None:
    check(text)


@pytest.mark.parametrize("text", ["", "   ", "🏺🎉", "\u200d"])
def test_a_text_that_asks_for_nothing_gives_an_empty_analysis(text: str) -> None:
    assert analyse(text) == PromptAnalysis(text=text, language="en", subject="")


@given(st.sampled_from(["a 12 cm tall vase", "caixa 40x30x20 mm com tampa", "5 blue M6x30 bolts"]))
def test_the_findings_of_a_finding_are_its_own(text: str) -> None:
    for found in analyse(text).dimensions:
        again = analyse(text[found.span.start : found.span.end] + f" {found.unit}").dimensions
        assert not again or again[0].value_mm == pytest.approx(found.value_mm)


def test_accents_written_apart_belong_to_their_word() -> None:
    text = "um vaso com dia\u0302metro de 8 cm e a\u0301rea azul"
    (found,) = analyse(text).dimensions
    assert found.name == "diameter"
    assert text[found.span.start : found.span.end] == "dia\u0302metro de 8 cm"


@pytest.mark.parametrize(
    "piece",
    [
        "a vase for twelve roses, 12 cm tall. ",
        "1 ",
        "a-",
        "'",
        '"a ',
        "2 ft 3 in ",
        "height of ",
        "a\u0301",
        "g u n ",
        "p3n1 ",
    ],
)
def test_time_grows_no_faster_than_the_text(piece: str) -> None:
    def seconds(length: int) -> float:
        text = (piece * length)[:length]
        started = time.process_time()
        check_once(text)
        return time.process_time() - started

    seconds(1000)
    short, long = (min(seconds(length), seconds(length)) for length in (10_000, 100_000))
    # Ten times the text may take ten times as long, twice that on a busy machine; quadratic would be a hundred times.
    assert long < 30 * max(short, 0.01)
    assert long < 10.0


def check_once(text: str) -> None:
    analyse(text)
    rule_list(text)
