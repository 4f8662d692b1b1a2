"""The page around the data: its markup, style and script, and what the browser lets them do."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from importlib import resources

SCRIPTS = (
    "dom.js",
    "text.js",
    "model.js",
    "view.js",
    "search.js",
    "order.js",
    "labels.js",
    "svg.js",
    "strip.js",
    "heat.js",
    "bars.js",
    "charts.js",
    "attention.js",
    "summary.js",
    "grid.js",
    "table.js",
    "marks.js",
    "paper.js",
    "filters.js",
    "theme.js",
    "main.js",
)
"""In this order they make up the page's one script."""

_PLACEHOLDER = re.compile(r"\{\{ (\w+) \}\}")


def page_before_chunks(title: str, index: bytes) -> bytes:
    """The page up to where the chunks stand; ``index`` is packed."""
    style, script = _read("style.css"), "\n".join(map(_read, SCRIPTS))
    parts = {
        "title": html.escape(title),
        "policy": _policy(style, script),
        "style": style,
        "script": script,
        "index": index.decode("ascii"),
    }
    return _PLACEHOLDER.sub(lambda found: parts[found[1]], _read("page.html")).encode()


PAGE_AFTER_CHUNKS = b"</body>\n</html>\n"


def _policy(style: str, script: str) -> str:
    """Nothing is loaded, and only this very style and script count."""
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _read(name: str) -> str:
    return (resources.files("extractor.report") / "page" / name).read_text(encoding="utf-8")
