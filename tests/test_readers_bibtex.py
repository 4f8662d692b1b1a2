"""BibTeX as it is written: no entry vanishes, and LaTeX is read without loss."""

from __future__ import annotations

import re
import string
import time
import unicodedata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractor.errors import DumpError
from extractor.paper import Paper
from extractor.readers import Unreadable, _bibtex, open_dump
from extractor.readers._latex import latex_to_text
from extractor.readers.bibtex import BibTex

if TYPE_CHECKING:
    from extractor.readers import Item

GOOD = "@misc{good, title = {Lanterns}, abstract = {They glow.}}\n"
FIELDS = "title = {Caches}, abstract = {They forget.}"

unhurried = settings(deadline=None)

damaged = st.text('\\{}"#=,%ab1 ()\n', max_size=30)
fields = st.lists(st.sampled_from([FIELDS, "title = {T}", 'note = "n"', "{", "}", '"']), max_size=3)
entries = st.builds(
    "@{}{{{}, {} {}\n".format,
    st.sampled_from(["article", "a_b", "in-proceedings", "Übersicht"]),
    damaged,
    fields.map(", ".join),
    damaged | st.just("}"),
)
others = st.builds(
    "@{}{{{}\n".format, st.sampled_from(["comment", "preamble", "String"]), damaged | st.just("}")
)


def items_of(text: str | bytes) -> list[Item]:
    with TemporaryDirectory() as folder:
        dump = Path(folder) / "dump"
        dump.write_bytes(text if isinstance(text, bytes) else text.encode())
        with open_dump(dump, format="bibtex") as opened:
            return list(opened)


def paper_of(fields: str, *, before: str = "") -> Paper:
    [paper] = items_of(f"{before}@article{{k, title = {{Caches}}, {fields}}}\n")
    assert isinstance(paper, Paper)
    return paper


def abstract_of(value: str, *, before: str = "") -> str:
    return paper_of(f"abstract = {value}", before=before).abstract


@pytest.mark.parametrize(
    ("entry", "paper_id"),
    [
        ("@article{10.1016/0004-1234(94)90016-7,\n%s\n}", "10.1016/0004-1234(94)90016-7"),
        ("@article{10.1002/(SICI)1<3::AID>3.0.CO;2-9, %s}", "10.1002/(SICI)1<3::AID>3.0.CO;2-9"),
        ("@article{Doe and Roe 2020,\n%s\n}", "Doe and Roe 2020"),
        ("@article{ WOS:0001,\n%s\n}", "WOS:0001"),
        ("@article{a=e,\n%s\n}", "a=e"),
        ("@article{a{b}c,\n%s\n}", "a{b}c"),
        ("@article{Müller,\n%s\n}", "Müller"),
        ("@article{,\n%s\n}", "2"),
        ("@article { ,%s}", "2"),
        ("@article {\n%s}", "2"),
        ("@article{, doi = {10.1000/x}, %s}", "10.1000/x"),
        ("@article\n{k,%s}", "k"),
        ("@article\n\n  {k,\n%s}", "k"),
        ("  @in-proceedings{k,%s}", "k"),
        ("@conference_paper{k,%s}", "k"),
        ("@Übersicht{k,%s}", "k"),
        ("@journal article{k,%s}", "k"),
        ("@2nd{k,%s}", "k"),
        ("\ufeff@article{k,%s}", "k"),
        ("@article(k, %s)", "k"),
        ("@article{k,\n% abstract = {An old one.},\n%s}", "k"),
        ("@article{k, some words, %s}", "k"),
        ("@article{k, %s", "k"),
        ("@article{k, note = {once too often}}, year = {2024},\n %s\n}", "k"),
        ("@article{k, %s, note = {not closed}", "k"),
        ("@article{k, %s, note = {not {closed}}", "k"),
        ('@article{k, %s, note = "not closed}', "k"),
        (
            "@comment{jabref-meta: x;}\n@preamble{ {\\newcommand} }\n@string{x = {y}}\n@a{k, %s}",
            "k",
        ),
        ("@comment{is not closed\n@preamble{nor is this\n@a{k, %s}", "k"),
        ("@comment without braces\n\n@a{k, %s}", "k"),
    ],
)
def test_entry_is_read_wherever_and_however_it_begins(entry: str, paper_id: str) -> None:
    entry = entry.replace("%s", FIELDS)
    first, odd, last = items_of(f"{GOOD}{entry}\n{GOOD}")
    assert odd == Paper(paper_id, "Caches", "They forget.", odd.source)  # type: ignore[union-attr]
    assert first == last


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("@article{nocomma\n title = {Caches},\n abstract = {They forget.}\n}", "no comma after"),
        ("@article{k, title = {Caches}, abstract = {They {{forget.}\n}", "balanced"),
        ("@article{k, title = {T}, abstract = {They {forget.}, year = {2024}\n}", "balanced"),
        ('@article{k, title = {Caches}, abstract = "They forget.\n}', "balanced"),
        ("@article{k}", "no title"),
        ("@article{k", "no title"),
        ("@article{", "no title"),
        ("@article{k, title = {Caches}}", "no abstract"),
    ],
)
def test_entry_that_cannot_be_read_is_listed_at_its_line(entry: str, message: str) -> None:
    first, wrong, last = items_of(f"{GOOD}\n{entry}\n{GOOD}")
    assert isinstance(wrong, Unreadable)
    assert wrong.line == 3
    assert message in wrong.message
    assert first == last


