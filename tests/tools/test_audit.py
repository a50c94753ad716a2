"""The audit says what it asked, fails on what it finds, and fails when it could ask nothing."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tools import audit
from tools.audit import KNOWN_BAD, NotAudited, Package

ROOT = Path(__file__).resolve().parents[2]
DJANGO = Package("PyPI", "django", "5.2.1")
LEFT_PAD = Package("npm", "left-pad", "1.3.0")


class Source:
    """Advisories by a script, as OSV answers."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], list[str]] = {
            (one.ecosystem, one.name): ["OLD-1"] for one in KNOWN_BAD
        }
        self.texts: dict[str, dict[str, Any]] = {}
        self.asked: list[dict[str, Any]] = []
        self.status = 200
        self.raw: bytes | None = None
        self.pages = False
        source = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                source.asked += body["queries"]
                results = [source.result(query) for query in body["queries"]]
                self.say(json.dumps({"results": results}).encode())

            def do_GET(self) -> None:
                number = self.path.rpartition("/")[2]
                text = source.texts.get(number, {"summary": f"About {number}."})
                self.say(json.dumps({"id": number, **text}).encode())

            def say(self, body: bytes) -> None:
                self.send_response(source.status)
                self.end_headers()
                self.wfile.write(body if source.raw is None else source.raw)

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def result(self, query: dict[str, Any]) -> dict[str, Any]:
        package = query["package"]
        numbers = self.known.get((package["ecosystem"], package["name"]), [])
        if self.pages and numbers and "page_token" not in query:
            return {"vulns": [{"id": numbers[0]}], "next_page_token": "more"}
        if self.pages and numbers:
            numbers = numbers[1:]
        return {"vulns": [{"id": number} for number in numbers]} if numbers else {}


@pytest.fixture
def source() -> Iterator[Source]:
    source = Source()
    yield source
    source.server.shutdown()
    source.server.server_close()


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: Source) -> Path:
    """A small project with two pins."""
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "audit.toml", tmp_path / "tools" / "audit.toml")
    (tmp_path / "requirements.txt").write_text("django==5.2.1 \\\n    --hash=sha256:00\n")
    packages = {"": {}, "node_modules/left-pad": {"version": "1.3.0", "license": "MIT"}}
    (tmp_path / "package-lock.json").write_text(json.dumps({"packages": packages}))
    for name in ("rules", "pinned", "licence_problems"):
        function = getattr(audit, name)
        if name == "licence_problems":
            monkeypatch.setattr(audit, name, lambda given, f=function: f(given, tmp_path))
        else:
            monkeypatch.setattr(audit, name, lambda root=tmp_path, f=function: f(root))
    monkeypatch.setenv("TOCSIN_ADVISORIES", source.url + "/")
    return tmp_path


def ignore(root: Path, text: str) -> None:
    path = root / "tools" / "audit.toml"
    path.write_text(f"[[ignore]]\n{text}\n{path.read_text()}")


def test_nothing_known_is_said_with_the_number_that_was_asked(
    root: Path, source: Source, capsys: pytest.CaptureFixture[str]
) -> None:
    assert audit.main() == 0
    told = capsys.readouterr().out
    assert "1 Python and 1 npm packages asked about" in told
    assert source.url in told
    names = {(one["package"]["name"], one["version"]) for one in source.asked}
    assert {("django", "5.2.1"), ("left-pad", "1.3.0")} <= names


def test_what_is_known_fails_and_is_named_once(
    root: Path, source: Source, capsys: pytest.CaptureFixture[str]
) -> None:
    source.known["PyPI", "django"] = ["GHSA-1", "PYSEC-1", "GHSA-2"]
    source.texts = {
        "GHSA-1": {"summary": "A hole.", "aliases": ["CVE-1", "PYSEC-1"]},
        "PYSEC-1": {"details": "The same hole.", "aliases": ["CVE-1", "GHSA-1"]},
        "GHSA-2": {"summary": "No hole.", "withdrawn": "2026-01-01T00:00:00Z"},
    }
    assert audit.main() == 1
    told = capsys.readouterr().out
    assert "PyPI django 5.2.1: GHSA-1 A hole." in told
    assert told.count("hole") == 1


