"""The standard endpoints of a beacon node, as far as light clients ask for them.

Source: beacon-APIs, `apis/beacon/light_client`, `apis/beacon/blocks`, `apis/config`, `apis/node`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from lab.beacon import network, updates
from lab.beacon.blocks import Block
from lab.beacon.containers import as_json
from lab.beacon.faults import BeaconFaults
from lab.beacon.follower import Follower
from lab.beacon.validators import genesis_validators_root

PATH = "/l1-beacon"
MOST_UPDATES = 128
_ROOT = re.compile(r"0x[0-9a-fA-F]{64}")

Answer = tuple[int, Any]


class Refused(Exception):
    """The request is answered by an error: HTTP status and message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class BeaconApi:
    """Answers the requests below `PATH`."""

    def __init__(self, follower: Follower, headers: Mapping[str, str]) -> None:
        self.follower = follower
        self.faults = BeaconFaults(follower)
        self._headers = dict(headers)

    def routes(self) -> list[web.RouteDef]:
        """What an application serves."""
        light = "/eth/v1/beacon/light_client"
        answers: dict[str, Callable[[web.Request], Any]] = {
            "/eth/v1/beacon/genesis": self._genesis,
            "/eth/v1/beacon/headers/{block_id}": self._header,
            "/eth/v1/beacon/states/{state_id}/finality_checkpoints": self._checkpoints,
            f"{light}/bootstrap/{{block_root}}": self._bootstrap,
            f"{light}/updates": self._updates,
            f"{light}/finality_update": self._finality_update,
            f"{light}/optimistic_update": self._optimistic_update,
            "/eth/v1/config/spec": self._spec,
            "/eth/v1/node/syncing": self._syncing,
        }
        return [web.get(PATH + path, self._answering(answer)) for path, answer in answers.items()]

    def _answering(self, answer: Callable[[web.Request], Any]) -> Any:
        def answered(request: web.Request) -> Answer:
            self.follower.follow()
            with self.follower.lock:
                try:
                    return 200, answer(request)
                except Refused as refused:
                    return refused.status, {"code": refused.status, "message": str(refused)}

        async def handler(request: web.Request) -> web.Response:
            status, body = await asyncio.to_thread(answered, request)
            headers = {**self._headers, "Eth-Consensus-Version": network.FORK}
            return web.json_response(body, status=status, headers=headers)

        return handler

    def _genesis(self, _request: web.Request) -> Any:
        return {
            "data": {
                "genesis_time": str(self.follower.chain.genesis_time),
                "genesis_validators_root": "0x" + genesis_validators_root().hex(),
                "genesis_fork_version": "0x" + network.VERSIONS["phase0"].hex(),
            }
        }

    def _spec(self, _request: web.Request) -> Any:
        return {"data": network.configuration()}

    def _syncing(self, _request: web.Request) -> Any:
        follower = self.follower
        head, now = follower.chain.head.slot, follower.current_slot
        return {
            "data": {
                "head_slot": str(head),
                "sync_distance": str(max(0, now - head)),
                "is_syncing": follower.behind,
                "is_optimistic": False,
                "el_offline": follower.offline,
            }
        }

    def _header(self, request: web.Request) -> Any:
        block = self._block(request.match_info["block_id"])
        chain = self.follower.chain
        return {
            **self._finality_of(block),
            "data": {
                "root": "0x" + block.root.hex(),
                "canonical": chain.is_canonical(block),
                "header": {
                    "message": as_json(block.header),
                    "signature": "0x" + block.signature().hex(),
                },
            },
        }

    def _checkpoints(self, request: web.Request) -> Any:
        block = self._block(request.match_info["state_id"])
        finality = block.finality
        return {
            **self._finality_of(block),
            "data": {
                "previous_justified": as_json(finality.previous.view()),
                "current_justified": as_json(finality.justified.view()),
                "finalized": as_json(finality.finalized.view()),
            },
        }

    def _finality_of(self, block: Block) -> dict[str, bool]:
        chain = self.follower.chain
        final = chain.is_canonical(block) and block.slot <= chain.finalized.slot
        return {"execution_optimistic": False, "finalized": final}

    def _block(self, name: str) -> Block:
        chain = self.follower.chain
        found: Block | None
        if name in ("head", "justified", "finalized", "genesis"):
            found = getattr(chain, name)
        elif _ROOT.fullmatch(name):
            found = chain.blocks.get(bytes.fromhex(name[2:]))
        elif name.isascii() and name.isdigit():
            found = chain.at_slot(int(name))
        else:
            raise Refused(400, f"Invalid block ID: {name}")
        if found is None:
            raise Refused(404, "Block not found")
        return found

    def _bootstrap(self, request: web.Request) -> Any:
        name = request.match_info["block_root"]
        if not _ROOT.fullmatch(name):
            raise Refused(400, f"Invalid block root: {name}")
        block = self.follower.chain.blocks.get(bytes.fromhex(name[2:]))
        if block is None:
            raise Refused(404, "LC bootstrap unavailable")
        return _versioned(updates.bootstrap(block))

    def _updates(self, request: web.Request) -> Any:
        start, count = (self._number(request, name) for name in ("start_period", "count"))
        known, last = self.follower.best.by_period, start + min(count, MOST_UPDATES)
        found = []
        for period in range(start, last):
            if period in known and self._may_be_told(known[period]):
                found.append(_versioned(self.faults.served(known[period].read())))
            elif found:
                break
        return found

    def _number(self, request: web.Request, name: str) -> int:
        text = request.query.get(name, "")
        if not (text.isascii() and text.isdigit()) or len(text) > 18:
            raise Refused(400, f"Invalid {name}: {text}")
        return int(text)

    def _may_be_told(self, update: updates.Kept) -> bool:
        stalled = self.faults.stalled_at
        return stalled is None or update.signature_slot <= stalled

    def _newest(self) -> Any:
        chain, stalled = self.follower.chain, self.faults.stalled_at
        for block in chain.ancestors():
            if stalled is None or block.slot <= stalled:
                update = updates.update_of(chain, block)
                if update is not None:
                    return self.faults.served(update)
        raise Refused(404, "No update available")

    def _finality_update(self, _request: web.Request) -> Any:
        update = self._newest()
        return _versioned(update, ("next_sync_committee", "next_sync_committee_branch"))

    def _optimistic_update(self, _request: web.Request) -> Any:
        finality = ("finalized_header", "finality_branch")
        committee = ("next_sync_committee", "next_sync_committee_branch")
        return _versioned(self._newest(), (*finality, *committee))


def _versioned(view: Any, without: tuple[str, ...] = ()) -> Any:
    data = {name: value for name, value in as_json(view).items() if name not in without}
    return {"version": network.FORK, "data": data}
