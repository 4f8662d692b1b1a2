"""Dumps of made-up papers in several formats, of any size, for measuring how fast they are read.

Words, names, accents and formulas vary as they do in real dumps; the papers come from a pool of
4,000, with ids of their own. Each abstract begins with a sentence of English, since the readers
of text and Markdown refuse what is not like abstracts at all.
"""

from __future__ import annotations

import csv
import io
import json
import random
import re
from dataclasses import dataclass, replace
from functools import cache
from html import escape
from textwrap import fill
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_POOL = 4000
_SYLLABLES = re.findall(
    r"\w+",
    """
    ta ri mo lu se na vo ker pli dra sto fen gal wick berg tion ment ing able ous per con ver
    trans sub pre dis ge ist al ic um ra do ze que chi pho mag net the or an is we of
    """,
)
_ACCENTED = ["naïve", "Gödel", "Schrödinger", "Poincaré", "Erdős", "Łukasiewicz", "façade", "über"]
_FORMULAS = [
    "$x_{k+1} = x_k - \\eta \\nabla f(x_k)$", "$O(n \\log n)$", "$p < 0.05$", "$\\ell_2$",
    "$\\mathcal{N}(0, \\sigma^2)$", "$10^{-3}$",
]  # fmt: skip
_GIVEN = ["Ada", "Zoë", "Tomás", "Mei", "Bjørn", "José", "Ines", "Pádraig", "Yuki", "Anna Maria"]
_FAMILY = ["Winterberg", "Okafor", "Müller", "García-López", "Nguyễn", "Smith", "van der Berg"]
_LATEX = {
    "ï": '{\\"i}', "ö": '{\\"o}', "é": "{\\'e}", "ő": "{\\H{o}}", "Ł": "{\\L}", "ç": "{\\c{c}}",
    "ü": '{\\"u}', "á": "{\\'a}", "í": "{\\'i}", "ó": "{\\'o}", "ø": "{\\o}", "ễ": "{\\~{\\^e}}",
    "ë": '{\\"e}', "&": "\\&", "%": "\\%",
}  # fmt: skip


@dataclass(frozen=True)
class Made:
    """One paper."""

    number: int
    title: str
    abstract: str
    authors: tuple[tuple[str, str], ...]
    year: int

    @property
    def id(self) -> str:
        return f"{self.year % 100:02}{1 + self.number % 12:02}.{self.number % 100_000:05}"

    @property
    def doi(self) -> str:
        return f"10.1234/made.{self.number}"

    @property
    def names(self) -> list[str]:
        return [f"{given} {family}" for given, family in self.authors]


@cache
def _words() -> list[str]:
    rng = random.Random(1)  # noqa: S311 -- the same dump each time
    return ["".join(rng.choices(_SYLLABLES, k=rng.randint(1, 4))) for _ in range(6000)]


