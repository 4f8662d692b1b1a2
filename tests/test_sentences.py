"""Where sentences end, for the candidates and the evaluation alike."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractor.candidates.document import Document
from extractor.names import name_key
from extractor.sentences import sentence_spans


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    "sentence",
    [
        "See Sec. 2 and No. 5 for more.",
        "As Smith et al. (2020) say, cf. Fig. 3, Eq. 2 and figs. 4 and 5.",
        "We follow J. Doe and Dr. Roe.",
        "It is 2.5x faster, e.g. On-device.",
    ],
)
def test_an_abbreviation_ends_no_sentence(sentence: str) -> None:
    assert sentences(f"It is new. {sentence} The end.") == ["It is new.", sentence, "The end."]
    found = Document("Title", sentence).sentences
    assert len(found) == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "It draws less than 9 W. The rest is idle.",
            ["It draws less than 9 W.", "The rest is idle."],
        ),
        ("Is it fast? Yes! It is.", ["Is it fast?", "Yes!", "It is."]),
        (
            'He said "stop." Then (it was late.) we left.',
            ['He said "stop.', "Then (it was late.) we left."],
        ),
        ("One line\nand another", ["One line", "and another"]),
        ("更快。更小！「更好。」完", ["更快。", "更小！", "「更好。", "完"]),
        ("lower case. follows", ["lower case. follows"]),
        ("", []),
    ],
)
def test_where_sentences_end(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@given(st.text(alphabet="aB.!? \n。」)", max_size=40))
def test_sentences_leave_out_nothing_but_what_closes_them(text: str) -> None:
    spans = sentence_spans(text)
    assert all(start < end for start, end in spans)
    gaps = [text[end:start] for (_, end), (start, _) in itertools.pairwise(spans)]
    assert all(not gap.strip(" \n)」") for gap in gaps)


@pytest.mark.parametrize(
    ("name", "key"), [("ImageNet-1K", "imagenet1k"), ("NVIDIA A100", "nvidiaa100"), ("悟空", "")]
)
def test_names_are_the_same_by_their_latin_letters_and_digits(name: str, key: str) -> None:
    assert name_key(name) == key
