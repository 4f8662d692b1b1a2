"""Markdown: tables, labelled abstracts, and the ids that links give."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extractor.errors import DumpError
from extractor.paper import Paper
from extractor.readers import Item, Unreadable, open_dump
from extractor.readers._markdown import id_of_address, title_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Read = Callable[[str], list[Item]]

words = st.lists(st.text(string.ascii_lowercase, min_size=2, max_size=9), min_size=4, max_size=8)
texts = words.map(lambda each: f"On {' '.join(map(str.title, each))} of Lanterns")
per_example = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def read(text: str) -> list[Item]:
        path = tmp_path / "dump"
        path.write_text(text, encoding="utf-8")
        with open_dump(path) as dump:
            assert dump.format == "markdown"
            return list(dump)

    return read


def said(item: Item) -> tuple[str | None, str | None]:
    return (item.title, item.abstract) if isinstance(item, Paper) else (item.title, None)


LAYOUTS = {
    "label": (
        "## {}\n*Ann Able*\n\n",
        "**TL;DR:** It works.\n\n**Abstract:** {}\n\n",
        "**Code:** none\n\n",
    ),
    "plain label": (
        "### {}\n\n",
        "Motivation: It matters.\n\nAbstract: {}\n\n",
        "Comments: 9 pages\n\n",
    ),
    "heading": ("## {}\n\n", "### Abstract\n\n{}\n\n", "### Notes\n\nIt works.\n\n"),
    "details": (
        "- **[{}](https://x.org)** `cs.AI`\n",
        "  <details><summary>Abstract</summary>\n  {}\n  </details>\n",
        "\n",
    ),
    "labels": ("**Title**: {}\n\n**Authors**: A\n\n", "**Abstract**: {}\n\n", "---\n\n"),
    "chinese": ("**标题**: {}\n\n**作者**: A\n\n", "**摘要**: {}\n\n", "---\n\n"),
    "quote": ("### [{}](https://x.org)\n\n", "> 摘要：{}\n\n", "**链接**：https://x.org\n\n"),
    "callout": ("## {}\n\n", "> [!abstract] Abstract\n> {}\n\n", "### Notes\n\nNice.\n\n"),
    "headings of fields": (
        "## {}\n\n### Authors\n\nAnn Able\n\n",
        "### Abstract\n\n{}\n\n",
        "### Link\n\nhttps://x.org\n\n",
    ),
    "details behind the title": (
        "- [{}](https://x.org)",
        " <details><summary>Abstract</summary>{}</details>",
        "\n",
    ),
    "items": ("- **{}**\n", "  - **Abstract**: {}\n", "  - **Code**: none\n"),
}


@per_example
@given(
    st.lists(st.tuples(texts, st.none() | texts), min_size=1, max_size=5),
    st.sampled_from(list(LAYOUTS)),
)
def test_labelled_abstracts(read: Read, written: list[tuple[str, str | None]], layout: str) -> None:
    written = [*written, *[("The Last of All Titles", "The last abstract.")] * len(written)]
    title, abstract, more = LAYOUTS[layout]
    text = "".join(
        title.format(name) + (abstract.format(said) if said else "") + more
        for name, said in written
    )
    assert list(map(said, read("# Papers\n\n" + text))) == written


@per_example
@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=5))
def test_tables(read: Read, written: list[tuple[str, str]]) -> None:
    head = "| Title | Abstract | Date |\n|:--|---|--:|\n"
    rows = "".join(f"| [{title}](https://x.org) | {text} | today |\n" for title, text in written)
    expected = [Paper("https://x.org", *each, {"Date": "today"}) for each in written]
    assert read("## Heat\n\n" + head + rows + "\n## Tides\n\n" + head + rows) == expected * 2


def test_table_with_chinese_names(read: Read) -> None:
    table = "|标题|摘要|链接|\n|---|---|---|\n|A<br>cs.LG|B|[x](http://arxiv.org/abs/2401.00001)|\n"
    link = "x (http://arxiv.org/abs/2401.00001)"
    assert read(table) == [Paper("2401.00001", "A", "B", {"链接": link})]


def test_id_of_a_labelled_link(read: Read) -> None:
    text = "## A Title of a Paper\n\nAbstract: B.\n\n- PDF: https://arxiv.org/pdf/2401.00001v2\n"
    (paper,) = read(text)
    assert isinstance(paper, Paper)
    assert paper.id == "2401.00001"


ABSTRACT = (
    "We study the heat of tides in seven harbours and propose a model of it. Our results show that "
    "the model explains most of the data, and that it outperforms earlier ones by a wide margin, "
    "in summer and in winter, on all of the benchmarks that we know of."
)


@pytest.mark.parametrize(
    "layout",
    [
        "**{title}**\n\n*Ann Able, Bob Baker*\n\n{abstract}\n\n",
        "- **{title}**<br>Ann Able, Bob Baker<br>{abstract}\n",
        "### {title}\n\n> {abstract}\n\n",
    ],
)
def test_titles_in_bold_and_broken_lines(read: Read, layout: str) -> None:
    both = [("On the Heat of Tides at Sea", ABSTRACT), ("On the Tides of Heat Ashore", ABSTRACT)]
    text = "".join(layout.format(title=title, abstract=abstract) for title, abstract in both)
    assert list(map(said, read(text))) == both


def test_bars_in_cells(read: Read) -> None:
    table = (
        "| Title | Abstract | Date |\n|---|---|---|\n"
        "| A \\| B | p(a \\| b) | x |\n"
        "| B | <details><summary>Show</summary>p(a | b)</details> | x |\n"
        "| C | p(a | b) | x |\n"
        "| D |  | x |\n"
    )
    assert list(map(said, read(table))) == [
        ("A | B", "p(a | b)"),
        ("B", "p(a | b)"),
        (None, None),
        ("D", None),
    ]


@pytest.mark.parametrize(
    ("address", "paper_id"),
    [
        ("https://arxiv.org/abs/2401.00001v2", "2401.00001"),
        ("http://arxiv.org/pdf/2401.00001.pdf", "2401.00001"),
        ("https://arxiv.org/abs/cs.LG/0101001", "cs.LG/0101001"),
        ("https://huggingface.co/papers/2401.00001", "2401.00001"),
        ("https://doi.org/10.5555/ex.1", "10.5555/ex.1"),
        ("https://openreview.net/forum?id=aB-3_x", "aB-3_x"),
        ("https://aclanthology.org/2024.acl-long.1/", "2024.acl-long.1"),
        ("https://example.org/a?b=c", "https://example.org/a?b=c"),
        ("#cs.CL", ""),
        ("papers/one.md", ""),
    ],
)
def test_id_of_a_link(address: str, paper_id: str) -> None:
    assert id_of_address(address) == paper_id


def test_parts_of_an_abstract_are_its_own(read: Read) -> None:
    text = "## A Title\n\n### Abstract\n\n**Background:** We ask.\n\n**Results:** It works.\n\n"
    text += "**Code:** none\n"
    (paper,) = read(text + "\n## Another\n\nAbstract: B.\n")[:1]
    assert isinstance(paper, Paper)
    assert paper.abstract == "Background: We ask.\n\nResults: It works."
    assert paper.source == {"code": "none"}


def test_line_without_end(read: Read) -> None:
    text = "## A Title\n\nAbstract: A.\n\n" + "x" * 2**24 + "\n\n## Another\n\nAbstract: B.\n"
    kinds = list(map(type, read(text)))
    assert kinds == [Paper, Unreadable, Paper]


def test_table_without_abstracts_names_its_columns(read: Read) -> None:
    table = "## Heat\n\n|Date|Title|PDF|\n|---|---|---|\n" + "|today|**A Title**|[x](y)|\n" * 3
    with pytest.raises(DumpError, match=r"is the abstract\. They have: Date, Title, PDF\."):
        read(table)


def test_heading_without_an_abstract_among_labelled_ones_is_listed(tmp_path: Path) -> None:
    dump = tmp_path / "dump.md"
    text = "We count the lanterns on the lake and find that nine of ten come back. " * 3
    dump.write_text(
        f"## Lanterns\n\n**Abstract**: {text}\n\n## [Moss](https://arxiv.org/abs/2401.00001)\n\n"
        f"- stars: 4\n\n## Tides\n\n{text}\n\n## Links\n\n## Racks\n\n**Abstract**: {text}\n"
    )
    with open_dump(dump) as opened:
        items = list(opened)
    assert [(item.title, isinstance(item, Unreadable)) for item in items] == [
        ("Lanterns", False),
        ("Moss", True),
        ("Tides", True),
        ("Racks", False),
    ]


HEADINGS = (
    "### {}",
    "### Title: {}",
    "### **Title**: {}",
    "### 7. {}",
    "### [7] Title: {}",
    "### Paper 7: {}",
    "### \U0001f525 **{}** \U0001f525",
    "### 标题：{}",
    "### Title\n\n{}",
    "### {} [PDF](https://x.org/a.pdf)",
    "### [{}](https://x.org) [[code]](https://y.org) | [Project page](https://z.org)",
    "### {} ([arXiv](https://x.org), [code](https://y.org)) ![stars](https://z.org/s)",
    "### {} [![paper](https://z.org/b)](https://x.org)",
    "### {} [Paper] [Code]",
    "### [{}](https://x.org) (ICML 2024) `cs.LG`",
)
ITEMS = ("- **{}**", "7. **{}**", "- [{}](https://x.org) [[code]](https://y.org)", "* {}", "7. {}")
LABELS = (
    "**Abstract**: {}",
    "**Abstract** {}",
    "**Abstract.** {}",
    "*Abstract*. {}",
    "*Abstract*: {}",
    "***Abstract*** {}",
    "Abstract. {}",
    "Abstract\u2014{}",
    "> Abstract\n> {}",
    "> **Abstract (original)**: {}",
    "#### Abstract\n\n{}",
    "#### Abstract: {}",
    "\U0001f4dd **Abstract:** {}",
    "- **Abstract**: {}",
    "**英文摘要**\n\n{}",
)
AFTER = (
    "",
    "**TL;DR:** It works.\n\n",
    "**摘要**：我们数灯。\n\n",
    "**Abstract (translated):** Wir messen.\n\n",
    "\U0001f517 **Link**: https://x.org/a\n\n",
    "- [PDF](https://x.org/a.pdf) | [Code](https://y.org)\n\n",
    "#### Notes\n\nIt works.\n\n",
)
names = st.lists(st.sampled_from(["moss", "Racks", "heat", "Snow"]), min_size=1, max_size=4).map(
    lambda each: f"Tides {' '.join(each)}"
)
begun = st.lists(st.tuples(names | texts, st.none() | st.just("") | texts), min_size=1, max_size=5)


def count(read: Read, written: list[tuple[str, str | None]], entry: Callable[..., str]) -> None:
    """Check that each entry comes out once: with its own abstract, or as one that has none."""
    written = [*written, *[("The Last of All Titles", "The last abstract.")] * len(written)]
    text = "".join(entry(number, *each) for number, each in enumerate(written))
    front = "---\ntitle: Daily\n---\n\n# Papers\n\n"
    assert list(map(said, read(front + text))) == [(name, text or None) for name, text in written]


@per_example
@given(begun, st.sampled_from(HEADINGS), st.sampled_from(LABELS), st.sampled_from(AFTER))
def test_entries_below_headings_are_counted(
    read: Read, written: list[tuple[str, str | None]], heading: str, label: str, after: str
) -> None:
    def entry(number: int, title: str, text: str | None) -> str:
        section = "" if number % 3 else "## Heat and tides (7 papers)\n\n"
        abstract = label.format(text) + "\n\n" + after if text else "**Abstract:**\n\n"
        abstract = "" if text is None else abstract
        return f"{section}{heading.format(title)}\n\n**Authors**: A B\n\n{abstract}"

    count(read, written, entry)


@per_example
@given(begun, st.sampled_from(ITEMS), st.sampled_from(["Abstract", "*Abstract*", "**Abstract**"]))
def test_entries_in_nested_lists_are_counted(
    read: Read, written: list[tuple[str, str | None]], item: str, label: str
) -> None:
    def entry(number: int, title: str, text: str | None) -> str:
        section = "" if number % 3 else "\n## Heat and tides (7 papers)\n\n"
        abstract = "" if text is None else f"   - {label}: {text}\n"
        links = "   - [PDF](https://x.org/a.pdf)\n"
        return f"{section}{item.format(title)}\n   - *Authors*: A B\n{links}{abstract}"

    count(read, written, entry)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**Abstract**: **Background:** A.\n**Methods:** B.", "Background: A. Methods: B."),
        ("**Abstract**: We ask.\n\nResults: It is 5x.\n\nMore.", "We ask.\n\nResults: It is 5x."),
        ("**Abstract**\n\n**Main outcomes:** A.\n\n**Code:** b", "Main outcomes: A."),
        ("**Abstract**: We ask.\n\n**Method:** Not theirs.", "We ask."),
        ("Method: Not theirs.\n\nAbstract: We ask.\n\nMethod: Nor this.", "We ask."),
        (
            "Abstract: We ask.\n\nIn short: it works.\n\nVenue: none",
            "We ask.\n\nIn short: it works.",
        ),
        ("> [!abstract]\n> We ask.\n>\n> It works.", "We ask.\n\nIt works."),
    ],
)
def test_where_an_abstract_ends(read: Read, text: str, expected: str) -> None:
    papers = read(f"## Lanterns on the Lake\n\n{text}\n\n## Tides\n\nAbstract: B.\n")
    assert [paper.title for paper in papers] == ["Lanterns on the Lake", "Tides"]
    assert isinstance(papers[0], Paper)
    assert papers[0].abstract.removesuffix("\n\nMore.") == expected


@pytest.mark.parametrize(
    ("marked", "title", "paper_id"),
    [
        (
            "Moss [[code]](https://y.org) [pdf](https://arxiv.org/pdf/2401.00001)",
            "Moss",
            "2401.00001",
        ),
        ("Moss [[code]](https://github.com/a/b)", "Moss", ""),
        ("[Moss](https://doi.org/10.5555/a) [PDF](https://x.org)", "Moss", "10.5555/a"),
        ("Moss [![arXiv](https://x.org)](https://doi.org/10.5555/a)", "Moss", "10.5555/a"),
        ("**Moss [[PDF]](https://x.org/a.pdf)**", "Moss", "https://x.org/a.pdf"),
        ("\u2b50 **Moss** \u2014 NeurIPS 2023 [[Paper](https://x.org)]", "Moss", "https://x.org"),
        ("[Data](https://x.org)", "Data", "https://x.org"),
        ("**Moss**: Growth on Stones in 2023", "Moss: Growth on Stones in 2023", ""),
        (
            "\u221e-Former: Infinite Memory [A Study]",
            "\u221e-Former: Infinite Memory [A Study]",
            "",
        ),
    ],
)
def test_title_without_what_stands_beside_it(marked: str, title: str, paper_id: str) -> None:
    assert title_of(marked) == (title, paper_id)


def test_abstracts_of_entries_at_another_level_are_not_lost(read: Read) -> None:
    text = (
        "- [Moss on Stones](https://x.org/moss)\n\n## A Survey of Lanterns\n\nAbstract: A.\n\n"
        "### Tides\n\nAbstract: B.\n\n### Racks\n\nAbstract: C.\n\nAbstract: D.\n"
    )
    text += "\n# Heat\n\nOn a title of a paper without marks\n\nAbstract: E.\n"
    assert list(map(said, read(text))) == [
        ("A Survey of Lanterns", "A."),
        ("Tides", "B."),
        ("Racks", "C."),
        (None, None),
        (None, None),
    ]


@pytest.mark.parametrize("abstract", [f"  {ABSTRACT}", "  - Abstract: We count."])
def test_id_of_a_link_behind_an_item(read: Read, abstract: str) -> None:
    item = "- **Moss on Northern Stones** [[code]](https://y.org) [pdf](https://arxiv.org/pdf/{}v1)"
    ids = ["2401.00001", "2401.00002"]
    items = read("".join(f"{item.format(each)}\n\n{abstract}\n\n" for each in ids))
    assert [each.id for each in items] == ids


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("R&amp;D, p&lt;0.05 and caf&eacute;", "R&D, p<0.05 and caf\u00e9"),
        ("&lt;b&gt; is a mark, &ast;this&ast; is none", "<b> is a mark, *this* is none"),
        ("~~rust~~ iron, about ~5 of ~~ 9", "rust iron, about ~5 of ~~ 9"),
        ("calls `a_b * c` and ``a`b``, not &amp;", "calls a_b * c and a`b, not &"),
        ("`a &amp; b` as it is", "a &amp; b as it is"),
        ("``quoted'' and `quoted' and `quoted'", "``quoted'' and `quoted' and `quoted'"),
        ("``quoted'' and ``quoted''", "``quoted'' and ``quoted''"),
        ("$a_b$ and $5 &amp; more", "$a_b$ and $5 & more"),
        ("see https://x.org/?a=1&copy=2", "see https://x.org/?a=1&copy=2"),
        ("10<sup>6</sup> <i>lamps</i>", "10^6 lamps"),
    ],
)
def test_marks_in_text(read: Read, written: str, read_as: str) -> None:
    title, abstract = "Lanterns {} at Night", "We light {} of them. They burn for a long time."
    (paper,) = read(f"## {title.format(written)}\n\nAbstract: {abstract.format(written)}\n")
    assert said(paper) == (title.format(read_as), abstract.format(read_as))