@pytest.mark.parametrize("between", ["", " ", ",\n  ", "}\n", "\r\n", "\r"])
def test_entries_on_one_line(between: str) -> None:
    assert items_of(between.join([GOOD.strip()] * 3)) == items_of(GOOD) * 3


def test_entry_on_the_line_of_a_broken_one_is_read() -> None:
    broken = "@article{k, title = {Caches}, abstract = {They { forget.},\n year = {2024},}"
    wrong, paper = items_of(
        f"{broken}@misc{{good, title = {{Lanterns}}, abstract = {{They glow.}}}}"
    )
    assert isinstance(wrong, Unreadable)
    assert paper == Paper("good", "Lanterns", "They glow.", {})


def test_at_sign_behind_a_brace_in_a_text_begins_no_entry() -> None:
    assert (
        abstract_of("{{Recall}@10{, x} and {x}@k{y, z} grow.}") == "Recall@10, x and x@ky, z grow."
    )


@pytest.mark.parametrize("piece", ['t="{a} ,', 't="{"', '}@a{k, t="', "}@a{k, t={", "@a{k, t={}} "])
def test_hostile_entries_take_linear_time(piece: str) -> None:
    begun = time.process_time()
    with pytest.raises(DumpError):
        items_of("@a{k, " + piece * 30_000)
    assert time.process_time() - begun < 5


def test_file_without_any_abstract_is_refused_in_so_many_words() -> None:
    with pytest.raises(DumpError, match=r"2 entries and no abstract.*DBLP"):
        items_of("@a{k, title = {T}}\n@a{l, title = {T}}\n")


@unhurried
@given(st.lists(entries | others, max_size=6), st.integers(1, 40))
def test_where_the_stream_is_cut_does_not_matter(written: list[str], size: int) -> None:
    text = "".join([*written, GOOD])
    with patch.object(_bibtex, "_CHUNK", size):
        in_pieces = items_of(text)
    assert in_pieces == items_of(text)


def test_lines_are_counted_within_and_between() -> None:
    short = "@a{k,\n title = {T}\n}"
    lines = [item.line for item in items_of(f"% x\n\n{short}{short}\n\n{short}\n{GOOD}")[:3]]  # type: ignore[union-attr]
    assert lines == [3, 5, 9]


@pytest.mark.parametrize(
    "head",
    [
        b"Scopus\nEXPORT DATE: 1 March 2024\n\n",
        b"% Encoding: UTF-8\n% comment = {\n" * 20,
        b"\n" * 50,
        b'@string(a = "b")\n',
    ],
)
def test_recognised_below_what_exporters_write_first(head: bytes) -> None:
    assert BibTex().sniff(head + GOOD.encode()) == 1


