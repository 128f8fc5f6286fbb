"""The server for writing, asked over real sockets: it answers with files of the site, to its own names, and no more."""

import asyncio
import http.client
import json
import os
import resource
import socket
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest

from experiments.engine import folder
from report.site import manifest, server
from report.site.server import Server, Site, kind_of, name_of

ABOUT = {"study": "small", "dataset": None, "environment": {}, "stages": {}, "pages": [], "figures": []}
FILES = {
    "index.html": b"<!doctype html><html><head><title>First</title></head><body>first</body></html>",
    "units/one.html": b"<html><head></head><body>one</body></html>",
    "404.html": b"<html><head></head><body>lost</body></html>",
    "assets/shared/site.js": b"'use strict';\n",
    "data/learning.csv": b"a,b\n1,2\n",
    "notebooks/any.ipynb": b"{}\n",
    ".nojekyll": b"",
    "linked.csv": b"1\n",
    "within/file.csv": b"1\n",
}
SECRET = b"a secret"


def put(site, files):
    """Puts a site into its folder, as a build does."""
    folder.replace(site, {**files, manifest.FILE: manifest.text(ABOUT, files)}, sign=manifest.SIGN)


@contextmanager
def running(site, *, port=0):
    with Server(site, port=port) as one:
        thread = threading.Thread(target=one.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield one
        one.shutdown()
        thread.join()


@pytest.fixture
def site(tmp_path):
    """A site with files of others in and beside it, and links that lead out of it where it had files."""
    put(tmp_path / "site", FILES)
    here = tmp_path / "site"
    (tmp_path / "secret.csv").write_bytes(SECRET)
    (here / "notes.txt").write_bytes(SECRET)
    (here / ".git").mkdir()
    (here / ".git" / "config").write_bytes(SECRET)
    (here / "linked.csv").unlink()
    (here / "linked.csv").symlink_to(tmp_path / "secret.csv")
    (here / "within").rename(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "file.csv").write_bytes(SECRET)
    (here / "within").symlink_to(tmp_path / "elsewhere")
    return here


@pytest.fixture
def served(site):
    with running(site) as one:
        yield one


def asked(served, path, *, method="GET", hosts=("localhost",)):
    """The answer to one request, whose path and hosts are sent as they are, and its body."""
    with closing(http.client.HTTPConnection("127.0.0.1", served.server_port, timeout=20)) as connection:
        connection.putrequest(method, path, skip_host=True)
        for host in hosts:
            connection.putheader("Host", host)
        connection.endheaders()
        answer = connection.getresponse()
        return answer, answer.read()


@pytest.mark.parametrize(
    ("path", "name", "kind"),
    [
        ("/data/learning.csv", "data/learning.csv", "text/csv; charset=utf-8"),
        ("/data/learning.csv?now#there", "data/learning.csv", "text/csv; charset=utf-8"),
        ("/data/%6Cearning.csv", "data/learning.csv", "text/csv; charset=utf-8"),
        ("/assets/shared/site.js", "assets/shared/site.js", "text/javascript; charset=utf-8"),
        ("/notebooks/any.ipynb", "notebooks/any.ipynb", "application/x-ipynb+json"),
    ],
)
def test_a_file_of_the_site_is_answered_with_its_bytes(served, path, name, kind):
    answer, body = asked(served, path)
    assert (answer.status, body) == (200, FILES[name])
    assert answer.getheader("Content-Type") == kind
    assert answer.getheader("Content-Length") == str(len(body))
    assert answer.getheader("Cache-Control") == "no-store"
    assert answer.getheader("Cross-Origin-Resource-Policy") == "same-origin"


@pytest.mark.parametrize("path", ["/", "/index.html"])
def test_a_page_is_answered_with_the_script_that_watches_and_is_else_unchanged(served, path):
    answer, body = asked(served, path)
    script = f'<script src="/-/reload.js" data-version="{version(served)}" defer></script>\n'.encode()
    assert answer.getheader("Content-Type") == "text/html; charset=utf-8"
    assert body.replace(script, b"") == FILES["index.html"]
    assert body.count(script) == 1
    answer, body = asked(served, "/-/reload.js")
    assert (answer.status, answer.getheader("Content-Type")) == (200, "text/javascript; charset=utf-8")
    assert b"location.reload()" in body


def test_the_manifest_itself_is_of_the_site(served):
    assert json.loads(asked(served, "/manifest.json")[1])["study"] == "small"


@pytest.mark.parametrize(
    "path",
    [
        *("/notes.txt", "/.git/config", "/.nojekyll", "/linked.csv", "/within/file.csv", "/nothing.html"),
        *("/assets", "/assets/", "/units/", "//etc/passwd", "/etc/passwd", "/-/", "*", "x", "/%ff", "/%00"),
        *("/../secret.csv", "/%2e%2e/secret.csv", "/assets/../../secret.csv", "/assets/..%2f..%2fsecret.csv"),
        *("/..\\secret.csv", "/index.html/", "/index.html/../notes.txt", "/./index.html", "http://localhost/notes.txt"),
    ],
)
def test_what_no_build_wrote_is_not_there(served, path):
    answer, body = asked(served, path)
    assert answer.status == 404
    assert SECRET not in body
    assert b"lost" in body


@pytest.mark.parametrize("host", ["localhost", "LocalHost:8000", "127.0.0.1", "127.0.0.1:80", "[::1]:9"])
def test_its_own_names_are_answered(served, host):
    assert asked(served, "/data/learning.csv", hosts=[host])[0].status == 200


@pytest.mark.parametrize(
    "host",
    [
        *("example.org", "localhost.example.org", "127.0.0.1.nip.example", "evil-localhost", "localhost.", "0.0.0.0"),
        *("", "localhost:x", "localhost:", "user@localhost", "127.0.0.2", "localhost/"),
    ],
)
def test_other_names_are_not(served, host):
    answer, body = asked(served, "/data/learning.csv", hosts=[host])
    assert answer.status == 421
    assert body == f"Here is http://127.0.0.1:{served.server_port}/ and no other.".encode()


@pytest.mark.parametrize("hosts", [[], ["localhost", "localhost"], ["localhost", "example.org"]])
def test_a_request_has_one_host(served, hosts):
    assert asked(served, "/data/learning.csv", hosts=hosts)[0].status == 400


def test_many_requests_take_one_connection_and_a_head_has_no_body(served):
    with closing(http.client.HTTPConnection("127.0.0.1", served.server_port, timeout=20)) as connection:
        used = set()
        for method, path in [
            ("GET", "/"),
            ("HEAD", "/data/learning.csv"),
            ("GET", "/lost"),
            ("GET", "/units/one.html"),
        ]:
            connection.request(method, path)
            answer = connection.getresponse()
            assert answer.version == 11
            body = answer.read()
            used.add(connection.sock)
            assert (method, len(body)) in {("HEAD", 0), ("GET", int(answer.getheader("Content-Length")))}
        assert len(used) == 1
    assert asked(served, "/data/learning.csv", method="HEAD")[0].getheader("Content-Length") == "8"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT"])
def test_nothing_can_be_done_but_read(served, method):
    assert asked(served, "/data/learning.csv", method=method)[0].status == 501


def test_what_comes_with_a_request_is_not_taken_for_the_next(served):
    with socket.create_connection(("127.0.0.1", served.server_port), timeout=20) as connection:
        inner = b"GET /data/learning.csv HTTP/1.1\r\nHost: localhost\r\n\r\n"
        head = f"GET /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(inner)}\r\n\r\n".encode()
        connection.sendall(head + inner)
        said = b""
        while part := connection.recv(65536):
            said += part
    assert said.count(b"HTTP/1.1 ") == 1


def version(served):
    return asked(served, "/-/version")[1].decode()


def test_a_version_tells_the_bytes_of_the_site(served, site):
    (site / "linked.csv").unlink()
    (site / "within").unlink()
    (site / "within").mkdir()
    (site / "within" / "file.csv").write_bytes(FILES["within/file.csv"])
    (site / "linked.csv").write_bytes(FILES["linked.csv"])
    first = version(served)
    put(site, {**FILES, "index.html": b"<head></head>second"})
    second = version(served)
    assert first != second
    assert f'data-version="{second}"'.encode() in asked(served, "/")[1]
    put(site, FILES)
    assert version(served) == first


def test_before_a_site_is_built_a_page_waits_for_it(tmp_path):
    with running(tmp_path / "site") as served:
        answer, body = asked(served, "/health.html")
        assert answer.status == 503
        assert b"No site has been built yet" in body
        assert b'data-version=""' in body
        assert version(served) == ""
        put(tmp_path / "site", FILES)
        assert asked(served, "/")[0].status == 200


def test_a_folder_of_another_is_no_site(tmp_path):
    (tmp_path / "manifest.json").write_text('{"files": {"thesis.tex": ""}}')
    (tmp_path / "thesis.tex").write_bytes(SECRET)
    with running(tmp_path) as served:
        assert asked(served, "/thesis.tex")[0].status == 503


def test_a_page_is_never_lost_while_builds_replace_the_site(tmp_path):
    put(tmp_path / "site", FILES)
    done = threading.Event()

    def build():
        for number in range(20):
            put(tmp_path / "site", {**FILES, "data/learning.csv": f"{number}\n".encode()})
        done.set()

    with running(tmp_path / "site") as served:
        builds = threading.Thread(target=build)
        builds.start()
        found = set()
        while not done.is_set():
            found.add(asked(served, "/data/learning.csv")[0].status)
        builds.join()
    assert found == {200}


def test_a_thousand_requests_at_once_are_all_answered(served):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2000:
        pytest.skip("this process may not open a thousand connections")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2000), hard))
    request = b"GET /data/learning.csv HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

    async def one(start):
        reader, writer = await asyncio.open_connection("127.0.0.1", served.server_port)
        await start.wait()
        writer.write(request)
        said = await reader.read()
        writer.close()
        await writer.wait_closed()
        return said

    async def all_at_once():
        start = asyncio.Event()
        asking = [asyncio.create_task(one(start)) for _ in range(1000)]
        await asyncio.sleep(0)
        start.set()
        return await asyncio.gather(*asking)

    try:
        with ThreadPoolExecutor(1) as thread:  # this one may have a loop already, that of a browser
            said = thread.submit(lambda: asyncio.run(all_at_once())).result()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert len(said) == 1000
    assert all(each.startswith(b"HTTP/1.1 200 ") and each.endswith(FILES["data/learning.csv"]) for each in said)


