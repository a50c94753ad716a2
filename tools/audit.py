"""`make audit`: what is known against the versions that we pin, of Python and npm packages.

Asks the advisories of OSV (https://osv.dev: those of PyPA, GitHub and others) in one request of
names and versions. It says how many packages it asked about, and fails when it could ask about
none, or when the source does not know two old faults that everybody knows: no answer is not a good
answer. Licences are read from the installed packages and from the lock, without a network.

What is known and does not concern us stands in `tools/audit.toml`, with a reason and a day on which
it must be looked at again.
"""

import json
import os
import re
import sys
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
SOURCE = "https://api.osv.dev"
SECONDS = 60
MOST_IN_ONE_QUESTION = 500
FOUND, NOT_AUDITED = 1, 2
_PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[\w,-]+\])?==([^\s;\\]+)", re.MULTILINE)


class Package(NamedTuple):
    """A pinned package: `PyPI` or `npm`, its name and exact version."""

    ecosystem: str
    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.ecosystem} {self.name} {self.version}"


KNOWN_BAD = (Package("PyPI", "urllib3", "1.24.1"), Package("npm", "minimist", "0.0.8"))
"""Versions with old, famous faults: a source that knows nothing of them knows nothing."""


class NotAudited(Exception):
    """Nothing can be said; the text says why and what to do."""


class Ignored(NamedTuple):
    """An advisory that does not concern us, why, and until when that was looked at."""

    id: str
    reason: str
    until: date


class Rules(NamedTuple):
    """What `tools/audit.toml` says."""

    ignored: tuple[Ignored, ...]
    allowed: frozenset[str]
    told: dict[str, str]
    """Licence by package, where its own metadata says none that we can read."""


def rules(root: Path = ROOT) -> Rules:
    """Read `tools/audit.toml`. Raises NotAudited where an entry lacks a reason or a day."""
    raw = tomllib.loads((root / "tools" / "audit.toml").read_text())
    ignored = []
    for entry in raw.get("ignore", ()):
        reason, until = str(entry.get("reason", "")).strip(), entry.get("until")
        if not entry.get("id") or len(reason) < 20 or not isinstance(until, date):
            raise NotAudited(
                f"tools/audit.toml: the entry {entry.get('id', '?')} needs id, reason (a sentence) "
                "and until (a date)."
            )
        ignored.append(Ignored(str(entry["id"]), reason, until))
    licences = raw.get("licences", {})
    return Rules(tuple(ignored), frozenset(licences.get("allowed", ())), licences.get("told", {}))


def pinned(root: Path = ROOT) -> list[Package]:
    """Every package of the locks, each once."""
    found: set[Package] = set()
    for path in sorted(root.glob("requirements*.txt")):
        for name, version in _PIN.findall(path.read_text()):
            found.add(Package("PyPI", name.lower(), version))
    for entry, name in npm_entries(root):
        found.add(Package("npm", name, entry["version"]))
    return sorted(found)


def npm_entries(root: Path) -> Iterator[tuple[dict[str, Any], str]]:
    """Entries of `package-lock.json` with the name that the registry knows."""
    lock = json.loads((root / "package-lock.json").read_text())
    for path, entry in lock["packages"].items():
        if path and "version" in entry:
            yield entry, entry.get("name") or path.rpartition("node_modules/")[2]


def advisories(packages: list[Package], source: str) -> dict[Package, list[str]]:
    """Numbers of the advisories by package. Raises NotAudited for anything but a whole answer."""
    if not packages:
        raise NotAudited("The locks name no package at all.")
    asked = [*packages, *KNOWN_BAD]
    found: dict[Package, list[str]] = {package: [] for package in asked}
    for start in range(0, len(asked), MOST_IN_ONE_QUESTION):
        waiting: list[tuple[Package, str | None]] = [
            (package, None) for package in asked[start : start + MOST_IN_ONE_QUESTION]
        ]
        while waiting:
            answers = _ask(source, "/v1/querybatch", {"queries": [_query(*one) for one in waiting]})
            results = answers.get("results")
            if not isinstance(results, list) or len(results) != len(waiting):
                raise NotAudited(f"{source} did not answer every question.")
            further: list[tuple[Package, str | None]] = []
            for (package, _), result in zip(waiting, results, strict=True):
                result = result or {}
                found[package] += [str(one["id"]) for one in result.get("vulns") or ()]
                if page := result.get("next_page_token"):
                    further.append((package, str(page)))
            waiting = further
    if unknown := [str(package) for package in KNOWN_BAD if not found.pop(package)]:
        raise NotAudited(
            f"{source} knows nothing against {' or '.join(unknown)}, which is known to be bad: "
            "what it says of ours is worth nothing."
        )
    return {package: ids for package, ids in found.items() if ids}


def _query(package: Package, page: str | None) -> dict[str, Any]:
    query: dict[str, Any] = {
        "package": {"name": package.name, "ecosystem": package.ecosystem},
        "version": package.version,
    }
    return query if page is None else {**query, "page_token": page}


