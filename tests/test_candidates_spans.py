"""Documents and candidate spans: every piece of a text that could be a value, where it stands."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractor.candidates.document import Document, shape, words
from extractor.candidates.spans import (
    FoundNames,
    NameCandidate,
    find_names,
    find_quantities,
    find_urls,
)
from extractor.names import name_key

PIECES = [
    "Sparrow", "SparrowNet", "Net", "the", "of", "on", "(LHS)", "“plover”", "**Rook**", "C++",
    "E$^2$-Rook", "\\textsc{Avocet}", "A100s", "3x", "35%", "2x to 5x", "ﬁve", "naïve", "Ångström",
    "使用", "数据集", "🦩", "e.g.", "Fig. 2", ".", ". ", ":", "\n", "\u2028", "\x00", "https://a.org/x",
    "github.com/foo/bar.", "foo.github.io", "(", ")", "[", "{", "$", "/", "-", "’s", "called",
    "benchmark", "İ", "ß", "½",
]  # fmt: skip
texts = st.one_of(
    st.text(max_size=200), st.lists(st.sampled_from(PIECES), max_size=30).map(" ".join)
)
any_text = settings(deadline=None, max_examples=150)


def found(abstract: str, title: str = "") -> FoundNames:
    return find_names(Document(title, abstract))


def names(abstract: str, title: str = "") -> list[str]:
    return [candidate.text for candidate in found(abstract, title).candidates]


def named(abstract: str, name: str) -> NameCandidate:
    return next(each for each in found(abstract).candidates if each.text == name)


# ---------------------------------------------------------------------------- documents


def test_a_document_is_the_title_a_line_break_and_the_abstract() -> None:
    document = Document("A Title. In Two Parts", "One here. Two there.")

    said = [(each.number, document.text[each.start : each.end]) for each in document.sentences]
    assert said == [(0, "A Title. In Two Parts"), (1, "One here."), (2, "Two there.")]


@pytest.mark.parametrize(
    "abstract",
    [
        "It is, i.e. we are, new.",
        "See Fig. 2 and Eq. 3 there.",
        "Heron et al. Report the same.",
        "It was written by J. Doe.",
    ],
)
def test_an_abbreviation_ends_no_sentence(abstract: str) -> None:
    assert len(Document("T", abstract).sentences) == 2


def test_a_place_is_in_the_sentence_that_holds_it() -> None:
    document = Document("Title", "One here. Two there.")

    assert document.sentence_at(0).number == 0
    assert document.sentence_at(document.text.index("here")).number == 1
    assert document.sentence_at(document.text.index("there")).number == 2
    assert document.sentence_at(len(document.text) + 9).number == 2


def test_a_sentence_knows_the_words_that_a_span_touches() -> None:
    document = Document("", "We call it SparrowNet today.")
    (_, sentence) = document.sentences
    start = document.text.index("SparrowNet")

    first, last = sentence.between(start, start + len("SparrowNet"))
    assert [word.text for word in sentence.words[first:last]] == ["SparrowNet"]
    assert sentence.shape(first - 1) == "it"
    assert (sentence.shape(-1), sentence.shape(len(sentence.words))) == ("<s>", "</s>")


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("https://a.org", "<url>"),
        ("3.5", "<n>"),
        ("A100", "<N>"),
        ("GloVe", "<N>"),
        ("Heron", "<C>"),
        ("The", "the"),  # opens sentences without being a name
        ("plain", "plain"),
        ("+", "+"),
    ],
)
def test_the_shape_of_a_word(word: str, expected: str) -> None:
    assert shape(word) == expected


def test_words_and_signs_are_cut_with_their_offsets() -> None:
    text = "is state-of-the-art (3.5%)"
    assert [word.text for word in words(text, 0, len(text))] == [
        "is", "state-of-the-art", "(", "3.5%", ")",
    ]  # fmt: skip
    assert [word.text for word in words(text, 3, 8)] == ["state"]


@any_text
@given(texts, texts)
def test_sentences_and_words_lie_inside_the_text_in_order(title: str, abstract: str) -> None:
    document = Document(title, abstract)

    reached = 0
    for number, sentence in enumerate(document.sentences):
        assert sentence.number == number
        assert reached <= sentence.start <= sentence.end <= len(document.text)
        at = sentence.start
        for word in sentence.words:
            assert at <= word.start < word.end <= sentence.end
            assert document.text[word.start : word.end] == word.text
            at = word.end
        reached = sentence.end
    for place in range(0, len(document.text) + 1, 7):
        assert document.sentence_at(place) in document.sentences


# -------------------------------------------------------------------------------- names


def test_every_piece_of_a_run_of_capitalised_words_is_a_candidate() -> None:
    assert set(names("it uses Open Harbour Images today")) == {
        "Open", "Open Harbour", "Open Harbour Images", "Harbour", "Harbour Images", "Images",
    }  # fmt: skip


def test_a_number_belongs_to_a_name_but_is_none_alone() -> None:
    assert names("it is Sparrow 50 in 2023, 42 times") == ["Sparrow", "Sparrow 50"]


@pytest.mark.parametrize(
    ("abstract", "expected"),
    [
        ("a Detector of Small Vessels is", "Detector of Small Vessels"),  # over small words
        ("the GLUE benchmark is", "GLUE benchmark"),  # with its common noun
        ("a kestrel-like Finch-based model", "Finch"),  # before "-based"
        ("a Kestrel Nano-based rover is", "Kestrel Nano"),  # also of several words
        ("for 40 K90-hours it", "K90"),  # in a count of hours
        ("on wader_kyoto it", "wader_kyoto"),  # in lower case with an underscore
        ("the rules—Rook among them", "Rook"),  # behind a dash
        ("on Lapwing/Dunlin", "Dunlin"),  # around a slash
        ("in FinchBERT's code", "FinchBERT"),  # before the possessive
        ("on two A100s", "A100"),  # without the plural
        ("a method called plover and", "plover"),  # introduced, in lower case
        ("the “quiet plover” is", "quiet plover"),  # quoted
        ("is **Turnstone** here", "Turnstone"),  # in Markdown
        ("is \\textsc{Avocet} here", "Avocet"),  # in LaTeX
        ("the E$^2$-Rook is", "E$^2$-Rook"),  # with a formula in it
        ("in C++ it", "C++"),  # with the sign that belongs to it
        ("named β-Heron here", "β-Heron"),  # of Greek letters
    ],
)
def test_a_name_is_found(abstract: str, expected: str) -> None:
    assert expected in names(abstract)


def test_a_list_in_parentheses_is_no_name() -> None:
    found = names("on two boards (K90, T40) here")

    assert {"K90", "T40"} <= set(found)
    assert "K90, T40" not in found


def test_the_words_before_a_colon_of_the_title_are_a_candidate() -> None:
    assert "turnstones in rows" in names("x", title="turnstones in rows: a study")


@pytest.mark.parametrize("abstract", ["", "no name at all", "2023 and 42", "a b c", "(1)", "$2^3$"])
def test_texts_without_names_give_no_candidates(abstract: str) -> None:
    assert names(abstract) == []


def test_a_link_is_no_name() -> None:
    assert names("see https://github.com/Heron/Rook for it") == []


def test_a_name_has_all_its_places_in_order() -> None:
    document = Document("Rook: A Study", "Rook is new. We release Rook.")
    rook = next(each for each in find_names(document).candidates if each.text == "Rook")

    assert rook.key == "rook"
    assert [document.text[start:end] for start, end in rook.spans] == ["Rook"] * 3
    assert list(rook.spans) == sorted(rook.spans)


def test_spellings_of_one_name_are_one_candidate() -> None:
    candidates = found("SPARROW-Net, Sparrow Net and SparrowNet").candidates

    assert [each.text for each in candidates if each.key == "sparrownet"] == ["SPARROW-Net"]
    assert len(named("SPARROW-Net, Sparrow Net and SparrowNet", "SPARROW-Net").spans) == 3


def test_a_long_run_gives_few_pieces() -> None:
    run = " ".join(f"Name{letter}" for letter in "ABCDEFGHI")
    pieces = names(f"on {run} here")

    assert run in pieces
    assert {f"Name{letter}" for letter in "ABCDEFGHI"} <= set(pieces)
    assert "NameB NameC NameD" not in pieces


# ----------------------------------------------------------------------------- acronyms


@pytest.mark.parametrize(
    ("abstract", "acronym", "long_form"),
    [
        ("the Long Harbour Survey (LHS) is new", "lhs", "longharboursurvey"),
        ("a gated recurrent unit (GRU) is old", "gru", "gatedrecurrentunit"),
        ("hidden markov models (HMMs) are", "hmms", "hiddenmarkovmodels"),  # plural
        ("an extensible wading index (XWI) is", "xwi", None),  # an "x" inside begins no word
        ("the index of all waders (IOW) is", "iow", "indexofallwaders"),  # small words count
        ("Sandpiper, a survey (LHS) of", "lhs", None),  # no letters that fit
        ("the Long. Harbour Survey (LHS) is", "lhs", None),  # not over the end of a sentence
        ("the Long Harbour Survey (2023) is", "2023", None),  # a year is no acronym
        ("the long harbour survey (here) is", "here", None),  # nor is a plain word
    ],
)
def test_long_forms_are_matched_by_the_method_of_schwartz_and_hearst(
    abstract: str, acronym: str, long_form: str | None
) -> None:
    assert found(abstract).long_forms.get(acronym) == long_form


def test_an_acronym_and_its_long_form_are_aliases() -> None:
    abstract = "the Long Harbour Survey (LHS) is new"

    assert "longharboursurvey" in named(abstract, "LHS").aliases
    assert "lhs" in named(abstract, "Long Harbour Survey").aliases


def test_a_plural_is_an_alias_of_its_singular() -> None:
    assert named("on A100s and one A100", "A100").aliases == {"a100s"}


def test_names_without_a_link_have_no_aliases() -> None:
    assert named("on Heron and Rook", "Heron").aliases == frozenset()


# ----------------------------------------------------------------- URLs and quantities


@pytest.mark.parametrize(
    ("abstract", "urls"),
    [
        ("Code: https://a.org/x.", ["https://a.org/x"]),
        ("(see http://a.org/x)", ["http://a.org/x"]),
        ("at github.com/acme/rook, and", ["github.com/acme/rook"]),
        ("at acme.github.io/rook here", ["acme.github.io/rook"]),
        ("on www.rook.net or huggingface.co/acme", ["www.rook.net", "huggingface.co/acme"]),
        ("broken as https ://a.org/x is", ["https ://a.org/x"]),
        ("mail rook@github.com/x now", []),
        ("the file rook.py and example.org", []),
    ],
)
def test_urls_are_found_with_and_without_scheme(abstract: str, urls: list[str]) -> None:
    document = Document("T", abstract)

    assert [url.text for url in find_urls(document)] == urls
    assert [document.text[url.start : url.end] for url in find_urls(document)] == urls


def test_multiples_and_percentages_of_title_and_abstract_are_quantities() -> None:
    document = Document("Twice as fast", "It is 3x to 5x faster and 35% better, on 7 layers.")
    quantities = find_quantities(document)

    said = [(m.value, m.value_max, m.unit) for _, m in quantities]
    assert said == [(2, None, "x"), (3, 5, "x"), (35, None, "%")]
    placed = [document.text[at + m.start : at + m.end] for at, m in quantities]
    assert placed == ["Twice", "3x to 5x", "35%"]


def test_a_negative_number_is_no_candidate() -> None:
    assert find_quantities(Document("T", "a change of -4% and 5 dB")) == []


# --------------------------------------------------------------------------- any text


@any_text
@given(texts, texts)
def test_candidates_of_any_text_are_its_own_words(title: str, abstract: str) -> None:
    document = Document(title, abstract)
    names_found = find_names(document)

    keys = [candidate.key for candidate in names_found.candidates]
    assert len(keys) == len(set(keys))
    for candidate in names_found.candidates:
        assert candidate.text == document.text[slice(*candidate.spans[0])]
        for start, end in candidate.spans:
            assert 0 <= start < end <= len(document.text)
            assert name_key(document.text[start:end]) == candidate.key
        assert candidate.key not in candidate.aliases
        assert candidate.aliases <= set(keys)
    for url in find_urls(document):
        assert document.text[url.start : url.end] == url.text
    for offset, mention in find_quantities(document):
        assert 0 <= offset + mention.start < offset + mention.end <= len(document.text)
        assert mention.unit in ("x", "%")


@any_text
@given(texts)
def test_aliases_hold_in_both_directions(abstract: str) -> None:
    candidates = {each.key: each for each in found(abstract).candidates}

    for key, candidate in candidates.items():
        for alias in candidate.aliases:
            assert key in candidates[alias].aliases
