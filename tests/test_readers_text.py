"""Saved pages and plain text: what is a title, what an abstract, and what is neither."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from extractor.errors import DumpError
from extractor.paper import Paper
from extractor.readers import Unreadable, open_dump

if TYPE_CHECKING:
    from pathlib import Path

TITLE = "Lanterns: Small Models That Know When to Ask"
ABSTRACT = (
    "Small models are cheap, but they answer with the same confidence whether they know or not. "
    "We train them to ask a larger model when a question lies beyond them, and to say so. "
    "On three suites of questions, Lanterns asks for help in 11% of the cases and recovers most "
    "of what the larger model would have gained, at a tenth of its cost."
)
OTHER_TITLE = "Tidy Caches for Untidy Workloads"
OTHER = (
    "Caches are tuned for workloads that stand still, and few do. We describe a policy that "
    "forgets its past as soon as the present contradicts it, prove that it is never much worse "
    "than the best fixed policy in hindsight, and run it for a month in front of a real store, "
    "where it serves a fifth more requests from memory."
)
BOTH = [(TITLE, ABSTRACT), (OTHER_TITLE, OTHER)]


class Page:
    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, *paragraphs: str) -> list[Paper | Unreadable]:
        self._path.write_text("\n\n".join(paragraphs) + "\n", encoding="utf-8")
        with open_dump(self._path) as dump:
            assert dump.format == "text"
            return list(dump)


@pytest.fixture
def read(tmp_path: Path) -> Page:
    return Page(tmp_path / "page")


def texts(items: list[Paper | Unreadable]) -> list[tuple[str, str]]:
    assert all(isinstance(item, Paper) for item in items), items
    return [(item.title, item.abstract) for item in items if isinstance(item, Paper)]


def wrapped(text: str, width: int = 72, indent: str = "") -> str:
    return textwrap.fill(
        text,
        width,
        break_on_hyphens=False,
        break_long_words=False,
        initial_indent=indent,
        subsequent_indent=indent,
    )


@pytest.mark.parametrize("between", ["", "42", "Mar 12", "Upvote", "Read more", "arXiv", "· 3"])
def test_titles_and_abstracts_alternate(between: str, read: Page) -> None:
    assert texts(read(TITLE, ABSTRACT, between, OTHER_TITLE, between, OTHER, between)) == BOTH


BOILERPLATE = [
    "new",
    "Get trending papers in your email inbox!",
    "Subscribe",
    "byQX and the research community",
    "by\nQX\nand the research community",
    "March 12, 2024",
    "12 Mar 2024",
    "2024-03-12",
    "Wed, 12 Mar",
    "3 days ago",
    "Published on Mar 12",
    "· Submitted on Mar 12, 2024",
    "1.2k",
    "42 upvotes",
    "· 12 authors",
    "3 comments",
    "Upvote\n117",
    "GitHub 3.4k",
    "[pdf, html, other]",
    "View PDF",
    "https://example.org/papers/12",
    "someone@example.org",
    "© 2024 The Hub",
    "Page 3 of 12",
    "1\n2\n3\n...\n100",
    "Skip to main content",
    "----------------",
    "* * *",
    "Jane Q. Doe, Wei Li, and José van den Berg",
    "Jane Doe · John Roe · Wei Li et al.",
    "Jane Doe, Wei Li · Published on Mar 12",
    "University of Somewhere, Department of Computing",
    "Proceedings of the Invented Conference",
    "Keywords: caches, memory, lanterns",
    "Comments: 12 pages, 3 figures",
    "Subjects: Machine Learning (cs.LG)",
    "We use cookies to make this page work. By going on you accept our cookie policy.",
    "Sign up for our newsletter to get papers in your inbox, every week and free of charge.",
    "△ Less",
]


@pytest.mark.parametrize("piece", BOILERPLATE)
def test_boilerplate_is_nowhere(piece: str, read: Page) -> None:
    before = read(piece, TITLE, ABSTRACT, OTHER_TITLE, OTHER)
    between = read(TITLE, ABSTRACT, piece, OTHER_TITLE, OTHER)
    within = read(TITLE, piece, ABSTRACT, OTHER_TITLE, piece, OTHER)
    after = read(TITLE, ABSTRACT, OTHER_TITLE, OTHER, piece)
    assert texts(before) == texts(between) == texts(within) == texts(after) == BOTH


def test_all_boilerplate_at_once(read: Page) -> None:
    page = (*BOILERPLATE, TITLE, *BOILERPLATE[20:], ABSTRACT, *BOILERPLATE, OTHER_TITLE, OTHER)
    assert texts(read(*page, *BOILERPLATE)) == BOTH


TITLES = [
    "Attention Is Not Quite All You Need",
    "model scale against domain knowledge: a study of forecasting",
    "iBoost: Gradient Boosting in Your Pocket",
    "Do Transformers Dream? A Study of Sleep in Language Models",
    "Why do gradients vanish?",
    "Fast & Slow Learning: Synthetic Gradients Revisited",
    "$O(n)$ Sorting on Average",
    "3D Reconstruction from a Single Breath",
    "Vision, Language, and Action",
    "Get Ready, Set, Learn: Curricula for Robots",
    "Just Ask",
    "Tessellate",
    "Ein Überblick über große Sprachmodelle",
    "A Review of Work Done at the University of Nowhere on Very Large Telescopes",
    "The New Newsletter Corpus: Fifty Years of Subscribed Prose",
    'On "Truth" in Models (and Why It Matters)',
    "大规模语言模型的推理加速",
]


@pytest.mark.parametrize("title", TITLES)
def test_titles_of_many_kinds(title: str, read: Page) -> None:
    assert texts(read("Home", "42", title, ABSTRACT, title, "Mar 3", OTHER, "About")) == [
        (title, ABSTRACT),
        (title, OTHER),
    ]


def test_title_without_abstract_is_told_with_its_line(read: Page) -> None:
    items = read(TITLE, ABSTRACT, "Nobody Wrote an Abstract for This Paper", OTHER_TITLE, OTHER)
    missing = Unreadable(
        5, "There is no abstract.", None, "Nobody Wrote an Abstract for This Paper"
    )
    assert items[1] == missing
    assert texts([items[0], items[2]]) == BOTH
    assert [item.id for item in items] == ["1", None, "2"]


def test_last_title_without_abstract(read: Page) -> None:
    *papers, missing = read(TITLE, ABSTRACT, "Previous", "A Paper That Was Cut Off Here", "Next")
    assert texts(papers) == BOTH[:1]
    assert missing == Unreadable(7, "There is no abstract.", None, "A Paper That Was Cut Off Here")


def test_abstract_without_title_is_told(read: Page) -> None:
    wrong, right = read("42", ABSTRACT, OTHER_TITLE, OTHER)
    assert isinstance(wrong, Unreadable)
    assert wrong.line == 3
    assert wrong.message.startswith("There is no title for the abstract: Small models are cheap")
    assert texts([right]) == BOTH[1:]


def test_abstract_of_several_paragraphs(read: Page) -> None:
    parts = (
        ABSTRACT,
        "We make three contributions:",
        "1. a loss that rewards asking;",
        "2. a corpus of questions beyond small models;",
        "- and a demonstration.",
        OTHER,
        "We hope that this helps others.",
        "Our code is available at https://example.org/lanterns",
    )
    first, second = read(TITLE, *parts, "42", OTHER_TITLE, OTHER)
    assert texts([first]) == [(TITLE, "\n\n".join(parts))]
    assert texts([second]) == BOTH[1:]


def test_wrapped_lines_are_joined_with_spaces(read: Page) -> None:
    page = (wrapped(TITLE, 30), wrapped(ABSTRACT), wrapped(OTHER_TITLE), wrapped(OTHER, 79, "    "))
    assert texts(read(wrapped(TITLE), *page[1:])) == BOTH


def test_long_title_on_two_lines(read: Page) -> None:
    title = f"{TITLE} and When to Remain Silent for the Benefit of Everyone"
    assert texts(read(wrapped(title, 80), wrapped(ABSTRACT, 80))) == [(title, ABSTRACT)]


def test_hyphen_at_the_end_of_a_line_joins_without_a_space(read: Page) -> None:
    lines = wrapped(f"{ABSTRACT} It improves upon the present state-of-the-art a little.")
    broken = lines.replace("state-of-the-art a", "state-of-the-\nart a")
    assert texts(read(TITLE, broken))[0][1].endswith("the present state-of-the-art a little.")


def test_address_longer_than_the_lines_around_it(read: Page) -> None:
    text = f"{ABSTRACT} See https://example.org/{'lanterns/' * 12} for more. {OTHER}"
    assert texts(read(TITLE, wrapped(text), OTHER_TITLE, wrapped(OTHER))) == [
        (TITLE, text),
        BOTH[1],
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Tell Me What You See: Grounded Descriptions of Streets, Houses, and", "Open Fires"),
        ("A Survey and Evaluation of Causal Discovery for Time (Extended", "Abstract)"),
        ("Lanterns in the Wild: Measuring the Calibration of Small Language", "Models"),
    ],
)
def test_wrapped_title_whose_end_looks_like_something_else(
    first: str, second: str, read: Page
) -> None:
    assert texts(read(f"{first}\n{second}", ABSTRACT)) == [(f"{first} {second}", ABSTRACT)]


def test_one_title_of_many_that_ends_with_a_stop(read: Page) -> None:
    page = [*[TITLE, ABSTRACT] * 4, "Tidy caches for workloads that are not.", OTHER]
    assert texts(read(*page))[4] == ("Tidy caches for workloads that are not.", OTHER)


@pytest.mark.parametrize("width", range(60, 110))
def test_wrapping_wherever_it_falls_loses_nothing(width: int, read: Page) -> None:
    text = f"{ABSTRACT} It does so (a) with care, (b) at once, (c) for less, and (d) 2. for ever."
    assert texts(read(TITLE, wrapped(text, width), OTHER_TITLE, wrapped(OTHER, width))) == [
        (TITLE, text),
        BOTH[1],
    ]


@pytest.mark.parametrize("width", [60, 72, 100])
def test_title_right_above_its_wrapped_abstract(width: int, read: Page) -> None:
    assert (
        texts(
            read(f"{TITLE}\n{wrapped(ABSTRACT, width)}", f"{OTHER_TITLE}\n{wrapped(OTHER, width)}")
        )
        == BOTH
    )


def test_a_line_each_and_no_blank_lines(read: Page) -> None:
    assert texts(read(f"{TITLE}\n{ABSTRACT}\n{OTHER_TITLE}\n{OTHER}")) == BOTH


def test_a_sentence_each_line(read: Page) -> None:
    lines = ABSTRACT.replace(". ", ".\n")
    assert texts(read(f"{TITLE}\n\n{lines}", OTHER_TITLE, OTHER)) == BOTH


@pytest.mark.parametrize(
    "heading", ["Abstract", "ABSTRACT", "Abstract:", "Abstract.", "Summary:", "— Abstract —"]
)
def test_heading_above_the_abstract(heading: str, read: Page) -> None:
    short = "We show that it works."
    assert texts(read(TITLE, heading, short, OTHER_TITLE, heading, OTHER)) == [
        (TITLE, short),
        BOTH[1],
    ]


@pytest.mark.parametrize("label", ["Abstract: ", "Abstract\u2014", "ABSTRACT. ", "Summary: "])
def test_label_before_the_abstract(label: str, read: Page) -> None:
    short = "We show that it works."
    assert texts(read(f"Title: {TITLE}", f"{label}{short}", OTHER_TITLE, f"{label}{OTHER}")) == [
        (TITLE, short),
        BOTH[1],
    ]


def test_word_that_only_begins_like_a_label(read: Page) -> None:
    text = f"Abstract interpretation is old. {ABSTRACT}"
    assert texts(read(TITLE, text)) == [(TITLE, text)]


@pytest.mark.parametrize("number", ["[{}] ", "{}. ", "({}) ", "{}) "])
def test_numbers_of_a_list_are_no_part_of_titles(number: str, read: Page) -> None:
    page = (number.format(1) + TITLE, ABSTRACT, number.format(2) + OTHER_TITLE, OTHER)
    assert texts(read(*page)) == BOTH


def test_short_abstract_right_below_its_title(read: Page) -> None:
    short = "We study caches that forget, and find that forgetting at the right time is worth it."
    assert texts(read(TITLE, short, OTHER_TITLE, short)) == [(TITLE, short), (OTHER_TITLE, short)]


def test_titles_that_end_with_a_stop(read: Page) -> None:
    page = (f"{TITLE}.", ABSTRACT, f"{OTHER_TITLE}.", OTHER)
    assert texts(read(*page)) == [(f"{TITLE}.", ABSTRACT), (f"{OTHER_TITLE}.", OTHER)]


def test_abstract_in_a_language_without_spaces(read: Page) -> None:
    title = "面向边缘设备的稀疏注意力机制研究"
    text = "边缘设备的内存很小。我们提出一种稀疏注意力机制。实验表明速度提高了两倍。"
    assert texts(read("首页", title, text, TITLE, ABSTRACT)) == [(title, text), BOTH[0]]


def test_ids_of_a_listing_and_what_its_fields_say(read: Page) -> None:
    block = f"[1] arXiv:2401.00011v2 [pdf]\nTitle: {TITLE}\nAuthors: Jane Doe\nDOI: 10.1/x\n"
    (paper,) = read(block + ABSTRACT)
    assert paper == Paper("2401.00011", TITLE, ABSTRACT, {"authors": ["Jane Doe"], "doi": "10.1/x"})


def test_identifier_of_another_paper_in_the_text_is_not_the_id(read: Page) -> None:
    (paper,) = read(TITLE, f"{ABSTRACT} It extends arXiv:2401.00012.", "Cite as: arXiv:2401.00013")
    assert paper.id == "1"


def test_original_text_is_kept(read: Page) -> None:
    text = f"{ABSTRACT}  Two  spaces, a\u00a0hard one, `code`, $x_i < 3$ and a~tilde."
    assert texts(read(f"  {TITLE} ", f"\t{text}  ")) == [(TITLE, text)]


def test_affiliations_are_no_abstract(read: Page) -> None:
    where = (
        "1 Department of Heat, University of Tidewater, 12 Fjord Street, Tidewater, Norway. "
        "2 School of Tides, Fjord College, Fjord, Norway. 3 Institute for Warm Computing, Academy "
        "of Lanterns, Harbour, Denmark. Correspondence to the first author: a.able@example.org."
    )
    people = "Ada Winterberg, Tomás Okafor"
    pieces = (TITLE, people, where, ABSTRACT, OTHER_TITLE, people, where, OTHER)
    assert texts(read(*pieces)) == BOTH


def test_abstract_may_speak_of_what_notices_speak_of(read: Page) -> None:
    about = "We study how pages set a cookie and run JavaScript while they are loading images. "
    other = "The newsletter of a town is read by its citizens, and nobody knows for which reason. "
    both = [(TITLE, (about * 3).strip()), (OTHER_TITLE, (other * 3).strip())]
    assert texts(read(*(part for paper in both for part in paper))) == both


def test_title_is_wrapped_where_the_text_is(read: Page) -> None:
    title = "On Lanterns and Lamps That Ask for Help at\nCircumnavigation"
    pieces = (title, wrapped(ABSTRACT, 58), OTHER_TITLE, wrapped(OTHER, 58))
    assert texts(read(*pieces)) == [(title.replace("\n", " "), ABSTRACT), BOTH[1]]


CODE = """#include <stdio.h>
/* Heights of tides. */
int main(void) {
    // We compare the results of the study with those of the model, which is proposed in a paper
    // that was published in the year before this program was written, and print the findings.
    return 0;
}
"""
MANUAL = (
    "Before you begin\n\nPut the kettle on the table and fill it up to the mark with clean water. "
    "Do not overfill it, since it would boil over and make the table wet, and keep the cord away "
    "from children. When the light goes on, the kettle is ready and will begin to heat the water "
    "after a second or two.\n\n"
)
STORY = (
    "The Letter on the Table\n\nIt was a grey morning when the captain came down to breakfast, and "
    "he found that nobody had lit the fire; which was a thing that had not happened in that house "
    "since the days of his father. He looked about him, and saw that the clock had stopped.\n\n"
)
FULL_TEXT = (
    f"{TITLE}\n\nAnn Able\n\nAbstract\n\n{ABSTRACT}\n\n1 Introduction\n\n{OTHER}\n\n"
    f"2 Lanterns at Sea\n\n{ABSTRACT}\n\nReferences\n\n[1] B. Baker. Lanterns. 2020.\n"
)
LATEX = (
    f"\\documentclass{{article}}\n\\title{{{TITLE}}}\n\\begin{{document}}\n\\begin{{abstract}}\n"
    f"{ABSTRACT}\n\\end{{abstract}}\n\\end{{document}}\n"
)
ROWS = "".join(f'{n},"On the {n}th Tide","{ABSTRACT}",2024\n' for n in range(5))
README = (
    f"# Lanterns\n\nThe code of a paper.\n\n## Installation\n\n{ABSTRACT}\n\n"
    f"## Usage\n\n{OTHER}\n\n## License\n\nMIT\n"
)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (CODE, "source code"),
        (MANUAL * 5, "another kind: 0 of the 5"),
        (STORY * 3, "another kind: 0 of the 3"),
        (FULL_TEXT, "full text"),
        (LATEX, "LaTeX"),
        (ROWS, "table without a header"),
        (ROWS.replace(',"', "\t").replace('",', "\t"), "table without a header"),
        (README, "another kind: 0 of the 2"),
        ('x\tapplication/pdf\t1\t{"title": "A", "abstract": "' + ABSTRACT + '"}\n', "JSON"),
        (f"=245  10$aOn Tides\n=520  \\\\$a{ABSTRACT}\n=650  \\0$aTides.\n", "MARC"),
        (f"INSERT INTO `papers` VALUES\n(1,'{TITLE}','{ABSTRACT}'),\n(2,'A','B');\n", "SQL"),
        (f"1\n00:00:01,000 --> 00:00:02,000\n{OTHER}\n\n" * 4, "subtitles"),
        (f"2024-05-01 12:00:00 INFO x: {ABSTRACT}\n" * 4, "a log"),
        ("关于我们\n\n公司成立于去年。我们的总部在上海。欢迎来信来电。\n\n" * 3, "another kind"),
    ],
)
@pytest.mark.parametrize("format_name", ["text", "markdown"])
def test_what_holds_no_titles_and_abstracts_is_refused(
    text: str, what: str, format_name: str, tmp_path: Path
) -> None:
    path = tmp_path / "dump"
    path.write_text(text, encoding="utf-8")
    with open_dump(path, format=format_name) as dump, pytest.raises(DumpError, match=what):
        list(dump)


@pytest.mark.parametrize(
    ("title", "abstract"),
    [
        ("Gezeiten der Wärme", "Wir untersuchen die Wärme der Gezeiten in sieben Häfen. " * 6),
        ("La chaleur des marées", "Cette étude porte sur la chaleur des marées du Nord. " * 6),
        ("El calor de las mareas", "Este artículo estudia el calor de las mareas del norte. " * 6),
        ("Тепло приливов и отливов", "В статье исследовано тепло приливов северных морей. " * 6),
        ("潮汐的热量及其变化", "本文研究潮汐的热量。我们提出一种模型。结果表明其有效。"),
        ("潮汐の熱とその変化", "本研究では潮汐の熱を調べた。新しい手法を提案する。"),
    ],
)
def test_abstracts_in_other_languages(title: str, abstract: str, read: Page) -> None:
    assert texts(read(title, abstract.strip())) == [(title, abstract.strip())]


@pytest.mark.parametrize(
    "between",
    [
        "Ann Able | Bob Baker\n",
        "Carl Clark1\n1University of Fjords",
        "Carl Clark (1)\n\n(1) Fjord College, Norway\n",
        "Clark C.\nJ Tides. 2024 Jan;1(2):3-4. doi: 10.5555/x.\nPMID: 1\nFree article.\nAbstract",
        "Ann Able (Tides U.), Bob Baker (Fjord U.)\ne-Print: 2401.00001 [hep-th]",
    ],
)
def test_what_stands_between_title_and_abstract(between: str, read: Page) -> None:
    first = f"{TITLE}\n{between}\n{ABSTRACT}"
    second = f"{OTHER_TITLE}.\n{between}\n{OTHER}"
    assert texts(read(first, second)) == [BOTH[0], (f"{OTHER_TITLE}.", OTHER)]


def test_authors_are_a_list(read: Page) -> None:
    (paper,) = read(f"Title: {TITLE}\nAuthors: Able, Ann; Baker, Bob\nAbstract: {ABSTRACT}")
    assert isinstance(paper, Paper)
    assert paper.source["authors"] == ["Ann Able", "Bob Baker"]
