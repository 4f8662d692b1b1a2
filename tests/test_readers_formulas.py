"""Powers, fractions and roots that only marks set off: the same text in every format."""

from __future__ import annotations

import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from extractor.paper import Paper
from extractor.readers import open_dump
from extractor.readers._formulas import with_powers

TITLE = "Ferns in the Shade of Old Walls"
ABSTRACT = (
    "We counted {} spores below a wall. They germinate in the second year, and those in full "
    "shade do so earlier than those that the sun reaches."
)
FORMATS = {
    "pubmed": "<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>1</PMID><Article>"
    "<ArticleTitle>{title}</ArticleTitle><Abstract><AbstractText>{abstract}</AbstractText>"
    "</Abstract></Article></MedlineCitation></PubmedArticle></PubmedArticleSet>",
    "jats": "<article><front><article-meta><title-group><article-title>{title}</article-title>"
    "</title-group><abstract><p>{abstract}</p></abstract></article-meta></front></article>",
    "html": "<html><body><h1>{title}</h1><h2>Abstract</h2><p>{abstract}</p></body></html>",
    "bibtex": "@article{{a, title={{{title}}}, abstract={{{abstract}}}}}",
    "atom": "<rss><item><title>{title}</title><description><![CDATA[<p>{abstract}</p>]]>"
    "</description></item></rss>",
    "markdown": "## {title}\n\nAbstract: {abstract}\n",
}
TEN_TO_3 = "<msup><mn>10</mn><mn>3</mn></msup>"
HALF = "<mfrac><mn>1</mn><mn>2</mn></mfrac>"


def abstract_of(dump: str) -> str:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "dump"
        path.write_text(dump, encoding="utf-8")
        with open_dump(path) as items:
            (paper,) = items
    assert isinstance(paper, Paper)
    return paper.abstract


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("10<sup>3</sup>", "10^3"),
        ("10<sup>-6</sup>", "10^-6"),
        ("10<sup>\u2013<i>6</i></sup>", "10^\u20136"),
        ("10<sup>-</sup><sup>6</sup>", "10^-6"),
        ("<b>2</b><sup>10</sup>", "2^10"),
        ("10<sup>1/2</sup>", "10^(1/2)"),
        ("CO<sub>2</sub>", "CO2"),
        ("1<sup>st</sup>", "1st"),
        ("x<sup>*</sup>", "x*"),
        ("Ca<sup>2+</sup>", "Ca2+"),
        ("SO<sub>4</sub><sup>2-</sup>", "SO42-"),
        ("walls<sup>4</sup>", "walls4"),
        ("<sup>13</sup>C", "13C"),
        (f"<math>{TEN_TO_3}</math>", "10^3"),
        ("10<math><msup><mrow/><mn>3</mn></msup></math>", "10^3"),
        ("<math><msup><mi>n</mi><mn>2</mn></msup></math>", "n^2"),
        (f"<math><msup><mi>n</mi>{HALF}</msup></math>", "n^(1/2)"),
        (f"<math>{HALF}</math>", "1/2"),
        (f"3<math>{HALF}</math>", "3 1/2"),
        (
            "<math><mfrac><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow><mi>c</mi></mfrac></math>",
            "(a+b)/c",
        ),
        ("<math> <mi>x</mi> <mo>&lt;</mo> <msqrt><mn>2</mn></msqrt> </math>", "x<\u221a2"),
        ("<math><mroot><mn>8</mn><mn>3</mn></mroot></math>", "8^(1/3)"),
        ("<math><msubsup><mi>x</mi><mn>1</mn><mn>2</mn></msubsup></math>", "x1^2"),
        ("<math><msup><mi>Ca</mi><mrow><mn>2</mn><mo>+</mo></mrow></msup></math>", "Ca2+"),
        ("<math><msup><mn>1</mn><mtext>st</mtext></msup></math>", "1st"),
    ],
)
def test_one_rule_for_every_format(written: str, read: str) -> None:
    said = ABSTRACT.format(written)
    found = {
        name: abstract_of(of.format(title=TITLE, abstract=said)) for name, of in FORMATS.items()
    }
    found["json"] = abstract_of(json.dumps([{"title": TITLE, "abstract": said}]))
    assert found == dict.fromkeys(found, ABSTRACT.format(read))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"10\textsuperscript{3}", "10^3"),
        (r"{10}\textsuperscript{1/2}", "10^(1/2)"),
        (r"Ca\textsuperscript{2+}, 1\textsuperscript{st}", "Ca2+, 1st"),
        (r"walls\textsuperscript{4}", "walls4"),
    ],
)
def test_raised_text_of_latex(written: str, read: str) -> None:
    dump = FORMATS["bibtex"].format(title=TITLE, abstract=ABSTRACT.format(written))
    assert abstract_of(dump) == ABSTRACT.format(read)


def test_styles_of_endnote() -> None:
    said = ABSTRACT.format(
        '10<style face="superscript">3</style> H<style face="subscript">2</style>'
    )
    record = f"<titles><title>{TITLE}</title></titles><abstract>{said}</abstract>"
    dump = f'<xml><records><record><ref-type name="a"/>{record}</record></records></xml>'
    assert abstract_of(dump) == ABSTRACT.format("10^3 H2")


@pytest.mark.parametrize("link", ['<a href="#n">{}</a>', '<xref ref-type="bibr">{}</xref>'])
def test_a_mark_that_links_to_a_note_is_no_power(link: str) -> None:
    written = f"in 2019<sup>{link.format(1)}</sup> and 2020{link.format('<sup>2</sup>')}"
    kind = "html" if "href" in link else "jats"
    dump = FORMATS[kind].format(title=TITLE, abstract=ABSTRACT.format(written))
    assert abstract_of(dump) == ABSTRACT.format("in 20191 and 20202")


@pytest.mark.parametrize(
    "torn", ["<msup><mn>2</mn>", "<msup><mn>2</msup></mn>", "<math>2", "</math>2"]
)
def test_a_formula_in_pieces_keeps_its_text(torn: str) -> None:
    dump = FORMATS["html"].format(title=TITLE, abstract=ABSTRACT.format(f"<math>{torn}</math>"))
    assert abstract_of(dump) == ABSTRACT.format("2")


@pytest.mark.parametrize(
    "part", ["<math>", "<msup>", "10<sup>", "1<b>", "<math></math>", "9</sup><sup>"]
)
def test_time_is_linear(part: str) -> None:
    def seconds(size: int) -> float:
        started = time.process_time()
        with_powers(part * (size // len(part)))
        return time.process_time() - started

    seconds(100)
    assert seconds(400_000) < 20 * max(seconds(40_000), 0.01)
