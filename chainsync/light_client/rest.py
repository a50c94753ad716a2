"""What beacon nodes serve to light clients by their REST API, bounded in time and bytes.

Source: beacon-APIs, `/eth/v1/beacon/light_client/…`. Nothing here believes an answer: it is only
given its form.
"""

from typing import Any

import msgspec

from chainsync.endpoint.exchange import exchange
from chainsync.endpoint.failures import MalformedReply, Unreachable
from ledger import outgoing
from proofs.chain.beacon import Fork
from proofs.chain.nesting import shallow
from proofs.statements.light_client_data import Bootstrap, Form, Update, form

REQUEST_SECONDS = 5.0
MAX_BYTES = 512 * 1024
"""Of one object: a full update by 512 members has some 60 KB."""
MOST_UPDATES = 16
_HEADERS = {"accept": "application/json"}
_WHERE = "/eth/v1/beacon/light_client"


class _Answer(msgspec.Struct):
    version: str
    data: msgspec.Raw


_one = msgspec.json.Decoder(_Answer)
_many = msgspec.json.Decoder(list[_Answer])


class Client:
    """One beacon node, asked about a network whose committees have `committee_size` members.

    Every method raises Unreachable, Timeout, RateLimited, ReplyTooLarge, MalformedReply, and a
    `proofs.refusals.Refusal` for an object that does not have the form of its fork.
    """

    def __init__(self, name: str, url: str, committee_size: int) -> None:
        self.name = name
        self._size = committee_size
        try:
            # The charter's endpoints are declared by the operator: a node may be on this machine.
            self._node = outgoing.Destination(url, declared=True)
        except ValueError as error:
            raise Unreachable(name, f"cannot be asked: {error}.") from None

    def bootstrap(self, root: bytes) -> Bootstrap:
        """Header and committee of the block with this root."""
        answer = self._decoded(_one, self._get(f"/bootstrap/0x{root.hex()}", MAX_BYTES))
        found: Bootstrap = self._form(answer).bootstrap.parse(self._plain(answer))
        return found

    def updates(self, first: int, count: int) -> list[Update]:
        """The best update of each period from `first` on, at most MOST_UPDATES, as it says."""
        count = min(count, MOST_UPDATES)
        path = f"/updates?start_period={first}&count={count}"
        answers = self._decoded(_many, self._get(path, MAX_BYTES * count))
        if len(answers) > count:
            raise MalformedReply(
                self.name, f"gave {len(answers)} updates where {count} were asked."
            )
        return [self._form(one).update.parse(self._plain(one)) for one in answers]

    def finality_update(self) -> Update:
        """Its newest finality update."""
        answer = self._decoded(_one, self._get("/finality_update", MAX_BYTES))
        found: Update = self._form(answer).finality_update.parse(self._plain(answer))
        return found

    def close(self) -> None:
        """Drop the kept connections."""
        self._node.close()

    def _form(self, answer: _Answer) -> Form:
        return form(Fork.named(answer.version), self._size)

    def _plain(self, answer: _Answer) -> Any:
        return self._decoded(msgspec.json.Decoder(), bytes(answer.data))

    def _decoded(self, decoder: msgspec.json.Decoder[Any], body: bytes) -> Any:
        try:
            return decoder.decode(shallow(body))
        except (ValueError, RecursionError) as error:
            words = f"did not answer as beacon nodes do: {error}"
            raise MalformedReply(self.name, words.rstrip(".") + ".") from error

    def _get(self, path: str, most: int) -> bytes:
        def get(left: float) -> outgoing.Reply:
            return self._node.get(
                seconds=left, headers=_HEADERS, max_bytes=most, below=_WHERE + path
            )

        reply = exchange(self.name, get, seconds=REQUEST_SECONDS)
        self._check_status(reply, path)
        return reply.body

    def _check_status(self, reply: outgoing.Reply, path: str) -> None:
        if reply.status == 200:
            return
        if reply.status == 404 and path.startswith("/bootstrap/"):
            raise Unreachable(
                self.name,
                "has nothing to begin with at the checkpoint (HTTP 404): it may be too old for "
                "this node, or not a finalized block at the beginning of an epoch.",
            )
        raise Unreachable(self.name, f"answered HTTP {reply.status}.")