def described(number: str, source: str) -> tuple[set[str], str, bool]:
    """All numbers of an advisory, its summary, and whether it was withdrawn."""
    told = _ask(source, f"/v1/vulns/{number}", None)
    summary = told.get("summary") or str(told.get("details", ""))[:160]
    return {number, *told.get("aliases", ())}, " ".join(summary.split()), "withdrawn" in told


def _ask(source: str, path: str, question: object) -> dict[str, Any]:
    body = None if question is None else json.dumps(question).encode()
    request = urllib.request.Request(  # noqa: S310 - the operator names the source
        source + path, data=body, headers={"content-type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            told = json.loads(answer.read())
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise NotAudited(
            f"Advisories cannot be asked at {source}: {reason}. Nothing was audited. Run this "
            "where that host can be reached, or name another source of the same kind in "
            "TOCSIN_ADVISORIES."
        ) from None
    if not isinstance(told, dict):
        raise NotAudited(f"{source} does not answer as OSV does.")
    return told


def findings(
    found: dict[Package, list[str]], ignored: Iterable[Ignored], source: str, today: date
) -> tuple[list[str], list[str]]:
    """What must be mended, and what is only told, each as a line."""
    bad, notes = [], []
    unused = {entry.id: entry for entry in ignored}
    by_id = dict(unused)
    for package, numbers in sorted(found.items()):
        seen: set[str] = set()
        for number in sorted(numbers):
            names, summary, withdrawn = described(number, source)
            if withdrawn or names & seen:
                continue
            seen |= names
            entry = next((by_id[name] for name in sorted(names) if name in by_id), None)
            if entry is None:
                bad.append(f"{package}: {number} {summary}")
                continue
            unused.pop(entry.id, None)
            if entry.until < today:
                bad.append(f"{package}: {number} was ignored until {entry.until}: look again")
            else:
                notes.append(f"{package}: {number} ignored until {entry.until}: {entry.reason}")
    bad += [f"tools/audit.toml: {name} ignores nothing: take it out" for name in sorted(unused)]
    return bad, notes


def licence_problems(given: Rules, root: Path = ROOT) -> tuple[int, list[str]]:
    """How many licences were read, and those that are not allowed or not told."""
    told = {
        package.name: licence
        for package in pinned(root)
        if package.ecosystem == "PyPI" and (licence := given.told.get(package.name))
    }
    names = {package.name for package in pinned(root) if package.ecosystem == "PyPI"}
    read: dict[str, str] = {}
    for installed in distributions():
        name = re.sub(r"[-_.]+", "-", installed.name).lower()
        if name in names:
            read[f"PyPI {name}"] = told.get(name) or licence_of(installed)
    for entry, name in npm_entries(root):
        read[f"npm {name}"] = given.told.get(name) or str(entry.get("license", ""))
    problems = [
        f"{name}: licence {licence or 'not told'}; look at it, then say so in tools/audit.toml"
        for name, licence in sorted(read.items())
        if not _allowed(licence, given.allowed)
    ]
    return len(read), problems


def licence_of(installed: Distribution) -> str:
    """The licence that a package names itself, as short as it does."""
    metadata = installed.metadata
    if "License-Expression" in metadata:
        return metadata["License-Expression"]
    classifiers = [
        value.rpartition(" :: ")[2]
        for value in metadata.get_all("Classifier") or ()
        if value.startswith("License ::")
    ]
    short = metadata["License"].strip() if "License" in metadata else ""
    return " OR ".join(classifiers) or (short if len(short) < 60 and "\n" not in short else "")


def _allowed(licence: str, allowed: frozenset[str]) -> bool:
    """Whether we may use it: one of what is offered, all of what is demanded."""
    bare = licence.strip()
    if bare in allowed:
        return True
    if bare.startswith("(") and bare.endswith(")"):
        return _allowed(bare[1:-1], allowed)
    for word, enough in ((" AND ", all), (" and ", all), (" OR ", any), (" or ", any)):
        if word in bare:
            return enough(_allowed(part, allowed) for part in bare.split(word))
    return False


def main() -> int:
    """Audit; 0 when nothing is known, 1 when something is, 2 when nothing can be said."""
    source = os.environ.get("TOCSIN_ADVISORIES", SOURCE).rstrip("/")
    try:
        given = rules()
        packages = pinned()
        count, bad = licence_problems(given)
        print(f"Licences: {count} packages read, {len(bad)} to look at.")
        print("".join(f"  {line}\n" for line in bad), end="", flush=True)
        found = advisories(packages, source)
        known, notes = findings(found, given.ignored, source, datetime.now(UTC).date())
    except NotAudited as error:
        print(f"NOT AUDITED. {error}", file=sys.stderr)
        return NOT_AUDITED
    by = {kind: sum(package.ecosystem == kind for package in packages) for kind in ("PyPI", "npm")}
    print(f"Advisories: {by['PyPI']} Python and {by['npm']} npm packages asked about at {source}.")
    print("".join(f"  {line}\n" for line in (*notes, *known)), end="")
    print("To mend: take a newer version (`make lock ARGS=--upgrade`)." if known else "None.")
    return FOUND if known or bad else 0


if __name__ == "__main__":
    sys.exit(main())