def test_page_that_quotes_an_entry_is_no_bibliography() -> None:
    assert BibTex().sniff(b"# Title\n\nSome prose.\n" * 20 + GOOD.encode()) < 0.5
    assert BibTex().sniff(b"mail jane@{x} = y\n") == 0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("{a {b} c}", "a b c"),
        ('"a {b} c"', "a b c"),
        ('"a {"}b{"} c"', 'a "b" c'),
        ('"it is "odd", they say"', 'it is "odd", they say'),
        ('"a" # { b} # "c"', "a bc"),
        ("acl # { 2023}", "Proceedings of ACL 2023"),
        ("ACL", "Proceedings of ACL"),
        ('jul # "--" # aug', "July--August"),
        ("unknown", "unknown"),
        ("2024", "2024"),
        ("bare words", "bare words"),
        (r"{a set \{1, 2}, year = {2020}", "a set {1, 2"),
        (r"{a set 1, 2\}}, year = {2020}", "a set 1, 2}"),
        ("{a\n   b\t c}", "a b c"),
        ("{a set {1, 2}} is there}, year = {2020}", "a set 1, 2 is there"),
        ("{it is 1} b}, and {c}, year = {2020}", "it is 1 b, and c"),
        ("{it is 1} b},\n}", "it is 1 b"),
        ("{a} and no field, note = {c}", "a"),
        ("{a}\nsays nobody\nnote = {c}", "a"),
    ],
)
def test_values(value: str, text: str) -> None:
    assert abstract_of(value, before="@string{acl = {Proceedings of } # {ACL}}\n") == text


def test_macros_that_double_each_other_stay_small() -> None:
    doubled = "".join(f"@string{{m{n} = m{n - 1} # m{n - 1}}}\n" for n in range(1, 100))
    assert len(abstract_of("m99", before=f"@string{{m0 = {{x}}}}\n{doubled}")) < 2**22


def test_a_field_that_is_there_twice() -> None:
    paper = paper_of(
        "abstract = {}, abstract = {One.}, abstract = {Two.}, keywords={a}, keywords={b}"
    )
    assert paper.abstract == "One."
    assert paper.source == {"categories": ["a", "b"]}


def test_fields_of_biblatex() -> None:
    paper = paper_of(
        "subtitle = {A Study}, abstract = {They forget.}, journaltitle = {Annals}, "
        "date = {2024-02-01}, eprint = {2401.00011}, eprinttype = {arXiv}, "
        "author = {given=Ada, prefix=van, family=Winterberg}"
    )
    assert paper.title == "Caches: A Study"
    assert paper.source == {
        "authors": ["Ada van Winterberg"],
        "arxiv_id": "2401.00011",
        "venue": "Annals",
        "date": "2024-02-01",
    }


@pytest.mark.parametrize(
    ("fields", "metadata"),
    [
        ("doi = {https://doi.org/10.1234/a\\_b}", {"doi": "10.1234/a_b"}),
        ("doi = {doi:10.1234/a}", {"doi": "10.1234/a"}),
        (
            "doi = {10.1234/(SICI)1(1999)5:9<7::AID-A9>3.0.CO;2-G}",
            {"doi": "10.1234/(SICI)1(1999)5:9<7::AID-A9>3.0.CO;2-G"},
        ),
        (r"journal = {\apjl}", {"venue": "The Astrophysical Journal Letters"}),
        ("url = {https://doi.org/10.1234/a}", {"doi": "10.1234/a"}),
        ("url = {https://arxiv.org/abs/2401.00011v2}", {"arxiv_id": "2401.00011v2"}),
        ("keywords = {Index Terms}, author_keywords = {a; b}", {"categories": ["a", "b"]}),
        ("journal = {arXiv preprint arXiv:2401.00011}", {"arxiv_id": "2401.00011"}),
        ("date = {May 4}, year = 2024", {"date": "2024 May 4"}),
        ("year = 2024, month = mar", {"date": "2024"}),
        ("keywords = {a, b; c}", {"categories": ["a, b", "c"]}),
        (
            "author = {Doe, Jane and {Roe and Sons} and others}",
            {"authors": ["Jane Doe", "Roe and Sons"]},
        ),
        (
            "author = {Jane Doe AND\n Roe, Jr., Richard}",
            {"authors": ["Jane Doe", "Richard Roe Jr."]},
        ),
        (
            "author = {{\\'E}mile and J. {Doe}}, author = {Ann}",
            {"authors": ["Émile", "J. Doe", "Ann"]},
        ),
    ],
)
def test_metadata(fields: str, metadata: dict[str, object]) -> None:
    source = paper_of(f"abstract = {{They forget.}}, {fields}").source
    assert {name: source.get(name) for name in metadata} == metadata


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-8-sig", "utf-16"])
def test_encodings_without_a_header(encoding: str) -> None:
    [paper] = items_of(GOOD.replace("They", "Thöy – §").encode(encoding))
    assert isinstance(paper, Paper)
    assert paper.abstract == "Thöy – § glow."


