"""Reading and checking `venue.toml`, without touching the database."""

import tomllib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import ValidationError

from charter import beacon, complaints, references
from charter.errors import CharterError, Problem
from charter.suggestions import close
from charter.venue import ChainEntry, ContractEntry, Venue


def read(path: Path, environ: Mapping[str, str]) -> Venue:
    """The venue that a file describes, checked in itself and against the environment.

    Raises CharterError with every problem found: first those of shape; when there are none, those
    between the parts.
    """
    try:
        text = path.read_bytes().decode()
    except FileNotFoundError:
        problem = Problem(
            "file",
            "there is none.",
            "Write a venue.toml there, or set TOCSIN_VENUE to where it is.",
        )
        raise CharterError(str(path), [problem]) from None
    except OSError as error:
        problem = Problem("file", f"it cannot be read: {error.strerror}.", "Make it readable.")
        raise CharterError(str(path), [problem]) from error
    except UnicodeDecodeError:
        problem = Problem("file", "it is not UTF-8 text.", "Save it as UTF-8.")
        raise CharterError(str(path), [problem]) from None
    return parse(text, environ, source=path.name)


def parse(text: str, environ: Mapping[str, str], *, source: str = "venue.toml") -> Venue:
    """As `read`, from the text of a file; `source` names it in errors."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problem = Problem("file", f"it is not TOML: {error}.", "Correct it there.")
        raise CharterError(source, [problem]) from None
    try:
        venue = Venue.model_validate(content)
    except ValidationError as error:
        # Not chained: pydantic's own text would repeat the input, addresses of endpoints included.
        raise CharterError(source, complaints.problems(error)) from None
    if found := [*_chain_problems(venue, environ), *_contract_problems(venue)]:
        raise CharterError(source, found)
    return venue


def kind_problems(venue: Venue, known_kinds: Collection[str]) -> list[Problem]:
    """Contracts whose kind this installation does not understand."""
    return [
        Problem(
            f"contracts.{key}.kind",
            f"{contract.kind!r} is not a known kind.{close(contract.kind, known_kinds)}",
            f"Write one of: {', '.join(sorted(known_kinds)) or '(no kinds are registered)'}.",
        )
        for key, contract in venue.contracts.items()
        if contract.kind not in known_kinds
    ]


def _chain_problems(venue: Venue, environ: Mapping[str, str]) -> Iterator[Problem]:
    if not venue.chains:
        yield Problem("chains", "there is none.", "Add a [chains.KEY] table.")
    ids: dict[int, str] = {}
    endpoint_names: dict[str, str] = {}
    for key, chain in venue.chains.items():
        if (other := ids.setdefault(chain.chain_id, key)) != key:
            yield Problem(
                f"chains.{key}.chain_id",
                f"{chain.chain_id} is already the id of chains.{other}.",
                "Write the id that the chain's own nodes answer to eth_chainId.",
            )
        for index, endpoint in enumerate(chain.endpoints):
            place = f"chains.{key}.endpoints[{index}]"
            if (other := endpoint_names.setdefault(endpoint.name, place)) != place:
                yield Problem(
                    f"{place}.name",
                    f"{endpoint.name!r} is already the name of {other}.",
                    "Give each endpoint a name of its own.",
                )
            yield from _url_problems(f"{place}.url", endpoint.url, environ)
        yield from _agreement_problems(key, chain)
        yield from _beacon_problems(key, chain, endpoint_names, environ)


def _agreement_problems(key: str, chain: ChainEntry) -> Iterator[Problem]:
    place = f"chains.{key}.endpoints"
    if len(chain.endpoints) < 2:
        count = "there is none" if not chain.endpoints else "there is only one"
        yield Problem(
            place,
            f"{count}, but at least two are needed, so that their answers can be compared.",
            f"Add another [[{place}]] table, of another operator.",
        )
        return
    urls: dict[str, str] = {}
    for endpoint in chain.endpoints:
        if (other := urls.setdefault(endpoint.url, endpoint.name)) != endpoint.name:
            yield Problem(
                place,
                f"{other} and {endpoint.name} have the same url.",
                "Give each endpoint its own: one node agrees with itself about everything.",
            )
    operators = {endpoint.operator.casefold() for endpoint in chain.endpoints}
    if len(operators) < 2:
        yield Problem(
            place,
            f"all of them are run by {chain.endpoints[0].operator!r}, but agreement needs the "
            "answers of two operators.",
            "Add an endpoint that somebody else runs, or correct `operator`.",
        )


def _beacon_problems(
    key: str, chain: ChainEntry, endpoint_names: dict[str, str], environ: Mapping[str, str]
) -> Iterator[Problem]:
    entry, place = chain.beacon, f"chains.{key}.beacon"
    if entry is None:
        return
    if chain.role != "l1":
        yield Problem(
            place,
            f"{key} is an L2, whose blocks no beacon chain finalizes.",
            'Write this table below the chain with role = "l1".',
        )
    if not entry.endpoints:
        yield Problem(
            f"{place}.endpoints",
            "there is none.",
            f"Add a [[{place}.endpoints]] table; one suffices, since all it says is checked.",
        )
    for index, endpoint in enumerate(entry.endpoints):
        where = f"{place}.endpoints[{index}]"
        if (other := endpoint_names.setdefault(endpoint.name, where)) != where:
            yield Problem(
                f"{where}.name",
                f"{endpoint.name!r} is already the name of {other}.",
                "Give each endpoint a name of its own.",
            )
        yield from _url_problems(f"{where}.url", endpoint.url, environ)
    yield from beacon.problems(place, entry, environ)


def _url_problems(key: str, url: str, environ: Mapping[str, str]) -> list[Problem]:
    """What is wrong with an endpoint's address. Never repeats it: it may hold a key."""
    if references.malformed(url):
        return [
            Problem(
                key,
                "a $ stands in it that is no reference.",
                "Refer to an environment variable as ${NAME}, in braces; a plain $ is %24.",
            )
        ]
    if unset := references.missing(url, environ):
        return [references.unset_problem(key, unset)]
    filled = references.expand(url, environ, key=key)
    variables = references.names(url)
    after = f" once {' and '.join(variables)} is filled in" if variables else ""
    try:
        parts = urlsplit(filled)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or any(character.isspace() for character in filled):
        return [
            Problem(
                key,
                f"it is not an http:// or https:// address{after}.",
                'Write, for example: url = "https://rpc.example.org" or url = "${L2_URL}"',
            )
        ]
    if "@" in url.partition("://")[2].partition("/")[0]:
        return [
            Problem(
                key,
                "it holds a user name or password.",
                "Put the whole address into an environment variable and write ${NAME} here.",
            )
        ]
    return []


