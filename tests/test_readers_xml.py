"""XML: neighbours of each format, damaged records, and what is refused."""

from __future__ import annotations

import html
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractor.errors import DumpError
from extractor.paper import Paper
from extractor.readers import Item, Unreadable, open_dump

TITLE, ABSTRACT = "Moss on Roofs", "We count the moss on 12 roofs. It grows."


def items_of(data: str | bytes, format_name: str | None = None) -> list[Item]:
    """Read ``data``, save for an error at its end."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "dump"
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        items: list[Item] = []
        with open_dump(path) as dump:
            assert format_name in (None, dump.format)
            with suppress(DumpError):
                items.extend(dump)
        return items


def only(data: str | bytes, format_name: str) -> Paper:
    (paper,) = items_of(data, format_name)
    assert isinstance(paper, Paper), paper
    return paper


DUBLIN_CORE = (
    '<oai_dc:dc xmlns:oai_dc="o" xmlns:dc="d"><dc:title>{title}</dc:title>'
    "<dc:creator>Able, Ann</dc:creator><dc:description>Comment: 3 pages</dc:description>"
    "<dc:description>&lt;p&gt;{abstract}&lt;/p&gt;</dc:description>"
    "<dc:date>2022-05-01T10:00:00Z</dc:date><dc:date>2020</dc:date>"
    "<dc:identifier>http://hdl.example.org/1</dc:identifier>"
    "<dc:identifier>doi:10.1234/a</dc:identifier><dc:relation>10.9999/other</dc:relation>"
    "</oai_dc:dc>"
)
MARC = (
    '<marc:record xmlns:marc="m"><marc:datafield tag="024"><marc:subfield code="a">10.1234/a'
    '</marc:subfield></marc:datafield><marc:datafield tag="100"><marc:subfield code="a">Able, Ann,'
    '</marc:subfield></marc:datafield><marc:datafield tag="245"><marc:subfield code="a">{title} /'
    '</marc:subfield></marc:datafield><marc:datafield tag="264"><marc:subfield code="c">[2020]'
    '</marc:subfield></marc:datafield><marc:datafield tag="520"><marc:subfield code="a">{abstract}'
    "</marc:subfield></marc:datafield></marc:record>"
)
JATS = (
    '<article xmlns:mml="m"><front><article-meta><article-id pub-id-type="doi">10.1234/a'
    "</article-id>"
    "<title-group><article-title>{title}<xref ref-type='fn'>*</xref></article-title></title-group>"
    '<contrib-group><contrib contrib-type="author"><name><surname>Able</surname><given-names>Ann'
    '</given-names></name></contrib><contrib contrib-type="editor"><name><surname>Baker</surname>'
    "</name></contrib></contrib-group><pub-date><year>2020</year></pub-date>"
    '<abstract abstract-type="graphical"><p>Graph.</p></abstract><abstract><title>Abstract</title>'
    "<p>{abstract}</p><object-id>10.7554/a.001</object-id></abstract></article-meta></front><back>"
    '<ref><pub-id pub-id-type="doi">10.9999/ref</pub-id></ref></back></article>'
)
MODS = (
    '<mods><titleInfo type="alternative"><title>Other</title></titleInfo><titleInfo><title>{title}'
    '</title></titleInfo><name><namePart type="family">Able</namePart><namePart type="given">Ann'
    "</namePart><role><roleTerm>aut</roleTerm></role></name><name><namePart>Baker</namePart><role>"
    "<roleTerm>edt</roleTerm></role></name><originInfo><dateIssued>2020</dateIssued></originInfo>"
    '<identifier type="doi">https://doi.org/10.1234/a</identifier><abstract>{abstract}'
    "</abstract></mods>"
)
DATACITE = (
    '<resource xmlns="http://datacite.org/schema/kernel-4"><identifier '
    'identifierType="DOI">10.1234/a'
    "</identifier><creators><creator><creatorName>Able, Ann</creatorName></creator></creators>"
    "<titles>"
    "<title>{title}</title></titles><publicationYear>2020</publicationYear><descriptions>"
    "<description"
    ' descriptionType="Other">A comment that is longer than the abstract, and says a good deal '
    "less."
    '</description><description descriptionType="Abstract">{abstract}</description></descriptions>'
    '<relatedIdentifier relatedIdentifierType="DOI">10.9999/ref</relatedIdentifier></resource>'
)
HAL = (
    '<biblFull><titleStmt><title xml:lang="fr">Mousse</title><title xml:lang="en">{title}</title>'
    "</titleStmt><sourceDesc><biblStruct><analytic><author><persName><forename>Ann</forename>"
    "<surname>"
    "Able</surname></persName></author></analytic><monogr><imprint><date>2020</date></imprint>"
    "</monogr>"
    '<idno type="doi">10.1234/a</idno></biblStruct></sourceDesc><profileDesc><abstract '
    'xml:lang="fr">'
    '<p>Nous comptons.</p></abstract><abstract xml:lang="en"><p>{abstract}</p></abstract>'
    "</profileDesc>"
    "</biblFull>"
)
PUBMED = (
    "<PubmedArticle><MedlineCitation><PMID>7</PMID><Article><Journal><JournalIssue><PubDate>"
    "<Year>2020"
    "</Year></PubDate></JournalIssue></Journal><ArticleTitle>{title}</ArticleTitle><ELocationID "
    'EIdType="doi">'
    "10.1234/a</ELocationID><Abstract><AbstractText>{abstract}</AbstractText>"
    "<CopyrightInformation>(c) Us"
    "</CopyrightInformation></Abstract><AuthorList><Author><LastName>Able</LastName><ForeName>Ann"
    "</ForeName></Author></AuthorList></Article><OtherAbstract><AbstractText>Autre.</AbstractText>"
    "</OtherAbstract></MedlineCitation><PubmedData><ReferenceList><ArticleId "
    'IdType="doi">10.9999/ref'
    "</ArticleId></ReferenceList></PubmedData></PubmedArticle>"
)
OAI = "<record><header><identifier>oai:a:1</identifier></header><metadata>{}</metadata></record>"
CROSSREF = (
    "<doi_record><crossref><journal><journal_metadata><doi_data><doi>10.9999/journal</doi>"
    "</doi_data>"
    "</journal_metadata><journal_article><titles><title>{title}</title></titles><contributors>"
    "<person_name>"
    "<given_name>Ann</given_name><surname>Able</surname></person_name>"
    "<person_name contributor_role='editor'><surname>Baker</surname></person_name></contributors>"
    "<jats:abstract>"
    "<jats:title>Abstract</jats:title><jats:p>{abstract}</jats:p></jats:abstract>"
    "<publication_date><year>"
    "2020</year></publication_date><doi_data><doi>10.1234/a</doi></doi_data><citation_list>"
    "<citation><doi>"
    "10.9999/ref</doi></citation></citation_list></journal_article></journal></crossref>"
    "</doi_record>"
)
SCOPUS = (
    "<entry><dc:title>{title}</dc:title><dc:creator>Able, Ann</dc:creator><prism:coverDate>2020"
    "</prism:coverDate>"
    "<prism:doi>10.1234/a</prism:doi><dc:description>{abstract}</dc:description></entry>"
)
SPRINGER = (
    "<pam:message><xhtml:head><pam:article><dc:identifier>doi:10.1234/a</dc:identifier>"
    "<dc:title>{title}"
    "</dc:title><dc:creator>Able, Ann</dc:creator><prism:publicationDate>2020"
    "</prism:publicationDate>"
    "</pam:article></xhtml:head><xhtml:body><h1>Abstract</h1><p>{abstract}</p></xhtml:body>"
    "</pam:message>"
)
IEEE = (
    "<document><title><![CDATA[{title}]]></title><authors><![CDATA[Ann Able]]></authors><py>2020"
    "</py>"
    "<abstract><![CDATA[{abstract}]]></abstract><arnumber>7</arnumber><doi>10.1234/a</doi>"
    "</document>"
)
ELSEVIER = (
    "<coredata><dc:title>{title}</dc:title><dc:creator>Able, Ann</dc:creator>"
    "<prism:doi>10.1234/a</prism:doi>"
    "<prism:coverDate>2020</prism:coverDate><dc:description>\nAbstract\n{abstract}"
    "</dc:description></coredata>"
)
ENDNOTE = (
    '<record><ref-type name="Journal Article">17</ref-type><contributors><authors><author><style '
    'face="normal">'
    "Able, Ann</style></author></authors></contributors><titles><title><style>{title}</style>"
    "</title></titles>"
    "<dates><year>2020</year></dates><abstract><style>{abstract}</style></abstract>"
    "<electronic-resource-num>"
    "https://doi.org/10.1234/a</electronic-resource-num></record>"
)
RSS = (
    "<item><title>{title}</title><link>https://example.org/doi/10.1234/a?af=R</link>"
    "<dc:creator>Able, Ann"
    "</dc:creator><dc:date>2020</dc:date><content:encoded><![CDATA[<p>{abstract}</p>]]>"
    "</content:encoded></item>"
)
ATOM = (
    '<entry><title type="html">{title}</title><author><name>Ann Able</name></author>'
    "<published>2020</published>"
    '<link href="https://doi.org/10.1234/a"/><content type="xhtml"><div><p>{abstract}</p></div>'
    "</content></entry>"
)
SUBMITTED = (
    "<Article><Journal><PubDate><Year>2020</Year></PubDate></Journal><ArticleTitle>{title}"
    "</ArticleTitle>"
    "<AuthorList><Author><FirstName>Ann</FirstName><LastName>Able</LastName></Author></AuthorList>"
    '<ArticleIdList><ArticleId IdType="doi">10.1234/a</ArticleId></ArticleIdList>'
    "<Abstract>{abstract}</Abstract>"
    "</Article>"
)
ZOTERO = (
    "<bib:BookSection><dcterms:isPartOf><bib:Book><dc:title>The Book</dc:title></bib:Book>"
    "</dcterms:isPartOf>"
    "<bib:authors><foaf:Person><foaf:surname>Able</foaf:surname><foaf:givenName>Ann"
    "</foaf:givenName>"
    "</foaf:Person></bib:authors><dc:title>{title}</dc:title><dcterms:abstract>{abstract}"
    "</dcterms:abstract>"
    "<dc:date>2020</dc:date><dc:identifier>DOI 10.1234/a</dc:identifier></bib:BookSection>"
)
WEB_OF_SCIENCE = (
    "<REC><UID>WOS:1</UID><static_data><summary><pub_info pubyear='2020'/><titles>"
    "<title type='source'>J MOSS</title><title type='item'>{title}</title></titles><names><name>"
    "<display_name>Able, A</display_name><last_name>Able</last_name><first_name>Ann</first_name>"
    "</name></names></summary><fullrecord_metadata><abstracts><abstract><abstract_text><p>{abstract}"
    "</p></abstract_text></abstract></abstracts></fullrecord_metadata></static_data><dynamic_data>"
    "<identifiers><identifier type='doi' value='10.1234/a'/></identifiers></dynamic_data></REC>"
)
RDF = (
    "<rdf:Description rdf:about='http://example.org/1'><dc:title>{title}</dc:title><dc:creator>"
    "Able, Ann</dc:creator><dc:date>2020</dc:date><dc:identifier>DOI 10.1234/a</dc:identifier>"
    "<dc:description>A remark.</dc:description><dcterms:abstract>{abstract}</dcterms:abstract>"
    "</rdf:Description>"
)
SRU = "<zs:record><zs:recordData>{}</zs:recordData></zs:record>"

# A format, its root and one of its records.
DOCUMENTS = {
    "oai-dublin-core": ("oai", "OAI-PMH", OAI.format(DUBLIN_CORE)),
    "oai-marc": ("oai", "OAI-PMH", OAI.format(MARC)),
    "oai-marc-unprefixed": ("oai", "OAI-PMH", OAI.format(MARC.replace("marc:", ""))),
    "oai-jats": ("oai", "ListRecords", OAI.format(JATS)),
    "oai-mods": ("oai", "ListRecords", OAI.format(MODS)),
    "oai-datacite": ("oai", "GetRecord", OAI.format(DATACITE)),
    "oai-hal": (
        "oai",
        "OAI-PMH",
        OAI.format(f"<TEI><text><body><listBibl>{HAL}</listBibl></body></text></TEI>"),
    ),
    "marc": ("marc", "marc:collection", MARC),
    "sru-marc": ("marc", "zs:searchRetrieveResponse", SRU.format(MARC)),
    "sru-dublin-core": ("oai", "zs:searchRetrieveResponse", SRU.format(DUBLIN_CORE)),
    "web-of-science": ("services", "records", WEB_OF_SCIENCE),
    "sru-mods": ("mods", "zs:searchRetrieveResponse", MODS),
    "mods": ("mods", "modsCollection", MODS),
    "jats": ("jats", "pmc-articleset", JATS),
    "datacite": ("services", "resources", DATACITE),
    "hal": ("tei", "TEI><listBibl", HAL),
    "pubmed": ("pubmed", "PubmedArticleSet", PUBMED),
    "pubmed-in-own-root": ("pubmed", "everything", PUBMED),
    "pubmed-submitted": ("pubmed", "ArticleSet", SUBMITTED),
    "crossref": ("services", "crossref_result", CROSSREF),
    "scopus": ("services", "search-results", SCOPUS),
    "springer": ("services", "response", SPRINGER),
    "ieee": ("services", "root", IEEE),
    "elsevier": ("services", "full-text-retrieval-response", ELSEVIER),
    "endnote": ("endnote-xml", "records", ENDNOTE),
    "rss": ("atom", "rss", RSS),
    "rss-1.0": ("atom", "rdf:RDF", RSS),
    "atom": ("atom", "feed", ATOM),
    "rdf": ("zotero-rdf", "rdf:RDF", RDF),
    "zotero": ("zotero-rdf", 'rdf:RDF xmlns:bib="http://purl.org/net/biblio#"', ZOTERO),
}
every_document = pytest.mark.parametrize("name", DOCUMENTS)


def document(name: str, *records: str) -> str:
    root = DOCUMENTS[name][1]
    end = ">".join(f"</{each.partition(' ')[0]}" for each in reversed(root.split("><")))
    return f'<?xml version="1.0"?>\n<{root}>\n{"".join(records)}{end}>\n'


def record(name: str, title: str = TITLE, abstract: str = ABSTRACT) -> str:
    return DOCUMENTS[name][2].format(title=title, abstract=abstract) + "\n"


@every_document
def test_neighbours_of_each_format(name: str) -> None:
    paper = only(document(name, record(name)), DOCUMENTS[name][0])
    assert (paper.title, paper.abstract) == (TITLE, ABSTRACT)
    assert paper.source["authors"] == ["Ann Able"]
    assert (paper.source["doi"], paper.source["date"]) == ("10.1234/a", "2020")


@pytest.mark.parametrize("name", sorted(DOCUMENTS.keys() - {"elsevier"}))  # one paper to a file
@settings(max_examples=20)
@given(
    kinds=st.lists(st.sampled_from(["whole", "empty", "damaged", "open"]), min_size=1, max_size=5)
)
def test_what_begins_is_a_paper_or_listed(name: str, kinds: list[str]) -> None:
    one = record(name).strip()
    made = {
        "whole": one,
        "empty": record(name, abstract="").replace("Nous comptons.", ""),
        "damaged": record(name, title="x <i>y"),
        "open": one[: one.rindex("</")],
    }
    if name == "ieee":  # nothing is a mark in literal text
        made["damaged"] = one.replace("<py>", "<py><i>")
    items = items_of(document(name, *map(made.__getitem__, ["whole", *kinds])))
    assert [isinstance(item, Paper) for item in items] == [
        kind == "whole" for kind in ["whole", *kinds]
    ]


@every_document
def test_documents_that_were_joined(name: str) -> None:
    whole = document(name, record(name))
    assert len(items_of(whole + "\ufeff" + whole)) == 2
    assert len(items_of(whole.replace("\n", "\r\n").encode("utf-16"))) == 1


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("R & D, AT&T; p < 0.05, a<b, x &lt; y", "R & D, AT&T; p < 0.05, a<b, x < y"),
        ("caf&eacute; &#233; &#x1; &nope; \x02", "café é \u2060 &nope; \u2060"),
        ("CO<sub>2</sub> <i>in  vivo</i>\n<b>x</b>", "CO2 in vivo x"),
        (
            "a <!-- <PubmedArticle> --> b <![CDATA[<i>&amp;</PubmedArticle>]]>",
            "a b <i>&amp;</PubmedArticle>",
        ),
        ("<mml:math><mml:mi>x</mml:mi><mml:mo>=</mml:mo><mml:mn>1</mml:mn></mml:math>.", "x=1."),
        (
            "<mml:math><mml:semantics><mml:mi>x</mml:mi><mml:annotation>$x$</mml:annotation>"
            "</mml:semantics></mml:math>.",
            "x.",
        ),
    ],
)
def test_texts(written: str, read: str) -> None:
    paper = only(document("pubmed", record("pubmed", abstract=written)), "pubmed")
    assert paper.abstract == read


def test_paragraphs_headings_and_formulas_of_jats() -> None:
    abstract = (
        "</p><sec><title>Aim</title><p>Is <alternatives>"
        "<tex-math>\\documentclass{a}\\begin{document}$x$"
        "\\end{document}</tex-math><mml:math><mml:mi>x</mml:mi></mml:math></alternatives> so?"
        "</p></sec>"
        "<sec><title>Results.</title><p>Yes, <tex-math>\\begin{document}$y^2$\\end{document}"
        "</tex-math>"
        ".</p></sec><p>Done."
    )
    paper = only(document("jats", record("jats", abstract=abstract)), "jats")
    assert paper.abstract == "Aim: Is x so? Results. Yes, $y^2$. Done."


def test_feeds_of_arxiv() -> None:
    new = (
        "<rss><item><title>Moss on Roofs</title><link>https://arxiv.org/abs/2401.1</link>"
        "<description>"
        f"arXiv:2401.1v1 Announce Type: new \nAbstract: {ABSTRACT}</description>"
        "<guid>oai:arXiv.org:2401.1v1</guid><dc:creator>Ann Able, Bo Baker</dc:creator></item>"
        "</rss>"
    )
    old = (
        '<rdf:RDF><item rdf:about="http://arxiv.org/abs/2401.1"><title>Moss on Roofs. '
        "(arXiv:2401.1v1 "
        f"[cs.DC] UPDATED)</title><description>&lt;p&gt;{ABSTRACT}&lt;/p&gt;</description>"
        f"<dc:creator>"
        '&lt;a href="http://arxiv.org/a"&gt;Ann Able&lt;/a&gt; (1), &lt;a '
        'href="http://arxiv.org/b"&gt;'
        "Bo Baker&lt;/a&gt; ((1) A, (2) B)</dc:creator></item></rdf:RDF>"
    )
    for feed in (new, old):
        paper = only(feed, "atom")
        assert (paper.id, paper.title, paper.abstract) == ("2401.1v1", TITLE, ABSTRACT)
        assert paper.source["authors"] == ["Ann Able", "Bo Baker"]


VOLUME = "Annals of Moss, Volume 36, Issue 20, Page 1-36, May 16, 2024."


@pytest.mark.parametrize(
    "said",
    [
        f"{VOLUME} <br/>{ABSTRACT}",
        f"{VOLUME} {ABSTRACT}",
        f"Annals of Moss, Ahead of Print. <br/>{ABSTRACT}",
        f"<h3>Abstract</h3><p>{ABSTRACT}</p>",
        f'<span><div class="boxTitle">Abstract</div>{ABSTRACT}</span>',
        f'<p>Moss, Published online: 1 May 2024; <a href="a">doi:10.1234/a</a></p>{ABSTRACT}',
        f'<p><b>Moss, Vol. 24, Pages 34: Roofs</b></p><p>Moss <a href="a">doi: 10.1234/a</a></p>'
        f"<p>Authors: Ann Able Bo Baker</p><p>{ABSTRACT}</p>",
        f"<p>Author(s): Ann Able</p><p>{ABSTRACT}</p><br/>[Moss 13, 21] Published Wed May 22, 2024",
        f"<div><i>Moss Sci.</i>, 2024, <b>15</b>,12-34<br/><b>DOI</b>: 10.1234/a, Paper</div>"
        f"<div>Open Access</div><div>{ABSTRACT}<br/>The content of this RSS Feed (c) Moss</div>",
        f"<div><p>J Moss. 2024 May 20;12(3):1-10. doi: 10.1234/a.</p><p><b>ABSTRACT</b></p>"
        f'<p>{ABSTRACT}</p><p>PMID:<a href="a">3</a> | DOI:<a href="b">10.1234/a</a></p></div>',
    ],
)
def test_citations_in_feeds_of_journals(said: str) -> None:
    item = f"<item><title>{TITLE}</title><description><![CDATA[{said}]]></description></item>"
    assert only(f"<rss>{item}</rss>", "atom").abstract == ABSTRACT


@pytest.mark.parametrize(
    "said",
    [
        VOLUME,
        "Volume 12, Issue 3, May 2024, Page 100-120<br/>. ",
        "Annals of Moss, EarlyView.",
        "Annals of Moss, Volume 985, 25 April 2024, A12",
        "<p>Publication date: May 2024</p><p><b>Source:</b> Moss, Volume 1</p><p>Author(s): A</p>",
        "<div><cite>Annals of Moss</cite></div><div>DOI: 10.1234/a</div>",
        '<p>Moss, Published online: 1 May 2024; <a href="a">doi:10.1234/a</a></p>',
    ],
)
def test_a_citation_is_no_abstract(said: str) -> None:
    item = "<item><title>{}</title><description><![CDATA[{}]]></description>{}</item>"
    encoded = f"<content:encoded><![CDATA[<h2>Abstract</h2><p>{ABSTRACT}</p>]]></content:encoded>"
    feed = item.format("Moss Alone", said, "") + item.format(TITLE, said, encoded)
    listed, paper = items_of(f"<rss>{feed}</rss>", "atom")
    assert listed == Unreadable(1, "There is no abstract.", title="Moss Alone")
    assert isinstance(paper, Paper)
    assert paper.abstract == ABSTRACT


def test_a_teaser_gives_way_to_what_it_is_a_part_of() -> None:
    feed = (
        f"<rss><item><title>{TITLE}</title><description>We count the moss\u2026</description>"
        f"<content:encoded>{ABSTRACT}</content:encoded></item><item><title>{TITLE}</title>"
        f"<description>{ABSTRACT}</description><dc:description>Another text, which is a good deal "
        "longer than the abstract is.</dc:description></item></rss>"
    )
    assert [getattr(item, "abstract", "") for item in items_of(feed, "atom")] == [ABSTRACT] * 2


def test_prose_that_looks_like_a_citation() -> None:
    for said in (
        "We analyse Volume 3 of the Moss Papers, a corpus of letters.",
        "Source code in 2024: who writes it, and how much of it is moss.",
        "Open access to roofs is studied.",
    ):
        feed = f"<rss><item><title>{TITLE}</title><description>{said}</description></item></rss>"
        assert only(feed, "atom").abstract == said


def test_sentences_of_tei() -> None:
    header = (
        f"<fileDesc><titleStmt><title>{TITLE}</title></titleStmt></fileDesc><profileDesc><abstract>"
        "<div><p><s>It grows.</s><s>We <hi>count</hi> it.</s></p><p><s>Done.</s></p></div>"
        "</abstract></profileDesc>"
    )
    paper = only(f"<TEI><teiHeader>{header}</teiHeader></TEI>", "tei")
    assert paper.abstract == "It grows. We count it. Done."


def test_authors_of_arxiv_raw() -> None:
    raw = (
        f"<arXivRaw><id>2401.1</id><title>{TITLE}</title><authors>Ann Able (1), Bo Baker (2) and "
        f"Cy Dee "
        f"((1) A, (2) B)</authors><abstract>{ABSTRACT}</abstract></arXivRaw>"
    )
    paper = only(f"<OAI-PMH>{OAI.format(raw)}</OAI-PMH>", "oai")
    assert (paper.id, paper.source["authors"]) == ("2401.1", ["Ann Able", "Bo Baker", "Cy Dee"])


def test_own_format_of_dspace() -> None:
    dim = (
        f'<dim:dim><dim:field element="title">{TITLE}</dim:field><dim:field element="contributor" '
        'qualifier="author">Able, Ann</dim:field><dim:field element="description" '
        'qualifier="abstract">'
        f"{ABSTRACT}</dim:field></dim:dim>"
    )
    paper = only(f"<OAI-PMH>{OAI.format(dim)}</OAI-PMH>", "oai")
    assert (paper.abstract, paper.source["authors"]) == (ABSTRACT, ["Ann Able"])


@pytest.mark.parametrize(("paper_id", "year"), [("2020.acl-main.1", "2020"), ("P99-1001", "1999")])
def test_year_and_authors_of_the_anthology(paper_id: str, year: str) -> None:
    paper = only(
        f"<collection><volume><meta><year>1900</year></meta><paper><title><fixed-case>M"
        f"</fixed-case>oss"
        "</title><author><first>Ann</first><last>Able</last><affiliation>Roof Inc</affiliation>"
        "</author>"
        f"<abstract>We.</abstract><url>{paper_id}</url></paper></volume></collection>",
        "acl-anthology",
    )
    assert (paper.title, paper.id) == ("Moss", paper_id)
    assert (paper.source["authors"], paper.source["date"]) == (["Ann Able"], year)


def test_a_dump_that_breaks_off_ends_in_an_error(tmp_path: Path) -> None:
    whole = document("pubmed", record("pubmed"), record("pubmed"))
    joined = record("jats") * 2
    for cut, kinds in (
        (whole[:-40], [Paper, Unreadable]),
        (whole[:-10], [Paper, Paper]),
        (joined[:-20], [Paper, Unreadable]),
    ):
        path = tmp_path / "dump"
        path.write_text(cut, encoding="utf-8")
        items: list[Item] = []
        with open_dump(path) as dump, pytest.raises(DumpError, match="breaks off"):
            items.extend(dump)
        assert [type(item) for item in items] == kinds


@pytest.mark.parametrize(
    ("text", "root"),
    [
        (b"\xef\xbb\xbf<?xml version='1.0'?><moss><title>A</title></moss>", "moss"),
        (b"<!-- roofs -->\n<svg xmlns='http://www.w3.org/2000/svg'><title>A</title></svg>", "svg"),
        (b"<!DOCTYPE moss [<!ELEMENT moss (#PCDATA)>]>\n<moss>A</moss>", "moss"),
        (b"<?xml-stylesheet href='a'?><urlset><url>http://a</url></urlset>", "urlset"),
        (b"<n:moss xmlns:n='u'><n:title>A</n:title></n:moss>", "moss"),
        (b"<?xml version='1.0'?>\n<!--" + b"words of a licence\n" * 500 + b"-->\n<moss/>", "moss"),
        ("<?xml version='1.0' encoding='utf-16'?><moss>é</moss>".encode("utf-16"), "moss"),
        ("<?xml version='1.0' encoding='latin-1'?><moss>é</moss>".encode("latin-1"), "moss"),
        (b"<rdf:RDF><rdf:Description><dc:title>A</dc:title></rdf:Description></rdf:RDF>", "RDF"),
        (b"<mediawiki><page><title>A</title><text>B</text></page></mediawiki>", "mediawiki"),
    ],
)
def test_other_xml_is_refused_by_its_root(tmp_path: Path, text: bytes, root: str) -> None:
    (tmp_path / "dump").write_bytes(text)
    with pytest.raises(DumpError, match=f"its root is <{root}>"):
        open_dump(tmp_path / "dump")


def test_an_article_of_dblp_is_named(tmp_path: Path) -> None:
    (tmp_path / "dump").write_text(
        '<article mdate="2020-01-01" key="journals/moss/Able20"><title>A</title>'
    )
    with pytest.raises(DumpError, match="no abstracts"):
        open_dump(tmp_path / "dump")


def test_entities_that_do_no_harm() -> None:
    doctype = (
        '<!DOCTYPE rss [<!ENTITY % more PUBLIC "a" "http://a/b.ent"> %more; <!ENTITY nbsp "&#160;">'
        '<!ENTITY picture SYSTEM "a.gif" NDATA gif>]>'
    )
    assert only(f"{doctype}<rss>{record('rss', abstract='A&nbsp;b.')}</rss>", "atom").abstract


@pytest.mark.parametrize(
    "part",
    [
        *(
            "<record>",
            "<record",
            "</record>",
            "<record><metadata>",
            "<record/>",
            "<a>",
            "<a",
            "&",
            "<",
        ),
        *(
            "<!--",
            "<![CDATA[",
            "]]>",
            "<metadata><record>",
            "<p:a p:b='",
            " a:b",
            "<tex-math>",
            "<p>",
        ),
    ],
)
def test_time_is_linear(part: str) -> None:
    def seconds(count: int) -> float:
        started = time.process_time()
        head = "<OAI-PMH><record><header/><metadata><abstract>"
        items_of(head + part * count + "</abstract></metadata></record></OAI-PMH>")
        return time.process_time() - started

    seconds(10)
    assert seconds(400_000 // len(part)) < 20 * max(seconds(40_000 // len(part)), 0.05)


def test_a_damaged_record_is_named() -> None:
    whole = record("pubmed")
    damaged = record("pubmed", title="Moss &amp; Co", abstract="a <i> b")
    items = items_of(document("pubmed", whole, damaged, whole), "pubmed")
    said = "The XML of the record is damaged (mismatched tag)."
    assert items[1] == Unreadable(4, said, title="Moss &amp; Co")


def test_an_error_of_arxiv_is_no_paper() -> None:
    error = (
        "<entry><id>http://arxiv.org/api/errors#incorrect_id</id><title>Error</title>"
        "<summary>incorrect id format for 1</summary></entry>"
    )
    (item,) = items_of(f"<feed>{error}</feed>", "atom")
    assert item == Unreadable(1, "arXiv answered with an error: incorrect id format for 1")


@pytest.mark.parametrize("name", ["endnote", "mods", "marc", "zotero", "rss", "atom", "datacite"])
def test_marks_that_were_escaped(name: str) -> None:
    abstract = "&lt;p&gt;CO&lt;sub&gt;2&lt;/sub&gt; &amp;amp; moss.&lt;/p&gt;&lt;p&gt;So.&lt;/p&gt;"
    if name == "rss":  # it stands in literal text there
        abstract = html.unescape(abstract)
    paper = only(document(name, record(name, abstract=abstract)), DOCUMENTS[name][0])
    assert paper.abstract == "CO2 & moss. So."


def test_a_page_in_xhtml_is_a_page() -> None:
    page = (
        '<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "a">\n'
        f"<html><body><h1>{TITLE}</h1><p>Abstract: {ABSTRACT}</p></body></html>"
    )
    assert only(page, "html").abstract == ABSTRACT


def test_ascii_that_is_declared_may_be_utf_8() -> None:
    feed = document("rss", record("rss", title="Café")).replace("?>", ' encoding="US-ASCII"?>', 1)
    assert only(feed, "atom").title == "Café"
