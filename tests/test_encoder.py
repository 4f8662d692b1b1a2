"""The encoder: what it reads of a paper, and what it finds in papers of many fields."""

from __future__ import annotations

import shutil
import time
import unicodedata
from itertools import pairwise
from pathlib import Path

import pytest
from helpers import read_jsonl
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

import extractor.encoder
from extractor.encoder import Encoder, ScoredSpan, choose, shared_encoder
from extractor.encoder.text import MOST_TOKENS, MOST_UNITS, EncoderText, Vocabulary
from extractor.errors import WeightsError

FIXTURES = Path(__file__).parent / "fixtures"
FOLDER = Path(extractor.encoder.__file__).parent
VOCABULARY = Vocabulary(Tokenizer.from_file(str(FOLDER / "tokenizer.json")))
PIECES = [
    "T cells", "IL-6", "(CD4+)", "C++", "naïve", "数据", "A$_2$", "...", "e.g. x.", "The end. Next",
    "\u200b", "𝛼", "don’t", "1,000", "[3]", "“so”", "\n", "x" * 40,
]  # fmt: skip
any_texts = st.one_of(
    st.text(max_size=200), st.lists(st.sampled_from(PIECES), max_size=60).map(" ".join)
)


# ------------------------------------------------------------------- what is read


@given(any_texts, any_texts)
def test_spans_are_words_in_a_row_of_the_title_or_the_abstract(title: str, abstract: str) -> None:
    text = EncoderText(VOCABULARY, title, abstract)

    for first, last in text.spans:
        start, end = text.characters((first, last))
        assert last - first < MOST_UNITS
        assert text.text[start:end].strip() == text.text[start:end] != ""
        assert end <= len(title) or start > len(title)


@given(any_texts, any_texts, st.integers(20, 200))
def test_windows_cover_the_text_and_are_no_longer_than_allowed(
    title: str, abstract: str, room: int
) -> None:
    text = EncoderText(VOCABULARY, title, abstract)
    windows = list(text.windows(room))

    assert windows[0].start == 0
    assert windows[-1].stop >= len(text.tokens)
    assert all(len(window) <= room for window in windows)
    assert all(one.start < other.start <= one.stop for one, other in pairwise(windows))


@given(any_texts, any_texts)
def test_an_input_points_to_its_own_tokens(title: str, abstract: str) -> None:
    text = EncoderText(VOCABULARY, title, abstract)
    for given_ in text.inputs(["proteins", "cell_types (kinds of cells)"]):
        assert len(given_.tokens) <= MOST_TOKENS
        assert [given_.tokens[mark] for mark in given_.marks] == [VOCABULARY.mark] * 2
        head = len(text.head(["proteins", "cell_types (kinds of cells)"])[0])
        for start, end in zip(given_.starts, given_.ends, strict=True):
            assert head <= start <= end < len(given_.tokens) - 1


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_letter_and_its_marks_are_one_unit(form: str) -> None:
    text = EncoderText(VOCABULARY, "", unicodedata.normalize(form, "The naïve Schrödinger bridge."))
    words = {text.text[slice(*text.characters(span))] for span in text.spans}

    assert unicodedata.normalize(form, "Schrödinger bridge") in words
    assert len(text.units) == 5


def test_a_lone_surrogate_is_no_fault() -> None:
    assert shared_encoder().score("A \ud800 x", "Grey \udfff herons", ["birds"]) is not None


def test_a_name_is_read_as_words() -> None:
    assert VOCABULARY.field("cell_types") == VOCABULARY.field("cell types")


def test_a_span_has_the_tokens_of_its_words() -> None:
    text = EncoderText(VOCABULARY, "Grey herons", "They breed at Lake Orr. It is quiet.")
    (given_,) = text.inputs(["places"])
    found = {
        text.text[slice(*text.characters(span))]: given_.tokens[start : end + 1]
        for span, start, end in zip(given_.spans, given_.starts, given_.ends, strict=True)
    }

    assert found["Lake Orr"] == VOCABULARY.encode("lake orr")[0]
    assert found["Grey herons"] == VOCABULARY.encode("grey herons")[0]
    assert "Orr. It" not in found
    assert "herons\nThey" not in found