def _contract_problems(venue: Venue) -> Iterator[Problem]:
    addresses: dict[tuple[str, str], str] = {}
    for key, contract in venue.contracts.items():
        if contract.chain not in venue.chains:
            yield Problem(
                f"contracts.{key}.chain",
                f"there is no chain {contract.chain!r}.{close(contract.chain, venue.chains)}",
                f"Write one of: {', '.join(venue.chains)}.",
            )
        other = addresses.setdefault((contract.chain, contract.address), key)
        if other != key:
            yield Problem(
                f"contracts.{key}.address",
                f"{contract.address} on {contract.chain} is already contracts.{other}.",
                "Describe each contract once.",
            )
        yield from _link_problems(venue, key, contract)


def _link_problems(venue: Venue, key: str, contract: ContractEntry) -> Iterator[Problem]:
    for role, target in contract.links.items():
        place = f"contracts.{key}.{role}"
        if target not in venue.contracts:
            yield Problem(
                place,
                f"there is no contract {target!r}.{close(target, venue.contracts)}",
                f"Write the key of a [contracts.KEY] table on {contract.chain}.",
            )
        elif target == key:
            yield Problem(place, "it names itself.", "Write the key of another contract.")
        elif venue.contracts[target].chain != contract.chain:
            yield Problem(
                place,
                f"{target!r} is on {venue.contracts[target].chain}, not on {contract.chain}.",
                "Link contracts of one chain.",
            )
