"""Features of candidates: named facts about invented sentences, the same every time."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractor.candidates.document import Document
from extractor.candidates.lexicon import Lexicon, lexicon_entry
from extractor.candidates.name_features import name_features
from extractor.candidates.quantity_features import quantity_features, url_features
from extractor.candidates.spans import find_names, find_quantities, find_urls
from extractor.candidates.vocabulary import hardware_class

NOTHING_KNOWN = Lexicon({})
LEXICON = Lexicon(
    {
        "waderset": lexicon_entry(40, (0.01, 0.95, 0.01)),
        "knotchip": lexicon_entry(2, (0.01, 0.01, 0.9)),
    }
)


def of_name(
    name: str,
    abstract: str,
    title: str = "",
    lexicon: Lexicon = NOTHING_KNOWN,
    *,
    contexts_only: bool = False,
) -> set[str]:
    document = Document(title, abstract)
    names = find_names(document)
    features = name_features(document, names, lexicon, contexts_only=contexts_only)
    by_text = {
        candidate.text: facts for candidate, facts in zip(names.candidates, features, strict=True)
    }
    return by_text[name]


def of_quantities(abstract: str, title: str = "") -> list[set[str]]:
    document = Document(title, abstract)
    return quantity_features(document, find_quantities(document))


def of_urls(abstract: str) -> list[set[str]]:
    document = Document("A Title", abstract)
    return url_features(document, find_urls(document))


# ---------------------------------------------------------------------- around a name


def test_the_words_around_a_name_are_its_features() -> None:
    facts = of_name("SparrowNet", "Today we present SparrowNet, a small network.")

    assert {"L1=present", "R1=,", "L2=we present", "R2=, a", "LR=present_,"} <= facts
    assert {"gov=present", "gov0=present"} <= facts  # the verb that governs it
    assert {"s=present", "s=we"} <= facts  # what the sentence is about


def test_how_a_name_is_introduced_is_told() -> None:
    assert {"intro0", "intro0 ,a", "intro ,a"} <= of_name("Rook", "we devise Rook, a small network")
    assert {"naming0", "naming noun"} <= of_name("Rook", "the board called Rook network is")
    assert "intro ,a" in of_name("Rook", "we release the first Rook, a corpus")
    assert not [fact for fact in of_name("Rook", "we use Rook, a corpus") if "intro" in fact]


def test_what_the_title_calls_a_name_is_told() -> None:
    facts = of_name("Rook", "It is new.", title="Rook: A Corpus of Nests")

    assert {"subtitle=corpu", "subtitle=<data>", "subtitle starts=a"} <= facts


def test_a_noun_is_told_by_what_it_stands_for_too() -> None:
    assert "hd=<data>" in of_name("Rook", "on the Rook corpora here")
    assert "hd=<method>" in of_name("Rook", "the Rook framework here")
    assert "hd=<device>" in of_name("Rook", "the Rook annealer here")


def test_names_and_numbers_around_are_classes_and_not_words() -> None:
    facts = of_name("Rook", "a Rook ResNet 50 here")

    assert {"R1=<N>", "r2=<n>"} <= facts


def test_the_common_noun_behind_a_name_is_told_with_its_distance() -> None:
    facts = of_name("Rook", "on the Rook image datasets here")

    assert {"hd1=dataset", "hd=dataset"} <= facts
    assert "hd0=dataset" in of_name("Rook", "on the Rook datasets here")


def test_a_name_in_a_list_has_the_words_around_the_list() -> None:
    abstract = "it is tested on Heron, Rook and Dunlin benchmarks today"
    facts = of_name("Rook", abstract)

    assert {"coord", "cL1=on", "cR1=benchmarks", "chd=benchmark"} <= facts
    assert "coord" not in of_name("Heron", "it is tested on Heron today")


def test_places_in_the_title_have_features_of_their_own() -> None:
    facts = of_name("Rook", "We present Rook today.", title="Rook: A Study of Nests")

    assert {"title", "title0", "precolon1", "titleAndAbs", "firstsent=T"} <= facts
    assert "postcolon" in of_name("Nests", "x", title="Rook: Nests in Rows")
    assert "alltitle" in of_name("Rook", "x", title="Rook")


def test_the_first_and_the_last_sentence_are_told() -> None:
    abstract = "Rook is new here. Heron is old. Dunlin is last."

    assert {"sent=first", "sstart", "firstsent=1"} <= of_name("Rook", abstract)
    assert "sent=last" in of_name("Dunlin", abstract)
    assert not {"sent=first", "sent=last"} & of_name("Heron", abstract)


@pytest.mark.parametrize(
    ("abstract", "feature"),
    [
        ("we use (Rook) here", "paren"),
        ("we use Rook (new) here", "beforeparen"),
        ("we use “Rook” here", "quoted"),
        ("we use Rook's nest", "poss"),
        ("we use mini-Rook here", "hyphen"),
        ("we use Rook Heron here", "RN=heron"),
        ("we use Heron Rook here", "LN=heron"),
    ],
)
def test_the_signs_and_names_that_touch_a_name_are_told(abstract: str, feature: str) -> None:
    name = "mini-Rook" if "mini" in abstract else "Rook"
    assert feature in of_name(name, abstract)


# ------------------------------------------------------------------------- its form


@pytest.mark.parametrize(
    ("name", "features"),
    [
        ("SNIPE", {"one", "allcaps", "shape=A", "pre3=sni"}),
        ("Snipe", {"one", "initcap", "shape=Aa", "suf3=ipe"}),
        ("SnipeNet", {"one", "camel", "shape=AaAa", "suf4=enet"}),
        ("Snipe-50", {"hyphen", "digit", "digit_end", "shape=Aa-0"}),
        ("S2pe", {"digit", "digit_in"}),
        ("Snipe Set", {"multi", "allinit", "nt=2", "gentail"}),
        ("Snipe of Rock", {"multi", "hasconn"}),
        ("SNIPE Rock", {"multi", "hascaps"}),
    ],
)
def test_the_form_of_a_name_is_told(name: str, features: set[str]) -> None:
    assert features <= of_name(name, f"they used {name} before")


def test_an_acronym_and_its_long_form_are_told() -> None:
    abstract = "the Long Harbour Survey (LHS) is"

    assert "hasLong" in of_name("LHS", abstract)
    assert "isLong" in of_name("Long Harbour Survey", abstract)
    assert not {"hasLong", "isLong"} & of_name("Rook", "the Rook is")


def test_initials_of_the_title_are_told() -> None:
    assert "titleInit" in of_name("SAN", "we call it SAN here", title="Sparse Attention Networks")
    assert "titleInit" not in of_name("SAX", "we call it SAX here", title="Sparse Attention Nets")


def test_a_name_that_is_also_a_plain_word_of_the_paper_is_told() -> None:
    assert "lowerseen" in of_name("Rook", "Rook is a rook in the end")
    assert "lowerseen" not in of_name("Rook", "Rook is a rookery in the end")


# ------------------------------------------------------------------------ what is known


def test_the_lexicon_tells_what_a_name_is_elsewhere() -> None:
    facts = of_name("WaderSet", "it runs on WaderSet now", lexicon=LEXICON)

    assert {"lex papers=5", "lex benchmark=3 papers=3", "lex benchmark>=2"} <= facts
    assert "lex method=-5 papers=3" in facts
    assert "lex papers=none" in of_name("Rook", "it runs on Rook now", lexicon=LEXICON)


def test_parts_of_a_name_are_looked_up_too() -> None:
    facts = of_name("WaderSet Plus", "on WaderSet Plus now", lexicon=LEXICON)

    assert {"lex head benchmark=3", "lex tail=none"} <= facts


def test_a_known_benchmark_near_by_is_told() -> None:
    assert "near=3" in of_name("Rook", "on WaderSet and Rook now", lexicon=LEXICON)
    assert "near=-6" in of_name("Rook", "on WaderSet. And Rook now", lexicon=LEXICON)


def test_contexts_alone_say_nothing_of_the_name_itself() -> None:
    facts = of_name("Rook", "we run on Rook now", lexicon=LEXICON, contexts_only=True)

    assert "L1=on" in facts
    assert not [fact for fact in facts if fact.startswith(("id=", "w=", "lex", "hw", "near"))]
    assert "id=rook" in of_name("Rook", "we run on Rook now")


@pytest.mark.parametrize(
    ("word", "letter"),
    [
        ("NVIDIA", "V"), ("GeForce", "D"), ("Xavier", "F"), ("1080", None), ("1080Ti", "M"),
        ("GPUs", "G"), ("Rook", None), ("(A100)", "D"), ("Cortex-M4", "D"), ("80GB", "M"),
        ("A100s", "D"), ("DE-10", "D"), ("ibm_wader", "D"), ("annealer", "G"),
    ],
)  # fmt: skip
def test_words_of_device_names_have_classes(word: str, letter: str | None) -> None:
    assert hardware_class(word) == letter


def test_the_noun_of_a_device_further_on_and_devices_beside_are_told() -> None:
    facts = of_name("Rook", "on a Rook ion trap computer and a Jetson board")

    assert {"hwahead", "hwahead=computer", "hwahead2", "hwnear=D"} <= facts
    assert not [fact for fact in of_name("Rook", "a Rook, on a board") if "hwahead" in fact]


def test_the_classes_of_a_devices_words_are_its_features() -> None:
    facts = of_name("NVIDIA Jetson Nano", "on an NVIDIA Jetson Nano board")

    assert {"hw=VDF", "hwseq=VDF", "hwstart=V", "hwend=F", "hwdevice_clean", "hwnext=G"} <= facts
    assert "hw=o" in of_name("Rook", "on a Rook now")


# ------------------------------------------------------------------------ the lexicon


def test_an_entry_holds_rounded_log_odds_within_bounds() -> None:
    entry = lexicon_entry(100, (0.0, 1.0, 0.5))

    assert (entry.papers, entry.levels) == (6, (-6, 3, 0))
    assert lexicon_entry(2, (0.5, 0.5, 0.5)).papers == 1


@settings(deadline=None)
@given(
    st.integers(2, 5000), st.tuples(*[st.floats(0, 1, allow_nan=False, allow_subnormal=False)] * 3)
)
def test_more_papers_and_chances_never_give_a_lower_entry(
    papers: int, chances: tuple[float, float, float]
) -> None:
    entry = lexicon_entry(papers, chances)
    higher = lexicon_entry(papers * 2, tuple(min(1.0, each + 0.1) for each in chances))  # type: ignore[arg-type]

    assert higher.papers >= entry.papers
    assert all(more >= less for more, less in zip(higher.levels, entry.levels, strict=True))


# -------------------------------------------------------------------------- quantities


def test_a_quantity_knows_its_unit_its_words_and_what_it_is_about() -> None:
    (facts,) = of_quantities("Rook is up to 3x faster than Heron.")

    assert {"unit=x", "up=True", "range=False", "form=0x", "int=Truex", "abs"} <= facts
    assert {"R0=faster", "L0=to", "R+faster0", "Rfirst=+faster"} <= facts
    assert "first=0/+faster" in facts


def test_a_quantity_of_accuracy_is_about_something_else() -> None:
    (facts,) = of_quantities("The accuracy rises by 3%.")

    assert {"L-quality1", "first=-quality/0", "s=accuracy%"} <= facts
    assert not [fact for fact in facts if fact.startswith("R+")]


def test_clause_signs_between_a_number_and_a_word_are_counted() -> None:
    (near,) = of_quantities("It is 3x faster.")
    (far,) = of_quantities("It gains 3x, while being cheap and faster.")

    assert "R+fasterc0" in near
    assert "R+fasterc2" in far


def test_neighbouring_quantities_see_each_other() -> None:
    one, two = of_quantities("It is 2x and 3x faster.")

    assert {"nx", "nxsame"} <= one
    assert {"pv", "pvsame"} <= two
    assert "nx" not in two


def test_a_number_that_is_said_again_is_told() -> None:
    first, again = of_quantities("It is 3x faster.", title="Rook Is 3x Faster")

    assert "title" in first
    assert {"dupv", "dup", "abs"} <= again
    assert "dupv" not in first


# -------------------------------------------------------------------------------- URLs


def test_a_url_knows_its_host_and_the_words_before_it() -> None:
    (facts,) = of_urls("The code is available at https://github.com/acme/rook.")

    assert {"host=code", "kind=c", "code_c", "near=c", "one", "first"} <= facts
    assert "barehost" not in facts
    assert "barehost" in of_urls("Code: https://github.com.")[0]


def test_a_page_of_demos_is_not_the_code() -> None:
    (facts,) = of_urls("A demo video is at https://sites.google.com/view/rook.")

    assert {"host=sites", "kind=o", "near=o", "w=demo", "w=video"} <= facts


def test_words_before_a_second_url_begin_behind_the_first() -> None:
    code, demo = of_urls("Code is at https://github.com/a/b and a demo at https://a.github.io/b.")

    assert {"kind=c", "first", "many"} <= code
    assert {"host=io", "kind=o", "later", "many"} <= demo


def test_words_behind_a_url_and_in_it_count() -> None:
    (facts,) = of_urls("See https://rook.org/src/x for the code.")

    assert {"rightc", "codeinurl", "host=other"} <= facts


# --------------------------------------------------------------------------- any text

PIECES = [
    "Rook", "SNIPE", "WaderSet", "KnotChip 50", "(LHS)", "the", "on", "present", "faster", "3x",
    "30%", "2x to 4x", "https://github.com/a/b", "code", ".", ",", "and", "🦩", "\n", ":", "é", "$",
]  # fmt: skip


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join) | st.text(max_size=150),
    st.lists(st.sampled_from(PIECES), max_size=8).map(" ".join),
)
def test_features_of_any_text_are_the_same_every_time(abstract: str, title: str) -> None:
    def everything() -> list[list[set[str]]]:
        document = Document(title, abstract)
        names = find_names(document)
        return [
            name_features(document, names, LEXICON),
            quantity_features(document, find_quantities(document)),
            url_features(document, find_urls(document)),
        ]

    first = everything()
    document = Document(title, abstract)
    assert first == everything()
    assert [len(each) for each in first] == [
        len(find_names(document).candidates),
        len(find_quantities(document)),
        len(find_urls(document)),
    ]
    assert all(
        facts and all(isinstance(fact, str) for fact in facts) for kind in first for facts in kind
    )
