"""Which endpoint suffers from what, switched while they serve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any

from lab.endpoint import Endpoint, Middleware
from lab.faults import block_lies, forging, inventing, log_lies, outages, stale
from lab.faults.fault import Fault, InvalidFault, Sort

OPTIONS = ("seconds", "blocks", "per_second", "from_block")
_RECEIPTS = {
    "receipts": "receipts alone tell another outcome and other logs",
    "no-receipts": "receipts are said not to exist",
}
_LIES: dict[str, Any] = {
    **{how: (words, log_lies.lie) for how, (words, _, _) in log_lies.LIES.items()},
    **{how: (words, log_lies.receipts) for how, words in _RECEIPTS.items()},
    "null-block": (block_lies.NO_BLOCK, block_lies.lie),
    **{how: (words, block_lies.lie) for how, (words, _) in block_lies.BLOCK_LIES.items()},
    "forged-block": (forging.FORGED_BLOCK, forging.forged_block),
    "call": ("contracts' answers differ in the last bit", block_lies.call_lie),
    "other-id": ("each request gets the answer to another one", block_lies.other_id),
}
_LIE = Sort(
    "lies",
    lambda fault, endpoint: _LIES[fault.how][1](fault, endpoint),
    {how: words for how, (words, _) in _LIES.items()},
    {"blocks": 3, "from_block": -1},
    {"blocks": "forged-block", "from_block": "forged-block"},
)
SORTS: dict[str, Sort] = {
    "lie": _LIE,
    **stale.SORTS,
    **outages.SORTS,
    **forging.SORTS,
    **inventing.SORTS,
}


def checked(fault: Fault) -> Fault:
    """The fault with its defaults filled in; raises `InvalidFault`."""
    sort = SORTS.get(fault.sort)
    if sort is None:
        raise InvalidFault(f"There is no fault {fault.sort!r}: choose among {', '.join(SORTS)}.")
    how = fault.how or next(iter(sort.hows))
    if how not in sort.hows:
        among = ", ".join(sort.hows)
        raise InvalidFault(f"{fault.sort} cannot be {how!r}: choose among {among}.")
    if not 0 < fault.rate <= 1:
        raise InvalidFault(f"A rate of {fault.rate} is no share: write one above 0 and up to 1.")
    values: dict[str, Any] = {}
    for name in OPTIONS:
        given = getattr(fault, name)
        default = sort.default(name, how)
        if given is None:
            values[name] = None if default is None or default < 0 else default
        elif default is None:
            raise InvalidFault(f"{fault.sort} --how {how} takes no --{name.replace('_', '-')}.")
        elif given < 0:
            raise InvalidFault(f"--{name.replace('_', '-')} cannot be {given}.")
        else:
            values[name] = given
    return replace(fault, how=how, **values)


class Switchboard:
    """The faults of a gateway's endpoints. Several may stand at once, one of each sort and how."""

    def __init__(self, endpoints: Mapping[str, Endpoint]) -> None:
        self._endpoints = endpoints
        self._faults: dict[str, dict[tuple[str, str], tuple[Fault, Middleware]]] = {}

    def suffer(self, endpoint: str, sort: str, **options: Any) -> Fault:
        """Let an endpoint suffer from now on; the options are the fields of `Fault`.

        Raises `InvalidFault`.
        """
        known = {field.name for field in fields(Fault)} - {"sort"}
        if not set(options) <= known:
            raise InvalidFault(f"There is no option {', '.join(sorted(set(options) - known))}.")
        target = self._known(endpoint)
        fault = checked(Fault(sort=sort, **options))
        standing = self._faults.setdefault(endpoint, {})
        # Taken out first: what is set anew strikes last, in front of the others.
        standing.pop((fault.sort, fault.how), None)
        standing[fault.sort, fault.how] = fault, SORTS[sort].make(fault, target)
        self._arrange(endpoint)
        return fault

    def heal(self, endpoint: str | None = None) -> list[str]:
        """Take all faults of an endpoint, or of all of them, away; who was healed."""
        names = list(self._faults) if endpoint is None else [self._known(endpoint).name]
        healed = [name for name in names if self._faults.pop(name, None)]
        for name in names:
            self._arrange(name)
        return healed

    def suffering(self) -> dict[str, list[dict[str, Any]]]:
        """What stands, by endpoint: the fields of each fault and ``words`` for a person."""
        return {
            name: [{**asdict(fault), "words": in_words(fault)} for fault, _ in standing.values()]
            for name, standing in list(self._faults.items())
        }

    def obey(self, order: Any) -> list[str]:
        """Do what came over the gateway: ``{"do": sort or "heal", "endpoints": [...], ...}``.

        What was done in words; raises `InvalidFault`.
        """
        if not isinstance(order, dict) or not isinstance(order.get("endpoints"), list):
            raise InvalidFault("An order says what to do and to which endpoints.")
        names = [self._known(str(name)).name for name in order["endpoints"]]
        if order.get("do") == "heal":
            healed = [one for name in names for one in self.heal(name)] if names else self.heal()
            return [f"{name} is well again." for name in healed] or ["Nothing was wrong."]
        options = {key: value for key, value in order.items() if key not in ("do", "endpoints")}
        if not names:
            raise InvalidFault(f"Name one or more of {', '.join(self._endpoints)}.")
        try:
            faults = [(name, self.suffer(name, str(order.get("do")), **options)) for name in names]
        except TypeError as error:
            raise InvalidFault(f"That is not how options look: {error}.") from error
        return [f"{name} {in_words(fault)} from now on." for name, fault in faults]

    def _known(self, name: str) -> Endpoint:
        endpoint = self._endpoints.get(name)
        if endpoint is None:
            raise InvalidFault(f"There is no {name!r}: choose among {', '.join(self._endpoints)}.")
        return endpoint

    def _arrange(self, name: str) -> None:
        standing = self._faults.get(name, {})
        # In one assignment: a request that arrives meanwhile sees the old ones or the new ones.
        made = [middleware for _, middleware in reversed(standing.values())]
        self._endpoints[name].troubles[:] = made


def in_words(fault: Fault) -> str:
    """What an endpoint does that has this fault, e.g. ``lies: logs are left out (rate 0.5, …)``."""
    sort = SORTS[fault.sort]
    given = {"rate": fault.rate, **{name: getattr(fault, name) for name in OPTIONS}}
    said = [f"{name.replace('_', ' ')} {value:g}" for name, value in given.items() if value]
    return f"{sort.words}: {sort.hows[fault.how]} ({', '.join([*said, f'seed {fault.seed}'])})"
