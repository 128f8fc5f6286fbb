"""The site over HTTP, for reading on this machine while it is being written.

In: the folder of a site, whether or not one lies there yet. Out: a server on 127.0.0.1. Nothing in a request names a
file: what is asked for is looked up among the files that the site's manifest lists, and no others are ever opened. Its
pages get a script that loads them anew after a build.
"""

from __future__ import annotations

import functools
import hashlib
import mimetypes
import os
import re
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from experiments.engine.files import read_file
from report.site.manifest import SIGN, listed

LARGEST = 256_000_000  # bytes of a file
WAITING = 4096  # connections that may wait for their turn
AT_ONCE = 64  # connections that are answered at once: each has a thread, and files that a process may open are few
IDLE = 5  # seconds that a connection may be silent
OWN = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)  # what a Host header may say
VERSION, SCRIPT = "/-/version", "/-/reload.js"  # no page has such an address
NO_SITE = (
    "<!doctype html><html lang='en-GB'><head><title>No site yet</title></head><body><p>No site has been built yet. \
This page becomes the site's once there is one; until then the terminal tells what the build does.</p></body></html>"
)


@dataclass(frozen=True)
class Answer:
    """What a request is answered with. `kind` is a media type."""

    status: int
    kind: str
    body: bytes


class Site:
    """The site in a folder, which a build may replace at any moment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: tuple[tuple[int, ...], str, Mapping[str, str]] = ((), "", {})  # which manifest, and what it says

    def answer(self, address: str) -> Answer:
        """What is at an address, given as in a request: percent-encoded, perhaps with a query."""
        version, files = self._listed()
        path = address.partition("?")[0]
        if path == VERSION:
            return Answer(200, "text/plain; charset=utf-8", version.encode())
        if path == SCRIPT:
            return Answer(200, kind_of(SCRIPT), Path(__file__).with_name("reload.js").read_bytes())
        if not files:
            return Answer(503, kind_of("index.html"), watched(NO_SITE.encode(), version))
        status = 200
        body = self._file(name := name_of(path), files)
        if body is None:
            status, name = 404, "404.html"
            body = self._file(name, files) or b"There is no such page."
        kind = kind_of(name)
        return Answer(status, kind, watched(body, version) if kind.startswith("text/html") else body)

    def _file(self, name: str, files: Mapping[str, str]) -> bytes | None:
        """The bytes of a file that the manifest lists and that lies in the folder itself, reached by no link."""
        if name not in files or any(part.startswith(".") for part in name.split("/")):
            return None
        home = os.path.realpath(self.folder)
        path = os.path.join(home, *name.split("/"))  # noqa: PTH118 (as `realpath` writes it)
        try:
            return read_file(path, limit=LARGEST) if os.path.realpath(path) == path else None
        except OSError:
            return None

    def _listed(self) -> tuple[str, Mapping[str, str]]:
        """The site's version, which tells its bytes, and its files with their digests; none where there is no site."""
        manifest = self.folder / SIGN.name
        try:
            found = manifest.stat()
            which = (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
            if which != self._read[0]:
                data = read_file(manifest, limit=LARGEST)
                self._read = (which, hashlib.sha256(data).hexdigest()[:16], {**listed(data), SIGN.name: ""})
        except (OSError, ValueError):
            return "", {}
        return self._read[1:]


def name_of(path: str) -> str:
    """The name of the file that a path asks for; no file's where it is none ("*", or another server's address)."""
    try:
        name = unquote(path, errors="strict")
    except UnicodeDecodeError:
        return ""
    return f"{name}index.html"[1:] if name.endswith("/") else name[1:] if name.startswith("/") else ""


@functools.cache
def kind_of(name: str) -> str:
    """The media type of a file, told by its ending alone and by no table of this machine's."""
    types = mimetypes.MimeTypes()
    for kind, ending in (
        ("text/javascript", ".js"),
        ("application/x-ipynb+json", ".ipynb"),
        ("application/x-bibtex", ".bib"),
        ("text/plain", ".cff"),
        ("text/markdown", ".md"),
    ):
        types.add_type(kind, ending)
    kind = types.guess_type(name)[0] or "application/octet-stream"
    is_text = kind.startswith("text/") or kind in ("application/json", "application/xml", "image/svg+xml")
    return f"{kind}; charset=utf-8" if is_text else kind


def watched(page: bytes, version: str) -> bytes:
    """A page with the script that loads it anew once the site has another version."""
    script = f'<script src="{SCRIPT}" data-version="{version}" defer></script>\n'.encode()
    before, found, after = page.partition(b"</head>")
    return before + script + found + after if found else page


class Server(ThreadingHTTPServer):
    """The server of a site. Raises OSError or OverflowError where the port cannot be had; port 0 takes a free one."""

    request_queue_size = WAITING
    daemon_threads = True

    def __init__(self, site: Path, *, port: int) -> None:
        self.site = Site(site)
        self._free = threading.Semaphore(AT_ONCE)
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"

    def is_crowded(self) -> bool:
        """Whether others wait until a connection ends."""
        if self._free.acquire(blocking=False):
            self._free.release()
            return False
        return True

    def process_request(self, request: Any, client_address: Any) -> None:
        """Waits until there is room for one more."""
        self._free.acquire()
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A reader who has gone away is no trouble."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "inside-mnist", ""
    timeout = IDLE
    wbufsize = -1  # head and body in one piece
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._reply(self._answer())

    def do_HEAD(self) -> None:
        self._reply(self._answer(), with_body=False)

    def _answer(self) -> Answer:
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1:
            return Answer(400, "text/plain; charset=utf-8", b"A request needs one Host.")
        if not OWN.fullmatch(hosts[0]):  # a page from elsewhere whose name was made to mean this machine
            return Answer(421, "text/plain; charset=utf-8", f"Here is {self.server.address} and no other.".encode())
        return self.server.site.answer(self.path)

    def _reply(self, answer: Answer, *, with_body: bool = True) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Cache-Control", "no-store")  # the next build may change it
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("X-Content-Type-Options", "nosniff")
        has_body = "Content-Length" in self.headers or "Transfer-Encoding" in self.headers
        if has_body or self.server.is_crowded():
            self.send_header("Connection", "close")
        self.end_headers()
        if with_body:
            self.wfile.write(answer.body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Says nothing: the builds' own lines are what matters on the terminal."""
