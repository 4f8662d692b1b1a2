r"""LaTeX in the fields of a bibliography as the text that it prints.

Nothing that a reader would see is lost: a macro that is not known keeps its arguments, or its
name where it has none. Formulas and addresses stay as they are written, and so do a bare ``&``,
``%`` and ``--``, since few of those who write them in an abstract think of TeX.

The work is linear: braces are paired once, nothing recurses, and what was searched for in vain
is not searched for again.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from extractor.readers._formulas import power

_MARKUP = re.compile(r"[\\{}~$]|``|''")
# What a token begins with is looked for first: that is several times as fast.
_START = re.compile(r"[\\{}~$`':]")
_ADDRESS = r"""(?<=[pst])://(?:
    [^\s\\{}$]
  | \\[_&%\#$~](?!\{)
  | \{\\?[_&%\#~-]{1,2}\}
  | \\~\{\}
  | \{?\\textasciitilde(?![A-Za-z])\s?(?:\{\})?\}?
)++"""
_TOKEN = re.compile(
    rf"""
    (?P<address>{_ADDRESS})
  | (?P<math>\$\$?|\\\(|\\\[|\\begin\{{(?P<environment>
        equation|align|alignat|gather|multline|eqnarray|displaymath|math)(?P<star>\*?)\}})
  | (?P<structure>\\begin\s*\{{(?:CJK\*?\}}\{{[^{{}}]*\}}\{{[^{{}}]*\}}
        |(?:tabular|minipage|multicols|otherlanguage|foreignlanguage)\*?\}}(?:\[[^][]*\])?\{{[^{{}}]*\}}
        |(?:itemize|enumerate|description)\}}\s*\[[^][{{}}]*\])
      |\\(?:begin|end)\s*\{{[A-Za-z]+\*?\}})
  | (?P<verb>\\verb\*?(?P<delimiter>[^\w\s*]))
  | \\(?P<accent>[`'^"~=.](?:\{{[\s{{]*+)?|(?:[bcdGhHkrtuv]|textcommabelow)(?![A-Za-z])[\s{{]*+)
      (?P<letter>\\[A-Za-z]+\s*|\\[`'^"~=.][\s{{]*+[^\W\d_]|[^\W\d_])
  | \\(?P<macro>[A-Za-z]+)
  | (?P<doubled>\\(?=\\(?:[%&\#_]|(?:text[a-z]{{2}}|emph|url|href)\{{|["'`^~]\{{\\?[A-Za-z]\}})))
  | (?P<break>\\\\\*?(?:\[[\d.]+\s*[a-z]{{2}}\])?)
  | (?P<symbol>\\.)
  | (?P<brace>[{{}}])
  | (?P<tie>~)
  | (?P<quote>``|'')
    """,
    re.VERBOSE | re.DOTALL,
)
_POSSESSIVE = re.compile(r"[^\W\d_]\\'s(?![^\W\d_])")
_TIED_SIGN = re.compile("~[<>=+\u00b1\u00d7\u2264\u2265\u2212-]~")
_SPACES = re.compile(r"\s*")
_NO_PART_OF_NUMBER = re.compile(r"[\s${}]|-(?=-)")
_LOOKED_BACK = 3
# Spaces that do not break or are thin belong to the text.
_WRAPS = re.compile(r"[ \t\n\r\f\v]{2,}|[\t\n\r\f\v]")
_OPTIONS = re.compile(r"\*?\s*(?:\[[^][]{0,200}\]\s*){0,2}")
_ESCAPED = re.compile(r"\{?\\textasciitilde\s?(?:\{\})?\}?|\{?\\?([_&%#$~-]{1,2})(?:\{\})?\}?")

_ACCENTS = dict(
    zip(
        [*"`'^~=u.\"hrHvGdckbt", "textcommabelow"],
        "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u0309"
        "\u030a\u030b\u030c\u030f\u0323\u0327\u0328\u0331\u0361\u0326",
        strict=True,
    )
)
_SYMBOLS = dict.fromkeys("&%$#_{}^~`'\"=.", "") | dict.fromkeys(" ,;:>\n\t", " ")
_SYMBOLS = {key: value or key for key, value in _SYMBOLS.items()} | dict.fromkeys("!/-@", "")
_QUOTES = {"``": "\u201c", "''": "\u201d"}

_STYLES = """
    bf it em sf tt rm sc sl cal bfseries mdseries itshape slshape scshape upshape ttfamily sffamily
    rmfamily normalfont tiny scriptsize footnotesize small normalsize large Large LARGE huge Huge
    centering noindent indent xspace protect relax ignorespaces selectfont displaystyle textstyle
    left right allowbreak nobreak nobreakdash boldmath unboldmath leavevmode strut null sloppy
    raggedright nolinebreak
"""
_BREAKS = """
    par newline linebreak item quad qquad space break hfill hfil vfill newblock newpage clearpage
    pagebreak smallskip medskip bigskip thinspace medspace thickspace enspace enskip nobreakspace
"""
_CHARACTERS = """
    < textless lt    > textgreater gt    | textbar    { textbraceleft    } textbraceright
    [ lbrack    ] rbrack    % textpercent percent    & textampersand    _ textunderscore    / slash
    - hyp    ^ textasciicircum    i i    j j    ' textquotesingle    " textquotedbl    ¶ P    § S
    £ pounds    € euro Euro EUR    © copyright    ‡ ddag ddagger    ° degree    µ micro    Ω ohm
    ✓ checkmark    № textnumero    ~ texttildelow    · textperiodcentered cdotp    . ldotp
    * textasteriskcentered    − textminus    √ textsurd    ≠ ne    ¬ neg    + mathplus    : colon
    ℜ Re    ℑ Im    ⇔ iff    ⇒ implies    °C celsius degreeCelsius    ‰ permil textpermil
    „ glqq    “ grqq    ‚ glq    ‘ grq lq    ’ rq    ‹ flq    › frq
    « flqq guillemetleft    » frqq guillemetright    ơ ohorn    ư uhorn    Ơ OHORN    Ư UHORN
    - texthyphen textnonbreakinghyphen
"""
_OWN_NAMES = {
    **dict.fromkeys(_STYLES.split(), ""),
    **dict.fromkeys(_BREAKS.split(), " "),
    **{name: name for name in ("LaTeX", "TeX", "BibTeX", "XeTeX", "LuaTeX", "pdfTeX", "SS")},
    **{
        name: character
        for character, *names in map(str.split, re.split(r"\s{2,}", _CHARACTERS.strip()))
        for name in names
    },
    "today": r"\today",
}
_ARGUMENTS_UNSEEN = {
    **dict.fromkeys(("textcolor", "colorbox", "texorpdfstring", "color", "label"), 1),
    **dict.fromkeys(("vspace", "hspace", "vskip", "fontfamily", "fontseries"), 1),
    **dict.fromkeys(("raisebox", "scalebox", "rotatebox", "parbox", "mintinline"), 1),
    **dict.fromkeys(("foreignlanguage", "selectlanguage", "hyperlink", "hypertarget"), 1),
    **dict.fromkeys(("fcolorbox", "fontsize", "resizebox"), 2),
}
_AROUND = {
    **dict.fromkeys(("footnote", "footnotetext", "thanks"), (" (", ")")),
    **dict.fromkeys(("frac", "nicefrac", "sfrac", "tfrac", "dfrac"), ("", "/")),
    **dict.fromkeys(("SI", "qty", "numrange"), ("", " ")),
    **dict.fromkeys(("cite", "citep", "citet", "citeauthor", "parencite"), ("[", "]")),
    **dict.fromkeys(("enquote", "mkbibquote"), ("\u201c", "\u201d")),
    "sqrt": ("\u221a(", ")"),
}
_ADDRESSES = {"url", "path", "nolinkurl", "urlprefix"}


@cache
def _names() -> dict[str, str]:
    r"""Return what stands for a macro without arguments, such as ``\alpha`` or ``\ss``."""
    from pylatexenc.latex2text import get_default_latex_context_db

    macros = get_default_latex_context_db().iter_macro_specs()
    known = {macro.macroname: macro.simplify_repl for macro in macros}
    have_arguments = {*_AROUND, *_ARGUMENTS_UNSEEN, *_ADDRESSES, "ref", "autoref", "cref", "eqref"}
    fixed = {
        name: text
        for name, text in known.items()
        if isinstance(text, str) and text and "%" not in text and name not in have_arguments
    }
    return {**fixed, **_OWN_NAMES}


def latex_to_text(text: str) -> str:
    """Return what the LaTeX prints, on one line."""
    if _MARKUP.search(text):
        text = _Text(text).decoded()
    return _WRAPS.sub(" ", text).strip()


class _Text:
    def __init__(self, text: str) -> None:
        self._text = text
        self._out: list[str] = []
        self._at_brace: dict[int, str] = {}
        self._absent: set[str] = set()
        self._closing: dict[int, int] | None = None

    def decoded(self) -> str:
        text, out, place = self._text, self._out, 0
        search, match = _START.search, _TOKEN.match
        while start := search(text, place):
            found = match(text, start.start())
            end = start.start() if found else start.end()
            out.append(text[place:end])
            place = self._take(found) if found else end
        out.append(text[place:])
        return "".join(out)

    def _take(self, found: re.Match[str]) -> int:
        """Put down what the token stands for, and return where the next one may begin."""
        kind = found.lastgroup
        if kind == "brace":
            self._out.append(self._at_brace.pop(found.start(), ""))
        elif kind == "quote":
            self._out.append(_QUOTES[found[0]])
        elif kind == "symbol":
            self._out.append(_SYMBOLS.get(found[0][1], found[0]))
        elif kind == "address":
            self._out.append(_as_address(found[0]))
        elif kind == "doubled":
            pass  # Who escapes as JSON does writes two backslashes for one.
        elif kind in ("structure", "break"):
            self._out.append(" ")
        elif kind == "tie":
            self._out.append(" " if self._is_tie(found.start()) else "~")
        else:
            return self._take_longer(found)
        return found.end()

    def _take_longer(self, found: re.Match[str]) -> int:
        if found["macro"]:
            return self._macro(found)
        if found["accent"]:
            return self._accent(found)
        if found["verb"]:
            return self._verbatim(found, found["delimiter"], keep=False)
        return self._math(found)

    def _math(self, found: re.Match[str]) -> int:
        opened = found[0]
        if found["environment"]:
            return self._verbatim(found, rf"\end{{{found['environment']}{found['star']}}}")
        if opened == "$":
            return self._dollar(found)
        return self._verbatim(found, {r"\(": r"\)", r"\[": r"\]"}.get(opened, opened))

    def _dollar(self, found: re.Match[str]) -> int:
        """Take a formula as it is; in ``$5 and $10`` the dollars are money."""
        text, start = self._text, found.end()
        end = text.find("$", start) if "$" not in self._absent else -1
        while end > 0 and text[end - 1] == "\\":
            end = text.find("$", end + 1)
        if end < 0:
            self._absent.add("$")
        elif text[start].isspace() or not (
            text[end - 1].isspace() or (text[start].isdigit() and text[end + 1 : end + 2].isdigit())
        ):
            self._out.append(text[found.start() : end + 1])
            return end + 1
        self._out.append("$")
        return start

    def _verbatim(self, found: re.Match[str], closed: str, *, keep: bool = True) -> int:
        start = found.end()
        end = self._text.find(closed, start) if closed not in self._absent else -1
        if end < 0:
            self._absent.add(closed)
            self._out.append(found[0])
            return start
        after = end + len(closed)
        self._out.append(self._text[found.start() : after] if keep else self._text[start:end])
        return after

    def _accent(self, found: re.Match[str]) -> int:
        accent, letter = found["accent"].rstrip("{ \t\n"), found["letter"].rstrip()
        within = ""
        if letter[0] == "\\" and letter[1] in _ACCENTS and not letter[1].isalpha():
            letter, within = letter[-1], _ACCENTS[letter[1]]
        letter = _names().get(letter[1:], "") if letter[0] == "\\" else letter
        if len(letter) != 1 or not letter.isalpha():
            self._out.append(_SYMBOLS.get(accent, ""))
            return found.start("accent") + len(accent)
        orders = (letter + within + _ACCENTS[accent], letter + _ACCENTS[accent] + within)
        composed = min((unicodedata.normalize("NFC", each) for each in orders), key=len)
        # Who escapes quotation marks as JSON does means no diaeresis, and no acute in it\'s.
        if len(composed) > 1 and (accent == '"' or found["accent"] == "'"):
            composed = f"{accent}{letter}"
        elif found[0] == r"\'s" and _POSSESSIVE.match(self._text, max(0, found.start() - 1)):
            composed = "'s"
        self._out.append(composed)
        return found.end()

    def _macro(self, found: re.Match[str]) -> int:
        name, after = found["macro"], found.end()
        if (known := _names().get(name)) is not None:
            self._out.append(known)
            is_word = len(known) > 1 and known.isalpha()
            return after if is_word else self._past_spaces(after)
        opened = _OPTIONS.match(self._text, after).end()  # type: ignore[union-attr]
        closed = self._closes(opened)
        if closed is None or closed == opened + 1:
            self._out.append(found[0])
            return after
        if name in _ADDRESSES:
            self._out.append(_as_address(self._text[opened + 1 : closed]))
            return closed + 1
        if name == "href":
            return self._link(opened, closed)
        if name in _ARGUMENTS_UNSEEN:
            return self._past_arguments(opened, _ARGUMENTS_UNSEEN[name])
        self._surround(name, opened, closed)
        return self._past_spaces(after)

    def _surround(self, name: str, opened: int, closed: int) -> None:
        """Put down what stands around the argument, which is read on its own."""
        before, behind = _AROUND.get(name, ("", ""))
        if name == "textsuperscript":
            raised = _NO_PART_OF_NUMBER.sub("", self._text[opened + 1 : closed])
            said = power("".join(self._out[-_LOOKED_BACK:]), raised)
            if said != raised:
                before, _, behind = said.partition(raised)
        self._out.append(before)
        self._at_brace[closed] = behind

    def _link(self, opened: int, closed: int) -> int:
        address = _as_address(self._text[opened + 1 : closed])
        shown = address.removeprefix("mailto:")
        text = self._past_spaces(closed + 1)
        end = self._closes(text) if self._text[text : text + 1] == "{" else None
        if end is None or self._text[text + 1 : end].strip() == shown:
            self._out.append(shown)
            return closed + 1 if end is None else end + 1
        self._at_brace[end] = f" ({address})"
        return text + 1

    def _past_arguments(self, place: int, count: int) -> int:
        for _ in range(count):
            closed = self._closes(self._past_spaces(place))
            place = place if closed is None else closed + 1
        return place

    def _past_spaces(self, place: int) -> int:
        return _SPACES.match(self._text, place).end()  # type: ignore[union-attr]

    def _closes(self, place: int) -> int | None:
        """Return where the brace that opens at ``place`` is closed."""
        if self._closing is None:
            self._closing = {}
            opened: list[int] = []
            for brace in re.finditer(r"\\.|[{}]", self._text, re.DOTALL):
                if brace[0] == "{":
                    opened.append(brace.start())
                elif brace[0] == "}" and opened:
                    self._closing[opened.pop()] = brace.start()
        return self._closing.get(place)

    def _is_tie(self, place: int) -> bool:
        """Say whether ``~`` ties two words, as in ``Table~1``; in ``~40`` it means *about*."""
        before, behind = self._text[place - 1 : place], self._text[place + 1 : place + 2]
        if _TIED_SIGN.match(self._text, max(0, place - 2)):
            return True
        if not behind or not (before.isalnum() or before in tuple(".,;:)}]\u201d")):
            return False
        return not behind.isspace() and not (before.isdigit() and behind.isdigit())


def _as_address(text: str) -> str:
    return _ESCAPED.sub(lambda found: found[1] or "~", text.strip().strip("{}"))
