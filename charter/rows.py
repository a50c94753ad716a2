"""Bringing the charter's rows in line with a checked venue."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model

from charter.errors import Problem
from charter.models import (
    Beacon,
    BeaconEndpoint,
    Chain,
    Contract,
    Endpoint,
    Person,
    VenueRecord,
)
from charter.venue import ContractEntry, Venue


@dataclass(frozen=True, slots=True)
class Change:
    """One row that was added, changed (with the fields that differ) or switched off or on."""

    noun: str
    key: str
    what: str
    fields: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)

    def __str__(self) -> str:
        """In words; addresses of endpoints are left out, since they may be secret."""
        told = "; ".join(
            "url" if name == "url" else f"{name} {before!r} -> {after!r}"
            for name, (before, after) in self.fields.items()
        )
        return f"{self.noun} {self.key} {self.what}" + (f": {told}" if told else "")


def write(venue: Venue) -> tuple[list[Change], list[Problem]]:
    """Write the rows inside the caller's transaction; what changed, and what was refused.

    When anything is refused the caller must roll back.
    """
    changes: list[Change] = []
    problems: list[Problem] = []
    _write_name(venue, changes)
    chains = _write_chains(venue, changes, problems)
    _write_endpoints(venue, chains, changes)
    _write_beacons(venue, chains, changes)
    _write_contracts(venue, chains, changes, problems)
    _write_people(venue, changes)
    return changes, problems


def _write_name(venue: Venue, changes: list[Change]) -> None:
    record = VenueRecord.objects.first()
    if record is None:
        VenueRecord.objects.create(name=venue.venue.name)
        changes.append(Change("venue", venue.venue.name, "added"))
        return
    _update("venue", record.name, record, {"name": venue.venue.name}, changes)


def _write_chains(venue: Venue, changes: list[Change], problems: list[Problem]) -> dict[str, Chain]:
    rows = {chain.key: chain for chain in Chain.objects.all()}
    keys = {chain.chain_id: chain.key for chain in rows.values()}
    for key, entry in venue.chains.items():
        wanted = {
            "name": entry.name,
            "role": entry.role,
            "block_time": float(entry.block_time),
            "headers": entry.headers,
            "active": True,
        }
        row = rows.get(key)
        known_as = keys.get(entry.chain_id, key)
        if row is not None and row.chain_id != entry.chain_id:
            problems.append(
                Problem(
                    f"chains.{key}.chain_id",
                    f"it is {entry.chain_id}, but the journal of {key} is of chain {row.chain_id}.",
                    "Give another chain a key of its own.",
                )
            )
        elif known_as != key:
            problems.append(
                Problem(
                    f"chains.{key}",
                    f"chain {entry.chain_id} is already known as {known_as}.",
                    f"Keep the key: [chains.{known_as}].",
                )
            )
        elif row is None:
            rows[key] = Chain.objects.create(key=key, chain_id=entry.chain_id, **wanted)
            changes.append(Change("chain", key, "added"))
        else:
            _update("chain", key, row, wanted, changes)
    _switch_off("chain", "key", rows.values(), venue.chains, changes)
    return rows


def _write_endpoints(venue: Venue, chains: Mapping[str, Chain], changes: list[Change]) -> None:
    rows = {endpoint.name: endpoint for endpoint in Endpoint.objects.select_related("chain")}
    named = set()
    for key, entry in venue.chains.items():
        if key not in chains:
            continue
        for endpoint in entry.endpoints:
            named.add(endpoint.name)
            wanted = {
                "chain": chains[key],
                "operator": endpoint.operator,
                "url": endpoint.url,
                "public": endpoint.public,
                "requests_per_second": endpoint.requests_per_second,
                "active": True,
            }
            if endpoint.name in rows:
                _update("endpoint", endpoint.name, rows[endpoint.name], wanted, changes)
            else:
                Endpoint.objects.create(name=endpoint.name, **wanted)
                changes.append(Change("endpoint", endpoint.name, "added"))
    _switch_off("endpoint", "name", rows.values(), named, changes)


def _write_beacons(venue: Venue, chains: Mapping[str, Chain], changes: list[Change]) -> None:
    rows = {row.chain.key: row for row in Beacon.objects.select_related("chain")}
    nodes = {row.name: row for row in BeaconEndpoint.objects.all()}
    named: set[str] = set()
    for key, chain in venue.chains.items():
        if chain.beacon is None or key not in chains:
            continue
        network = chain.beacon.network
        wanted = {
            "checkpoint": chain.beacon.checkpoint,
            "network": None if network is None else network.model_dump(),
            "active": True,
        }
        if key in rows:
            _update("beacon of", key, rows[key], wanted, changes)
        else:
            rows[key] = Beacon.objects.create(chain=chains[key], **wanted)
            changes.append(Change("beacon of", key, "added"))
        for position, endpoint in enumerate(chain.beacon.endpoints):
            named.add(endpoint.name)
            given = {
                "beacon_id": rows[key].pk,
                "operator": endpoint.operator or "",
                "url": endpoint.url,
                "position": position,
                "active": True,
            }
            if endpoint.name in nodes:
                _update("beacon endpoint", endpoint.name, nodes[endpoint.name], given, changes)
            else:
                BeaconEndpoint.objects.create(name=endpoint.name, **given)
                changes.append(Change("beacon endpoint", endpoint.name, "added"))
    described = [key for key, chain in venue.chains.items() if chain.beacon is not None]
    _switch_off("beacon of", "key", rows.values(), described, changes)
    _switch_off("beacon endpoint", "name", nodes.values(), named, changes)


def _write_contracts(
    venue: Venue,
    chains: Mapping[str, Chain],
    changes: list[Change],
    problems: list[Problem],
) -> None:
    rows = {contract.key: contract for contract in Contract.objects.select_related("chain")}
    places = {(row.chain.key, row.address): row for row in rows.values()}
    for key, entry in venue.contracts.items():
        if entry.chain not in chains:
            continue
        row = rows.get(key)
        place = places.get((entry.chain, entry.address))
        if row is not None and row is not place:
            problems.append(
                Problem(
                    f"contracts.{key}",
                    f"it is at {entry.address} on {entry.chain}, but the journal of {key} is of "
                    f"{row.address} on {row.chain.key}.",
                    "Give another contract a key of its own; the old one keeps its history.",
                )
            )
            continue
        wanted = _contract_fields(key, entry)
        if place is None:
            Contract.objects.create(
                key=key, chain=chains[entry.chain], address=entry.address, **wanted
            )
            changes.append(Change("contract", key, "added"))
            continue
        _update("contract", place.key, place, {"key": key, **wanted}, changes)
    _switch_off("contract", "key", rows.values(), venue.contracts, changes)


def _contract_fields(key: str, entry: ContractEntry) -> dict[str, Any]:
    return {
        "kind": entry.kind,
        "start_block": entry.start_block,
        "label": entry.label or key,
        "links": entry.links,
        "active": True,
    }


def _write_people(venue: Venue, changes: list[Change]) -> None:
    rows = {person.address: person for person in Person.objects.all()}
    for address, entry in venue.people.items():
        # Grants open the read-only administration; each page there asks for its permission.
        wanted: dict[str, Any] = {
            "name": entry.name,
            "grants": entry.grants,
            "is_staff": bool(entry.grants),
        }
        if address in rows:
            _update("person", address, rows[address], wanted, changes)
        else:
            Person.objects.create_user(address, **wanted)
            changes.append(Change("person", address, "added"))
    for address, row in rows.items():
        if address not in venue.people and row.grants:
            _update("person", address, row, {"grants": [], "is_staff": False}, changes)


def _update(
    noun: str, key: str, row: Model, wanted: Mapping[str, Any], changes: list[Change]
) -> None:
    differing = {
        name: (getattr(row, name), value)
        for name, value in wanted.items()
        if getattr(row, name) != value
    }
    if not differing:
        return
    for name, (_, value) in differing.items():
        setattr(row, name, value)
    row.save(update_fields=list(differing))
    shown = {
        name: (before.key, after.key) if isinstance(after, Chain) else (before, after)
        for name, (before, after) in differing.items()
        if name != "active"
    }
    what = "switched on again" if "active" in differing else "changed"
    changes.append(Change(noun, key, what, shown))


def _switch_off(
    noun: str,
    key_field: str,
    rows: Iterable[Any],
    named: Iterable[str],
    changes: list[Change],
) -> None:
    kept = set(named)
    for row in rows:
        key = getattr(row, key_field)
        if row.active and key not in kept:
            row.active = False
            row.save(update_fields=["active"])
            changes.append(Change(noun, key, "switched off"))
