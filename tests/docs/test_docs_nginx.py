"""The configuration of nginx in docs/serving.md, in nginx."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "serving.md"
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/local/bin:/usr/bin")
DATA = bytes(range(256)) * 100

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server with one file, ``parrots.nacre``."""
    folder = tmp_path_factory.mktemp("nginx")
    (folder / "parrots.nacre").write_bytes(DATA)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    location = re.search(r"^```nginx\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    assert location is not None
    kept = "\n".join(
        f"{kind}_temp_path {folder};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/log;\n"
        f"events {{}}\nhttp {{ access_log off; gzip on; {kept}\n"
        f"server {{ listen 127.0.0.1:{port};\n{location[1].replace('/srv/photographs', str(folder))} }} }}\n"
    )
    assert NGINX is not None
    process = subprocess.Popen([NGINX, "-c", folder / "nginx.conf", "-e", folder / "log"])
    try:
        for _ in range(100):
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, (folder / "log").read_text()
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/parrots.nacre"
    finally:
        process.terminate()
        process.wait(timeout=10)


def test_a_range_is_a_cut(server: str) -> None:
    with urlopen(Request(server, headers={"Range": "bytes=0-9999", "Accept-Encoding": "gzip"})) as answer:
        assert answer.status == 206
        assert answer.read() == DATA[:10_000]
        assert answer.headers["Content-Type"] == "image/x-nacre"
        assert answer.headers["Content-Range"] == f"bytes 0-9999/{len(DATA)}"
        assert "immutable" in answer.headers["Cache-Control"]
        etag = answer.headers["ETag"]
    assert not etag.startswith("W/")
    rest = Request(server, headers={"Range": "bytes=10000-", "If-Range": etag})
    with urlopen(rest) as answer:
        assert (answer.status, answer.read()) == (206, DATA[10_000:])