@pytest.mark.parametrize(
    ("header", "encoding", "text"),
    [
        ("% Encoding: ISO8859_2", "iso8859-2", "Łódź"),
        ("% Encoding: windows-1251", "cp1251", "Привет"),
        ("%% Encoding: GBK", "gbk", "灯笼"),
        ("% -*- coding: shift_jis -*-", "shift_jis", "表ソ"),
        ("% Encoding: ISO8859_1", "utf-8", "Łódź"),
        ("% Encoding: no-such", "utf-8", "Łódź"),
        ("% Encoding: hex", "cp1252", "Thöy"),
        ("% Encoding: utf-16", "utf-8", "Łódź"),
    ],
)
def test_encoding_that_the_header_names(header: str, encoding: str, text: str) -> None:
    [paper] = items_of(f"{header}\n\n{GOOD.replace('They', text)}".encode(encoding))
    assert isinstance(paper, Paper)
    assert paper.abstract == f"{text} glow."


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"2.5{\mbox{$\times$}} faster", r"2.5$\times$ faster"),
        (r"{\texttt{MossFormer}} and \textsf{a\textup{b}} {\em c} \bf{d}", "MossFormer and ab c d"),
        (r"\texorpdfstring{$\alpha$-Net}{alpha-Net}", "alpha-Net"),
        (r"\verb|a_{b}| \verb+c+ \verb", r"a_{b} c \verb"),
        (r"\ensuremath{9\times}, 6\texttimes{} and 10\textsuperscript{6}", "9×, 6× and 10^6"),
        (r"\frac{1}{2} of \SI{14}{ms}", "1/2 of 14 ms"),
        (r"\method is \method{} and \odd[x]{kept}", r"\method is \method and [x]kept"),
        (
            r"a \href{https://e.org/a_b}{link}\footnote{A note.}",
            "a link (https://e.org/a_b) (A note.)",
        ),
        (r"\href{https://e.org/a}{https://e.org/a} \href \url", r"https://e.org/a \href \url"),
        (r"\url{https://e.org/~j/a\_b?x=1\&y=2\%20}", "https://e.org/~j/a_b?x=1&y=2%20"),
        (r"https://e.org/~j/a--b\_c and HotpotQ&A", "https://e.org/~j/a--b_c and HotpotQ&A"),
        (r"https://e.org/{\textasciitilde}j", "https://e.org/~j"),
        (r"\'e {\'e} \'{e} \'{\i} \c{c} \c c \v{s} {\"u} \aa \o{} \ss", "é é é í ç ç š ü åø ß"),
        (r"Stra\ss e, \~{}40\% \& \_ \# \$5 \{x\}", "Straße, ~40% & _ # $5 {x}"),
        (r"author\'s \"fern\" Wi\'sniewski", 'author\'s "fern" Wiśniewski'),
        ("~40 of Table~1, 10~20, a--b---c", "~40 of Table 1, 10~20, a--b---c"),
        ("{``}a{''} ``b'' it's `c", "“a” “b” it's `c"),
        (r"$5 and $10, 5\% of $x_{1}$ and \(y\)", r"$5 and $10, 5% of $x_{1}$ and \(y\)"),
        (r"\begin{itemize}\item a \\ b\end{itemize}", "a b"),
        (r"\begin{equation}a_{1}\end{equation}", r"\begin{equation}a_{1}\end{equation}"),
        (r"\textcolor{red}{hot}\vspace{1em} {\color{blue} cold}", "hot cold"),
        (r"50% of \LaTeX{} {\textless}p{\textgreater}", "50% of LaTeX <p>"),
        (r"5{\thinspace}mm, 0{\textperiodcentered}5\medskip and \log n", "5 mm, 0·5 and log n"),
        (r"\glqq a\grqq{}, \enquote{b} and \guillemotleft c\guillemotright", "„a“, “b” and «c»"),
        (r"\textcommabelow{s}i \h{a} \textcommabelow t \textcommabelow{1}", "și ả ț 1"),
        (r"\raisebox{-0.5ex}\textasciitilde10, \foreignlanguage{german}{Zahl}", "~10, Zahl"),
        (r"Nguy\~{\^e}n, \'{\^{o}}, don\'t and l\'hiver", "Nguyễn, ố, don't and l'hiver"),
        (r"\^{\'e}", "ế"),
        (r"\href{mailto:a@e.org}{a@e.org}", "a@e.org"),
        (r"\begin{CJK*}{UTF8}{gbsn}灯笼\end{CJK*}", "灯笼"),
        (r"a\begin{enumerate}[label=(i)]\item b\end{enumerate}", "a b"),
        (r"50\\% of R\\&D, \\textbf{x} and \\'{e}; a\\b", "50% of R&D, x and é; a b"),
        (r"\begin{align}a\\&b\end{align}", r"\begin{align}a\\&b\end{align}"),
        ("p~<~0.05, (n~=~5) and >~90", "p < 0.05, (n = 5) and >~90"),
        ("10\u00a0000 or\n 10\u2009000", "10\u00a0000 or 10\u2009000"),
        ("{un}bal}anced{", "unbalanced"),
        ("\\", "\\"),
    ],
)
def test_latex(latex: str, text: str) -> None:
    assert latex_to_text(latex) == text