def _sentence(rng: random.Random, length: int) -> str:
    # Few words are frequent and many are rare, as in any text.
    words = [_words()[int(6000 * rng.random() ** 3)] for _ in range(length)]
    for _ in range(length // 8):
        odd = rng.choice([*_ACCENTED, *_FORMULAS, f"{rng.randint(1, 99)}%", "R&D", "state-of-the"])
        words[rng.randrange(length)] = odd
    text = " ".join(words)
    return f"{text[0].upper()}{text[1:]}."


@cache
def _pool() -> list[Made]:
    rng = random.Random(2)  # noqa: S311 -- the same dump each time
    made = []
    for number in range(_POOL):
        words = rng.choices(_words(), k=rng.randint(5, 12))
        words[rng.randrange(4)] = rng.choice(_ACCENTED)
        sentences = (_sentence(rng, rng.randint(12, 30)) for _ in range(rng.randint(5, 9)))
        authors = {
            (rng.choice(_GIVEN), rng.choice(_FAMILY)): None for _ in range(rng.randint(1, 6))
        }
        made.append(
            Made(
                number,
                " ".join(word[0].upper() + word[1:] for word in words),
                " ".join(["Our results show that this is so.", *sentences]),
                tuple(authors),
                rng.randint(1995, 2024),
            )
        )
    return made


def json_line(paper: Made) -> str:
    fields = {
        "id": paper.id, "title": paper.title, "abstract": paper.abstract, "authors": paper.names,
        "year": paper.year, "doi": paper.doi, "venue": "Journal of Made-Up Results",
    }  # fmt: skip
    return json.dumps(fields, ensure_ascii=False)


def csv_row(paper: Made) -> str:
    row = io.StringIO()
    names = "; ".join(paper.names)
    cells = [paper.id, paper.title, names, str(paper.year), paper.doi, paper.abstract]
    csv.writer(row).writerow(cells)
    return row.getvalue()


def ris(paper: Made) -> str:
    authors = "".join(f"AU  - {family}, {given}\n" for given, family in paper.authors)
    return (
        f"TY  - JOUR\n{authors}PY  - {paper.year}\nTI  - {paper.title}\n"
        f"T2  - Journal of Made-Up Results\nSP  - {paper.number}\nDO  - {paper.doi}\n"
        f"UR  - https://doi.org/{paper.doi}\nKW  - moss\nKW  - lanterns\n"
        f"AB  - {paper.abstract}\nID  - {paper.id}\nER  - \n\n"
    )


def bibtex(paper: Made) -> str:
    authors = " and ".join(f"{family}, {given}" for given, family in paper.authors)
    abstract = paper.abstract.replace("&", "\\&").replace("%", "\\%")
    title = paper.title
    if paper.number % 3 == 0:
        authors, title, abstract = map(_as_latex, (authors, title, paper.abstract))
    return (
        f"@article{{made{paper.number},\n  author = {{{authors}}},\n  title = {{{{{title}}}}},\n"
        f"  journal = {{Journal of Made-Up Results}},\n  year = {{{paper.year}}},\n"
        f"  doi = {{{paper.doi}}},\n  keywords = {{moss, lanterns}},\n"
        f"  abstract = {{{abstract}}}\n}}\n\n"
    )


def _as_latex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)


def pubmed(paper: Made) -> str:
    authors = "".join(
        f"<Author><LastName>{family}</LastName><ForeName>{given}</ForeName></Author>"
        for given, family in paper.authors
    )
    return (
        "<PubmedArticle><MedlineCitation Status='MEDLINE'><PMID Version='1'>"
        f"{30_000_000 + paper.number}</PMID><Article><Journal><JournalIssue><PubDate><Year>"
        f"{paper.year}</Year><Month>Jan</Month></PubDate></JournalIssue><Title>Journal of Made-Up "
        f"Results</Title></Journal><ArticleTitle>{escape(paper.title)}</ArticleTitle><Abstract>"
        f"<AbstractText>{escape(paper.abstract)}</AbstractText></Abstract><AuthorList>{authors}"
        "</AuthorList></Article><MeshHeadingList><MeshHeading><DescriptorName UI='D1'>Moss"
        "</DescriptorName></MeshHeading></MeshHeadingList></MedlineCitation><PubmedData>"
        f"<ArticleIdList><ArticleId IdType='doi'>{paper.doi}</ArticleId></ArticleIdList>"
        "</PubmedData></PubmedArticle>\n"
    )


def oai(paper: Made) -> str:
    authors = "".join(
        f"<author><keyname>{family}</keyname><forenames>{given}</forenames></author>"
        for given, family in paper.authors
    )
    return (
        f"<record><header><identifier>oai:arXiv.org:{paper.id}</identifier><datestamp>2024-01-03"
        "</datestamp><setSpec>cs</setSpec></header><metadata><arXiv xmlns="
        f"'http://arxiv.org/OAI/arXiv/'><id>{paper.id}</id><created>{paper.year}-01-03</created>"
        f"<authors>{authors}</authors><title>{escape(paper.title)}</title><categories>cs.DC cs.LG"
        f"</categories><doi>{paper.doi}</doi><abstract>  {fill(escape(paper.abstract), 80)}\n"
        "</abstract></arXiv></metadata></record>\n"
    )


