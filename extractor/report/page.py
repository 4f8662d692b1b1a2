"""The page around the data: its markup, style and script, and what the browser lets them do."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import zlib
from importlib import resources
from typing import TYPE_CHECKING, Any, BinaryIO

from pydantic_core import to_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.resources.abc import Traversable

PAGE = resources.files("extractor.report") / "page"
PAGE_AFTER_CHUNKS = b"</body>\n</html>\n"
CHUNK = 128
"""Papers in a chunk: a few milliseconds to unpack, and enough for deflate to do well."""

_PLACEHOLDER = re.compile(r"\{\{ (\w+) \}\}")


def page_before_chunks(title: str, index: Mapping[str, Any]) -> bytes:
    """The page up to where the chunks begin."""
    return page_before(
        (PAGE / "page.html").read_text("utf-8"),
        title=title,
        kind="Extractor report",
        style=page_style(),
        script=page_script(PAGE),
        index=index,
    )


def page_before(
    markup: str, *, title: str, kind: str, style: str, script: str, index: Mapping[str, Any]
) -> bytes:
    """A page up to where its chunks begin, with this ``markup`` behind the head that all have.

    Nothing in it is loaded.
    """
    # Only this very style and script count.
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    parts = {
        "title": html.escape(title),
        "kind": kind,
        "policy": policy,
        "style": style,
        "script": script,
        "index": _packed(_json(index)).decode("ascii"),
    }
    head = (PAGE / "head.html").read_text("utf-8")
    return _PLACEHOLDER.sub(lambda found: parts[found[1]], head + markup).encode()


def page_style() -> str:
    """The style of the page, which other pages share."""
    return (PAGE / "style.css").read_text("utf-8")


def page_modules(page: Traversable, *names: str) -> str:
    """Modules of a page's script: those named, or all but charts."""
    if not names:
        return "\n".join(_scripts(page))
    return "\n".join((page / f"{name}.js").read_text("utf-8") for name in names)


def page_script(page: Traversable) -> str:
    """The page's one script: every module of ``page``, then every chart of its ``charts``.

    A chart is within a block, so that its names cannot clash with those of another.
    """
    charts = (f"{{\n{chart}}}\n" for chart in _scripts(page / "charts"))
    return "\n".join([page_modules(page), *charts])


def _scripts(folder: Traversable) -> list[str]:
    files = sorted(folder.iterdir(), key=lambda file: file.name)
    return [file.read_text("utf-8") for file in files if file.name.endswith(".js")]


class Chunks:
    """Papers in full, packed by the chunk, so that the page unpacks only what is looked at.

    Writes rows to a stream as script elements that hold deflated JSON in base 64.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._rows: list[bytes] = []
        self._written = 0

    def add(self, row: Mapping[str, Any], abstract: str | None) -> None:
        """Add a record or failure as the file has it, and its abstract where it is known."""
        self._rows.append(_json([row, abstract]))
        if len(self._rows) == CHUNK:
            self.flush()

    def flush(self) -> None:
        """Write the rows that wait for their chunk to be full."""
        if not self._rows:
            return
        packed = _packed(b"[" + b",".join(self._rows) + b"]")
        chunk = b'<script type="text/plain" id="chunk-%d">%b</script>\n'
        self._stream.write(chunk % (self._written, packed))
        self._rows.clear()
        self._written += 1


def _packed(data: bytes) -> bytes:
    """Deflated without a header, in base 64: nothing that could be taken for markup."""
    deflate = zlib.compressobj(level=6, wbits=-zlib.MAX_WBITS)
    return base64.b64encode(deflate.compress(data) + deflate.flush())


def _json(value: object) -> bytes:
    """JSON that every browser reads: infinite numbers and NaN become null."""
    return to_json(value, inf_nan_mode="null")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
