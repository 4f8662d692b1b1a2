"""The page's server: on the loopback interface, for the one who has its address.

Whatever else runs in the browser can send requests to it. So every path begins with a secret, the
Host header must be the server's own (another name that leads here is DNS rebinding), and what
changes anything must be JSON from this very page.
"""

from __future__ import annotations

import json
import re
import secrets
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import TYPE_CHECKING, Any, ClassVar

from extractor.errors import ExtractorError, OutputError, UsageError
from extractor.record import encode_json
from extractor.report.page import PAGE as REPORT_PAGE
from extractor.report.page import page_modules, page_style

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from extractor.review.session import Session

HOST = "127.0.0.1"
PAGE = resources.files("extractor.review") / "page"
SHARED = ("dom", "labels", "marks", "text", "theme")
"""The modules of the report's page that this page uses too."""

MOST_BYTES = 1_000_000
"""Bytes of a request's body."""

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class ReviewServer:
    """Serves a session's page at ``address`` until it is closed."""

    def __init__(self, session: Session, port: int = 0) -> None:
        """Listen on a port, 0 for one that is free. Raises UsageError where it is in use."""
        self.token = secrets.token_urlsafe(18)

        class Handler(_Handler):
            pass

        Handler.session, Handler.token = session, self.token
        try:
            self._server = _Server((HOST, port), Handler)
        except (OSError, OverflowError) as error:
            raise UsageError(
                f"The page cannot be served on port {port}: {getattr(error, 'strerror', error)}.",
                hint="Leave out --port: a free one is chosen.",
            ) from error
        self.port = self._server.server_address[1]
        Handler.hosts = (f"{HOST}:{self.port}", f"localhost:{self.port}")

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}/{self.token}/"

    def serve(self) -> None:
        """Answer requests until `stop` is called from another thread, or an exception ends it."""
        self._server.serve_forever(poll_interval=0.2)

    def stop(self) -> None:
        self._server.shutdown()

    def close(self) -> None:
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a connection that the browser dropped."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Refused(Exception):
    """A request that is not answered."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status = status


class _Moved(_Refused):
    """A request for the page without the last slash of its address."""

    def __init__(self, location: str) -> None:
        super().__init__(HTTPStatus.MOVED_PERMANENTLY, location)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 300
    session: ClassVar[Session]
    token: ClassVar[str]
    hosts: ClassVar[tuple[str, ...]]

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def _answer(self, work: Callable[[str], tuple[str, bytes]]) -> None:
        try:
            kind, body = work(self._asked())
        except _Refused as error:
            self.close_connection = True  # a body that was not read would be taken for a request
            moved = {"Location": str(error)} if isinstance(error, _Moved) else None
            self._send(error.status, "text/plain", f"{error}\n".encode(), moved)
        except OutputError as error:
            self._send(HTTPStatus.INSUFFICIENT_STORAGE, *_json({"problem": str(error)}))
        except ExtractorError as error:  # an answer like any other: why it is not possible
            self._send(HTTPStatus.OK, *_json({"problem": str(error)}))
        else:
            self._send(HTTPStatus.OK, kind, body)

    def _asked(self) -> str:
        """The path behind the secret, of a request that this page sent."""
        if self.headers.get("Host") not in self.hosts:
            raise _Refused(HTTPStatus.MISDIRECTED_REQUEST, "This is another server's address.")
        is_link = self.headers.get("Sec-Fetch-Dest") == "document"  # a terminal may be a page
        site = self.headers.get("Sec-Fetch-Site", "none")
        if site not in ("same-origin", "none") and not is_link:
            raise _Refused(HTTPStatus.FORBIDDEN, "Another page sent this.")
        token, slash, path = self.path.removeprefix("/").partition("/")
        if not secrets.compare_digest(token.encode(), self.token.encode()):
            raise _Refused(HTTPStatus.NOT_FOUND, "Open the address that the command printed.")
        if not slash:
            raise _Moved(f"/{token}/")
        return path

    def _get(self, path: str) -> tuple[str, bytes]:
        session = self.session
        if path in _FILES:
            kind, read = _FILES[path]
            return kind, read().encode()
        if path in ("api/overview", "api/version"):
            return _json(session.overview() if path == "api/overview" else session.version())
        name, _, number = path.rpartition("/")
        if name == "api/papers" and (at := _whole(number)) is not None:
            return _json(session.paper(at))
        raise _Refused(HTTPStatus.NOT_FOUND, "There is nothing here.")

    def _post(self, path: str) -> tuple[str, bytes]:
        if self.headers.get("Origin") not in {f"http://{host}" for host in self.hosts}:
            raise _Refused(HTTPStatus.FORBIDDEN, "Another page sent this.")
        if self.headers.get_content_type() != "application/json":
            raise _Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "This is not JSON.")
        action = self.session.actions.get(path.removeprefix("api/"))
        if action is None or not path.startswith("api/"):
            raise _Refused(HTTPStatus.NOT_FOUND, "There is nothing here.")
        return _json(action(self._body()))

    def _body(self) -> dict[str, Any]:
        size = _whole(self.headers.get("Content-Length", ""))
        if size is None or size > MOST_BYTES:
            raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too long.")
        try:
            body = json.loads(self.rfile.read(size))
        except (ValueError, RecursionError) as error:
            raise _Refused(HTTPStatus.BAD_REQUEST, "This is not JSON.") from error
        if not isinstance(body, dict):
            raise _Refused(HTTPStatus.BAD_REQUEST, "This is not a JSON object.")
        return body

    def _send(
        self, status: HTTPStatus, kind: str, body: bytes, more: Mapping[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {**_HEADERS, **(more or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def version_string(self) -> str:
        return "extractor"

    def log_message(self, *_: object) -> None:
        """Write nothing: the terminal is the command's."""


def _whole(digits: str) -> int | None:
    """A number of a request; None for what is none, or has more digits than one can have."""
    return int(digits) if re.fullmatch("[0-9]{1,12}", digits) else None


def _json(value: object) -> tuple[str, bytes]:
    return "application/json", encode_json(value)


def _markup() -> str:
    return (PAGE / "page.html").read_text("utf-8")


def _script() -> str:
    """The page's one script: the modules that the report's page has too, then its own."""
    return f"{page_modules(REPORT_PAGE, *SHARED)}\n{page_modules(PAGE)}"


def _style() -> str:
    return f"{page_style()}\n{(PAGE / 'style.css').read_text('utf-8')}"


_FILES: dict[str, tuple[str, Callable[[], str]]] = {
    "": ("text/html", _markup),
    "page.js": ("text/javascript", _script),
    "style.css": ("text/css", _style),
}