def test_those_who_say_nothing_do_not_keep_others_out(site, monkeypatch):
    monkeypatch.setattr(server, "AT_ONCE", 2)
    monkeypatch.setattr(server._Handler, "timeout", 0.2)
    with running(site) as served:
        silent = [socket.create_connection(("127.0.0.1", served.server_port)) for _ in range(5)]
        time.sleep(0.1)
        assert sum("process_request_thread" in each.name for each in threading.enumerate()) <= 2
        assert asked(served, "/data/learning.csv")[0].status == 200
        for each in silent:
            each.close()


def test_a_crowded_server_keeps_no_connection(site, monkeypatch):
    monkeypatch.setattr(server, "AT_ONCE", 1)
    with running(site) as served:
        assert asked(served, "/data/learning.csv")[0].getheader("Connection") == "close"


def test_a_reader_who_goes_away_is_no_trouble(served, capsys):
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", served.server_port)) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # ends with a reset
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\nGET ")
    assert asked(served, "/")[0].status == 200
    assert capsys.readouterr().err == ""


def test_a_port_is_had_by_one_server_only(served, site):
    with pytest.raises(OSError, match="Address already in use"):
        Server(site, port=served.server_port)


@pytest.mark.parametrize(
    ("path", "name"), [("/", "index.html"), ("/a/", "a/index.html"), ("/a.b", "a.b"), ("", ""), ("a", ""), ("/%ff", "")]
)
def test_names_of_paths(path, name):
    assert name_of(path) == name


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.html", "text/html; charset=utf-8"),
        ("a.css", "text/css; charset=utf-8"),
        ("a.svg", "image/svg+xml; charset=utf-8"),
        ("a.png", "image/png"),
        ("a.json", "application/json; charset=utf-8"),
        ("a.xml", "text/xml; charset=utf-8"),
        ("CITATION.cff", "text/plain; charset=utf-8"),
        ("network.safetensors", "application/octet-stream"),
        ("none", "application/octet-stream"),
    ],
)
def test_kinds_of_files(name, kind):
    assert kind_of(name) == kind


def test_a_fifo_in_place_of_a_file_is_not_waited_for(site):
    (site / "data" / "learning.csv").unlink()
    os.mkfifo(site / "data" / "learning.csv")
    assert Site(site).answer("/data/learning.csv").status == 404


def test_a_page_in_a_browser_is_loaded_anew_after_a_build(open_page, tmp_path):
    with running(tmp_path / "site") as served:
        put(tmp_path / "site", {**FILES, "favicon.ico": b""})
        page = open_page(served.address)
        page.evaluate("() => { window.isOld = true; }")
        other = {**FILES, "favicon.ico": b"", "data/learning.csv": b"other\n"}
        put(tmp_path / "site", other)
        page.wait_for_function("() => !window.isOld", timeout=10_000)
        page.evaluate("() => { window.isOld = true; }")
        put(tmp_path / "site", other)  # nothing is new
        page.wait_for_timeout(1500)
        assert page.evaluate("() => window.isOld")
        assert page.messages == []
