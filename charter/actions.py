"""What is done to the charter: loading it, and throwing switches."""

from collections.abc import Collection

from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from charter import keys, signals
from charter.errors import CharterError
from charter.loading import kind_problems
from charter.models import ApiKey, KillSwitch, Person
from charter.rows import Change, write
from charter.siwe import SignInRefused
from charter.switches import Switch
from charter.venue import Venue

__all__ = [
    "Change",
    "charter_load",
    "key_give",
    "key_revoke",
    "person_end_sessions",
    "person_sign_in",
    "person_sign_out",
    "switch_set",
]


def charter_load(
    *, venue: Venue, known_kinds: Collection[str], actor: str, check: bool = False
) -> list[Change]:
    """Make the rows say what the venue says; what changed, nothing when all was as it is.

    Rows are never deleted: what the venue no longer names is switched off. With `check` nothing is
    kept. Raises CharterError for unknown kinds and for changes that would give recorded history
    to another contract or chain.
    """
    if found := kind_problems(venue, known_kinds):
        raise CharterError("venue.toml", found)
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('charter_load', 0))")
        changes, found = write(venue)
        if found:
            raise CharterError("venue.toml", found)
        if check:
            transaction.set_rollback(True)
        elif changes:
            signals.charter_loaded.send(
                sender=Venue, actor=actor, venue=venue.venue.name, changes=changes
            )
    return changes


def switch_set(*, switch: Switch, thrown: bool, reason: str, actor: str) -> bool:
    """Throw or release a kill switch; False when it already was so.

    `actor` is an address or `system:<part>`. Raises ValueError when no reason is given.
    """
    if not reason.strip():
        raise ValueError("Say why: the reason is shown to everybody whom the switch stops.")
    with transaction.atomic(durable=True):
        KillSwitch.objects.bulk_create([KillSwitch(switch=switch)], ignore_conflicts=True)
        row = KillSwitch.objects.select_for_update().get(switch=switch)
        if row.thrown == thrown:
            return False
        row.thrown = thrown
        row.reason = reason.strip()
        row.by = None if actor.startswith("system:") else actor
        row.save()
        signals.switch_thrown.send(
            sender=KillSwitch, actor=actor, switch=switch, thrown=thrown, reason=row.reason
        )
    return True


def person_sign_in(*, address: str) -> Person:
    """The person who has proven to hold `address`, known from now on.

    Raises SignInRefused when an administrator has deactivated this person.
    """
    with transaction.atomic(durable=True):
        person, created = Person.objects.get_or_create(
            address=address, defaults={"password": make_password(None)}
        )
        if not person.is_active:
            raise SignInRefused("deactivated", "An administrator has closed this account.")
        signals.person_signed_in.send(sender=Person, address=person.address, created=created)
    return person


def person_sign_out(*, address: str) -> None:
    """Write down that a person ended the session."""
    with transaction.atomic(durable=True):
        signals.person_signed_out.send(sender=Person, address=address)


def person_end_sessions(*, address: str) -> None:
    """End every session of a person, on every device; the next request of each finds none."""
    with transaction.atomic(durable=True):
        Person.objects.filter(address=address).update(sessions_ended=F("sessions_ended") + 1)
        signals.person_ended_sessions.send(sender=Person, address=address)


def key_give(*, name: str, per_minute: int, actor: str) -> str:
    """A new key of the API under a name of its own; it is returned once and kept nowhere.

    Raises ValueError when the name is taken, also by a key that was revoked, or the rate is none.
    """
    if per_minute < 1:
        raise ValueError("Give a rate of at least one request per minute.")
    key = keys.new()
    with transaction.atomic(durable=True):
        row, created = ApiKey.objects.get_or_create(
            name=name, defaults={"digest": keys.digest(key), "per_minute": per_minute}
        )
        if not created:
            raise ValueError(f"There was a key named {row.name} already: take another name.")
        signals.key_given.send(sender=ApiKey, actor=actor, name=name, per_minute=per_minute)
    return key


def key_revoke(*, name: str, actor: str) -> bool:
    """Take a key back; False when it was taken back already. Raises ValueError for no such key."""
    with transaction.atomic(durable=True):
        row = ApiKey.objects.select_for_update().filter(name=name).first()
        if row is None:
            raise ValueError(f"There is no key named {name}.")
        if row.revoked_at is not None:
            return False
        row.revoked_at = timezone.now()
        row.save(update_fields=["revoked_at"])
        signals.key_revoked.send(sender=ApiKey, actor=actor, name=name)
    return True