def test_further_pages_are_asked_for(root: Path, source: Source) -> None:
    source.pages = True
    source.known["npm", "left-pad"] = ["A-1", "A-2"]
    assert audit.advisories([DJANGO, LEFT_PAD], source.url) == {LEFT_PAD: ["A-1", "A-2"]}


def test_what_is_ignored_needs_a_reason_and_a_day_that_is_not_over(
    root: Path, source: Source, capsys: pytest.CaptureFixture[str]
) -> None:
    source.known["PyPI", "django"] = ["GHSA-1"]
    source.texts = {"GHSA-1": {"summary": "A hole.", "aliases": ["CVE-1"]}}
    reason = 'reason = "Only where files are uploaded, which nothing here does."'
    ignore(root, f'id = "CVE-1"\n{reason}\nuntil = 2999-01-01')
    assert audit.main() == 0
    assert "ignored until 2999-01-01" in capsys.readouterr().out
    path = root / "tools" / "audit.toml"
    path.write_text(path.read_text().replace("2999", "2020"))
    assert audit.main() == 1
    assert "look again" in capsys.readouterr().out
    path.write_text(path.read_text().replace(reason, 'reason = "no"'))
    assert audit.main() == 2
    assert "needs id, reason" in capsys.readouterr().err


def test_an_entry_that_ignores_nothing_is_taken_out(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ignore(root, 'id = "CVE-9"\nreason = "It was once of importance."\nuntil = 2999-01-01')
    assert audit.main() == 1
    assert "CVE-9 ignores nothing" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("status", "raw"),
    [
        (405, b"{}"),
        (500, b"{}"),
        (200, b""),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b"{}"),
        (200, b'{"results": []}'),
        (200, b'{"results": [{}, {}, {}, {}]}'),
    ],
)
def test_no_answer_is_not_a_good_answer(
    root: Path, source: Source, capsys: pytest.CaptureFixture[str], status: int, raw: bytes
) -> None:
    """The last answer says of every package, old famous faults too, that nothing is known."""
    source.status, source.raw = status, raw
    assert audit.main() == 2
    told = capsys.readouterr()
    assert "NOT AUDITED" in told.err
    assert "None." not in told.out


def test_a_source_that_cannot_be_reached_is_said(
    root: Path, source: Source, capsys: pytest.CaptureFixture[str]
) -> None:
    source.server.shutdown()
    source.server.server_close()
    assert audit.main() == 2
    assert "Nothing was audited" in capsys.readouterr().err


def test_locks_without_a_package_are_not_audited(root: Path, source: Source) -> None:
    with pytest.raises(NotAudited, match="no package"):
        audit.advisories([], source.url)


def test_a_licence_that_nobody_allowed_is_named(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = root / "package-lock.json"
    path.write_text(path.read_text().replace('"MIT"', '"AGPL-3.0"'))
    assert audit.main() == 1
    assert "npm left-pad: licence AGPL-3.0; look at it" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True),
        ("MIT OR GPL-3.0", True),
        ("MIT AND GPL-3.0", False),
        ("(MIT OR Apache-2.0)", True),
        ("MIT AND Apache-2.0", True),
        ("GPL-3.0", False),
        ("", False),
    ],
)
def test_offers_and_demands_are_told_apart(licence: str, allowed: bool) -> None:
    assert audit._allowed(licence, frozenset({"MIT", "Apache-2.0"})) is allowed


def test_our_own_locks_are_read_whole_and_our_own_licences_are_allowed() -> None:
    packages = audit.pinned()
    assert len(packages) > 150
    assert {package.ecosystem for package in packages} == {"PyPI", "npm"}
    assert all(package.version[0].isdigit() for package in packages)
    read, problems = audit.licence_problems(audit.rules())
    assert read > 100
    assert problems == []