def test_marks_and_entities_of_databases() -> None:
    text = abstract_of(
        "{<h4>Aim</h4>We ask &amp; see <i>p</i>&lt;10<sup>-6</sup>, a < b > c\\&amp;d."
        '<h4>End</h4><inline-formula><tex-math notation="LaTeX">$x$</tex-math></inline-formula>.}'
    )
    assert text == "Aim: We ask & see p<10^-6, a < b > c&d. End: $x$."


words = st.text(string.ascii_letters + string.digits, min_size=1, max_size=8)
wrapped = st.recursive(
    words,
    lambda inner: st.one_of(
        st.builds(
            "\\{}{{{}}}".format,
            st.sampled_from(
                ["textbf", "mbox", "texttt", "ensuremath", "footnote", "odd", "cite", "sqrt", "SI"]
            ),
            inner,
        ),
        st.builds("{{{}}}".format, inner),
        st.builds("{{\\em {}}}".format, inner),
        st.builds("${}$".format, words),
        st.builds("``{}''".format, inner),
        st.builds("\\'{} ".format, inner),
        st.builds(
            "{}{}{}".format, inner, st.sampled_from([" ", "~", "--", " & ", "\\& ", "\\\\"]), inner
        ),
        st.builds("\\href{{https://e.org/{}}}{{{}}}".format, words, inner),
    ),
    max_leaves=8,
)


@unhurried
@given(wrapped)
def test_letters_and_digits_survive(latex: str) -> None:
    """Take away the names of macros and the accents: what is left is all there, in its place."""
    bare = re.sub(r"\\\\|\\[A-Za-z]+|https://e\.org/", " ", re.sub(r"\\href\{[^}]*\}", "", latex))
    decoded = re.sub(r"\(https://e\.org/\w+\)|https://e\.org/\w+", "", latex_to_text(latex))
    letters = [c for c in unicodedata.normalize("NFD", decoded) if c.isalnum()]
    assert letters == [c for c in bare if c.isalnum()]


@unhurried
@given(st.text("\\{}$~`'\"%&#ab1 =,[]()_^:/@\n", max_size=80))
def test_any_latex_is_read(latex: str) -> None:
    digits = [character for character in latex if character == "1"]
    assert [character for character in latex_to_text(latex) if character == "1"] == digits


@unhurried
@given(st.lists(entries | others, max_size=6))
def test_every_entry_that_begins_is_a_paper_or_listed(written: list[str]) -> None:
    begun = sum(not each.startswith(("@comment", "@preamble", "@String")) for each in written)
    items = items_of("".join([*written, GOOD]))
    assert len(items) == begun + 1
    assert items[-1] == Paper("good", "Lanterns", "They glow.", {})


@unhurried
@given(st.text(max_size=200))
def test_any_text_is_survived(text: str) -> None:
    try:
        assert items_of(f"@a{{k, {text}".encode(errors="replace"))
    except DumpError:
        return
