"""Single-use nonces that bind a signed message to the session that asked for it."""

import secrets
import time

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.db import transaction

from charter.siwe import LIFETIME

_KEY = "sign_in_nonce"


def issue(session: SessionBase) -> str:
    """A new nonce for this session; an older one that was not used is forgotten.

    A session of nobody lapses with the nonce, so that asking for many fills no table
    for long.
    """
    nonce = secrets.token_hex(16)
    if SESSION_KEY not in session:
        session.set_expiry(int(LIFETIME.total_seconds()))
    session[_KEY] = [nonce, int(time.time())]
    return nonce


def take(session: SessionBase) -> str | None:
    """The nonce of this session, for the first who asks; None afterwards or when it is too old."""
    with transaction.atomic():
        row = Session.objects.select_for_update().filter(session_key=session.session_key).first()
        stored = row.get_decoded() if row else {}
        issued = stored.pop(_KEY, None)
        if row is None or issued is None:
            return None
        row.session_data = Session.objects.encode(stored)
        row.save(update_fields=["session_data"])
    session.pop(_KEY, None)
    nonce, at = issued
    return nonce if time.time() - at < LIFETIME.total_seconds() else None
