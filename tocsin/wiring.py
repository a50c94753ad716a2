"""Wires between rooms of one floor: what the charter does is written into the ledger."""

from typing import Any

from charter import signals
from charter.actions import Change
from charter.switches import Switch
from ledger.actions import audit, tell
from ledger.acts import Act


def connect() -> None:
    """Connect every wire; safe to call again."""
    signals.charter_loaded.connect(_charter_loaded, dispatch_uid="tocsin.charter_loaded")
    signals.person_signed_in.connect(_person_signed_in, dispatch_uid="tocsin.person_signed_in")
    signals.person_signed_out.connect(_person_signed_out, dispatch_uid="tocsin.person_signed_out")
    signals.person_ended_sessions.connect(_sessions_ended, dispatch_uid="tocsin.sessions_ended")
    signals.key_given.connect(_key_given, dispatch_uid="tocsin.key_given")
    signals.key_revoked.connect(_key_revoked, dispatch_uid="tocsin.key_revoked")
    signals.switch_thrown.connect(_switch_thrown, dispatch_uid="tocsin.switch_thrown")


def _charter_loaded(*, actor: str, venue: str, changes: list[Change], **_: Any) -> None:
    audit(
        actor=actor,
        act=Act.CHARTER_LOADED,
        subject=venue,
        detail={"changes": [str(change) for change in changes]},
    )
    tell(topic="charter", event="loaded")


def _person_signed_in(*, address: str, created: bool, **_: Any) -> None:
    audit(actor=address, act=Act.SIGNED_IN, subject=address, detail={"first_time": created})


def _person_signed_out(*, address: str, **_: Any) -> None:
    audit(actor=address, act=Act.SIGNED_OUT, subject=address)


def _sessions_ended(*, address: str, **_: Any) -> None:
    audit(actor=address, act=Act.SESSIONS_ENDED, subject=address)


def _key_given(*, actor: str, name: str, per_minute: int, **_: Any) -> None:
    audit(actor=actor, act=Act.KEY_GIVEN, subject=name, detail={"per_minute": per_minute})


def _key_revoked(*, actor: str, name: str, **_: Any) -> None:
    audit(actor=actor, act=Act.KEY_REVOKED, subject=name)


def _switch_thrown(*, actor: str, switch: Switch, thrown: bool, reason: str, **_: Any) -> None:
    audit(
        actor=actor,
        act=Act.SWITCH_THROWN if thrown else Act.SWITCH_RELEASED,
        subject=switch.value,
        detail={"reason": reason},
    )
    tell(
        topic="switches", event="thrown" if thrown else "released", detail={"switch": switch.value}
    )