def markdown(paper: Made) -> str:
    return (
        f"### [{paper.title}](https://arxiv.org/abs/{paper.id})\n\n*{', '.join(paper.names)}*\n\n"
        f"{paper.abstract}\n\n"
    )


def text(paper: Made) -> str:
    return f"{paper.title}\n\n{', '.join(paper.names)}\n\n{fill(paper.abstract, 90)}\n\n"


def web_of_science(paper: Made) -> str:
    authors = "\n   ".join(f"{family}, {given}" for given, family in paper.authors)
    return (
        f"PT J\nAU {authors}\nAF {authors}\nTI {paper.title}\nSO JOURNAL OF MADE-UP RESULTS\n"
        f"LA English\nDE moss; lanterns\nAB {paper.abstract}\nPY {paper.year}\nDI {paper.doi}\n"
        f"UT WOS:{paper.number:015}\nER\n\n"
    )


def html(paper: Made) -> str:
    return (
        f"<article><h3><a href='/papers/{paper.id}'>{escape(paper.title)}</a></h3>\n"
        f"<ul>{''.join(f'<li>{name}</li>' for name in paper.names)}</ul>\n"
        f"<p>{escape(paper.abstract)}</p><button>Upvote</button></article>\n"
    )


@dataclass(frozen=True)
class Format:
    """How a dump is written: an entry for each paper, and what stands around them."""

    entry: Callable[[Made], str]
    before: str = ""
    between: str = ""
    after: str = ""


FORMATS = {
    "JSON Lines": Format(json_line, between="\n", after="\n"),
    "JSON array": Format(json_line, "[", ",\n", "]\n"),
    "CSV": Format(csv_row, "id,title,authors,year,doi,abstract\r\n"),
    "RIS": Format(ris),
    "BibTeX": Format(bibtex),
    "PubMed XML": Format(
        pubmed, "<?xml version='1.0'?>\n<PubmedArticleSet>\n", after="</PubmedArticleSet>\n"
    ),
    "arXiv OAI XML": Format(
        oai,
        "<?xml version='1.0'?>\n<OAI-PMH xmlns='http://www.openarchives.org/OAI/2.0/'>"
        "<ListRecords>\n",
        after="</ListRecords></OAI-PMH>\n",
    ),
    "Markdown": Format(markdown, "# Reading list\n\n"),
    "text": Format(text),
    "Web of Science": Format(web_of_science, "FN Clarivate Analytics Web of Science\nVR 1.0\n"),
    "HTML": Format(
        html,
        "<!DOCTYPE html>\n<html><head><title>Papers</title></head><body>\n",
        after="</body></html>\n",
    ),
}
PARQUET = "Parquet"


def write(name: str, path: Path, size: int) -> int:
    """Write a dump of about ``size`` bytes; return its papers."""
    if name == PARQUET:
        return _write_parquet(path, size)
    written = FORMATS[name]
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        left = size - file.write(written.before)
        for paper in _papers():
            entry = (written.between if count else "") + written.entry(paper)
            left -= len(entry.encode())
            file.write(entry)
            count += 1
            if left < 0:
                break
        file.write(written.after)
    return count


def _papers() -> Iterator[Made]:
    number = 0
    while True:
        yield from (replace(each, number=number + each.number) for each in _pool())
        number += _POOL


def _write_parquet(path: Path, size: int) -> int:
    """Write a table whose text, uncompressed, has about ``size`` bytes."""
    import pyarrow
    import pyarrow.parquet

    rows, left = [], size
    for paper in _papers():
        line = json_line(paper)
        rows.append(json.loads(line))
        left -= len(line.encode())
        if left < 0:
            break
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    return len(rows)
