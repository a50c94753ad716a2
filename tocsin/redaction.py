"""Taking secrets out of text that is written down. Pure, and used for every log line.

Addresses of endpoints carry keys, so no address is written at all: neither a whole one nor the
pieces in which libraries quote it. What is secret by name (passwords, keys) is taken out wherever
it stands.
"""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote, urlsplit

LEAST_SECRET = 6
"""Shorter values are no secrets, and would be found inside of ordinary words."""

HIDDEN = "[hidden]"
ADDRESS = "[address]"

_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]{1,30}://[^\s\"'<>|\\^`{}]+", re.IGNORECASE)
_QUOTED = re.compile(
    r"(host=|Host: ?|with url: |url=|HTTPS? connection \(\d+\): |\"(?:GET|POST|PUT|HEAD) )"
    r"('[^']*'|\"[^\"]*\"|[^\s'\"]+)"
)
_AUTHORIZED = re.compile(r"\b(Bearer|Basic|Digest)\s+[\w.~+/=:-]{4,}", re.IGNORECASE)
_SECRET_NAME = re.compile(r"KEY|SECRET|TOKEN|PASSWORD|PASSPHRASE|CREDENTIAL")
_REFERENCE = re.compile(r"\$\{(\w+)\}")


def pieces(address: str) -> set[str]:
    """Parts of an address that must not be quoted alone: who, where, and keys in path or query.

    A machine of the loopback is no secret by its name, only with its port.
    """
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return {address}
    where = parts.netloc.rpartition("@")[2]
    found = {address, where, parts.password or ""}
    if host not in ("localhost", "127.0.0.1", "::1"):
        found.add(host)
    segments = [*parts.path.split("/"), *re.split(r"[&=;]", parts.query)]
    found |= {segment for segment in segments if len(segment) >= 16}
    found |= {unquote(one) for one in found}
    return {one for one in found if len(one) >= LEAST_SECRET}


def secrets_of(environment: Mapping[str, str], venue: str = "") -> set[str]:
    """What must never be written: by the names of variables and by the venue's description.

    Variables that `venue` refers to stand for addresses or keys, whatever they are called.
    """
    named = set(_REFERENCE.findall(venue))
    found: set[str] = set()
    for address in _ADDRESS.findall(venue):
        found |= pieces(address)
    for name, value in environment.items():
        if "://" in value:
            if name in named:
                found |= pieces(value)
            else:
                found.add(urlsplit(value).password or "")
        elif name in named or _SECRET_NAME.search(name):
            found.add(value)
    return {one for one in found if len(one) >= LEAST_SECRET}


class Redactor:
    """Takes addresses and known secrets out of text."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = sorted({one for one in secrets if len(one) >= LEAST_SECRET}, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, text: str) -> str:
        """The text without them."""
        text = _ADDRESS.sub(ADDRESS, text)
        text = _QUOTED.sub(lambda found: found.group(1) + ADDRESS, text)
        text = _AUTHORIZED.sub(lambda found: f"{found.group(1)} {HIDDEN}", text)
        return self._secrets.sub(HIDDEN, text) if self._secrets else text
