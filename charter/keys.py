"""Keys of the API: how they look, and what is kept of them."""

import hashlib
import secrets
import threading
import time

from django.utils.crypto import constant_time_compare

from charter.models import ApiKey

PREFIX = "tocsin_"
LONGEST = 100
REMEMBERED_SECONDS = 10.0
"""A key that is revoked is refused by every process after this many seconds."""
_MOST_REMEMBERED = 1000

_known: dict[str, tuple[float, int, int]] = {}
_lock = threading.Lock()


def new() -> str:
    """A key with 256 bits that nobody can guess."""
    return PREFIX + secrets.token_urlsafe(32)


def digest(key: str) -> str:
    """What is kept of a key: with 256 random bits a plain hash cannot be searched through."""
    return hashlib.sha256(key.encode()).hexdigest()


def rate_of(key: str) -> tuple[int, int] | None:
    """Number of a key and its requests per minute; None when there is no such key any more."""
    if not key.startswith(PREFIX) or len(key) > LONGEST:
        return None
    looked_up = digest(key)
    now = time.monotonic()
    with _lock:
        kept = _known.get(looked_up)
    if kept and now - kept[0] < REMEMBERED_SECONDS:
        return kept[1], kept[2]
    row = ApiKey.objects.filter(digest=looked_up, revoked_at=None).first()
    if row is None or not constant_time_compare(row.digest, looked_up):
        with _lock:
            _known.pop(looked_up, None)
        return None
    with _lock:
        if len(_known) >= _MOST_REMEMBERED:
            _known.clear()
        _known[looked_up] = (now, row.pk, row.per_minute)
    return row.pk, row.per_minute


def forget() -> None:
    """Forget what was looked up: for tests."""
    with _lock:
        _known.clear()