# ------------------------------------------------------------------- what is found


def found(title: str, abstract: str, *fields: str) -> dict[str, list[str]]:
    text = f"{title}\n{abstract}"
    chosen = choose(shared_encoder().score(title, abstract, fields), range(len(fields)))
    return {
        field: [text[span.start : span.end] for span in chosen[at]]
        for at, field in enumerate(fields)
    }


def test_fields_of_many_kinds_are_found() -> None:
    """Invented abstracts of eight sciences; gold lists every wording that is right."""
    right = values = wanted = hit = 0
    for row in read_jsonl(FIXTURES / "own_fields.jsonl"):
        fields = row["fields"]
        said = found(row["title"], row["abstract"], *fields)
        for name, gold in fields.items():
            ours = {value.casefold() for value in said[name]}
            theirs = {value.casefold() for value in gold}
            right += len(ours & theirs)
            values += len(ours)
            # A phrase within another of the same field need not be found as well.
            whole = {each for each in theirs if not any(each in o and each != o for o in theirs)}
            wanted += len(whole)
            hit += sum(any(each in mine or mine in each for mine in ours) for each in whole)

    assert right / values > 0.7
    assert hit / wanted > 0.7


def test_the_name_of_a_field_decides() -> None:
    abstract = "A chart parser for Old Norse is measured by labelled recall on the Saga Corpus."

    assert found("", abstract, "parsers")["parsers"] == ["chart parser"]
    assert found("", abstract, "datasets")["datasets"] == ["Saga Corpus"]
    assert found("", abstract, "diseases")["diseases"] == []


def test_a_long_text_is_read_in_windows() -> None:
    filler = "The weather was mild and nothing else was seen there on that day. " * 60
    abstract = f"{filler}We counted grey herons at Lake Orr."

    assert "grey herons" in found("", abstract, "bird species")["bird species"]


def test_more_fields_than_fit_at_once_are_all_asked_for() -> None:
    others = [f"kind {number} of engine" for number in range(20)]
    values = found("", "Treatment of asthma with brolin.", *others, "diseases")

    assert values["diseases"] == ["asthma"]


@pytest.mark.parametrize("size", [None, 0, 1_000_000])
def test_weights_that_are_missing_or_cut_are_named(tmp_path: Path, size: int | None) -> None:
    shutil.copy(FOLDER / "tokenizer.json", tmp_path)
    if size is not None:
        (tmp_path / "encoder.onnx").write_bytes((FOLDER / "encoder.onnx").read_bytes()[:size])
    with pytest.raises(WeightsError, match=r"encoder .* cannot be read") as raised:
        Encoder.load(tmp_path)

    assert "Install" in str(raised.value.hint)


def test_the_same_paper_is_read_the_same_every_time() -> None:
    one, other = (
        Encoder.load().score("Herons", "Grey herons breed at Lake Orr.", ["birds"])
        for _ in range(2)
    )

    assert one == other


@pytest.mark.parametrize("text", ["", "?!", "\u200b", "数据"])
def test_a_text_without_phrases_has_none(text: str) -> None:
    assert found("", text, "birds") == {"birds": []} or text == "数据"


@pytest.mark.parametrize("unit", ["a-", "a ", "a", "(", "1 ", "数", "T cells. ", "é", "\n", "x.y."])
def test_no_text_takes_long(unit: str) -> None:
    text = (unit * 20_000)[:20_000]
    started = time.process_time()
    shared_encoder().score(text[:2_000], text, ["birds", "places"])

    assert time.process_time() - started < 20  # alone it is about two


def test_overlapping_spans_are_chosen_by_likelihood_and_each_once() -> None:
    spans = [
        ScoredSpan(0, 10, (0.9, 0.2)),
        ScoredSpan(5, 12, (0.1, 0.8)),
        ScoredSpan(12, 20, (0.5, 0.6)),
        ScoredSpan(20, 25, (0.1, 0.1)),
    ]

    assert choose(spans, [0, 1]) == {0: [spans[0]], 1: [spans[2]]}
    assert choose(spans, [0]) == {0: [spans[0], spans[2]]}
