"""A node over real HTTP that answers what a story tells it to."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from proofs.chain import header


@dataclass
class ScriptedNode:
    """What the node says. `oldest_state`: first block of which it answers calls."""

    chain_id: int = 901
    head: int = 1000
    timestamp: int = 0
    finality: bool = True
    proofs: bool = True
    oldest_state: int = 0
    codes: dict[str, str] = field(default_factory=dict)
    url: str = ""

    def result(self, method: str, parameters: list[Any]) -> Any:
        """The reply to one request; KeyError for a method that it does not have."""
        if method == "eth_chainId":
            return hex(self.chain_id)
        if method == "eth_getBlockByNumber":
            return self._block(parameters[0])
        if method == "eth_getCode":
            return self.codes.get(parameters[0].lower(), "0x")
        if method == "eth_call":
            if int(parameters[1], 16) < self.oldest_state:
                raise ValueError("missing trie node")
            return "0x"
        if method == "eth_getProof" and self.proofs:
            return {"accountProof": []}
        raise KeyError(method)

    def _block(self, tag: str) -> dict[str, str]:
        if tag != "latest" and not self.finality:
            raise ValueError("unknown block")
        words = ("parentHash", "sha3Uncles", "stateRoot", "transactionsRoot", "receiptsRoot")
        fields = {
            **dict.fromkeys((*words, "mixHash"), "0x" + "00" * 32),
            **dict.fromkeys(("difficulty", "gasLimit", "gasUsed"), "0x0"),
            "miner": "0x" + "00" * 20,
            "logsBloom": "0x" + "00" * 256,
            "extraData": "0x",
            "nonce": "0x" + "00" * 8,
            "number": hex(self.head),
            "timestamp": hex(self.timestamp),
        }
        return {**fields, "hash": "0x" + header.hash_of(fields).hex()}

    def reply(self, request: dict[str, Any]) -> dict[str, Any]:
        """The envelope for one request."""
        envelope = {"jsonrpc": "2.0", "id": request["id"]}
        try:
            return envelope | {"result": self.result(request["method"], request["params"])}
        except KeyError:
            return envelope | {"error": {"code": -32601, "message": "no such method"}}
        except ValueError as error:
            return envelope | {"error": {"code": -32000, "message": str(error)}}


@contextmanager
def serving(node: ScriptedNode) -> Iterator[ScriptedNode]:
    """Serve the node on a free port; its `url` is set."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            many = isinstance(body, list)
            reply = [node.reply(one) for one in body] if many else node.reply(body)
            raw = json.dumps(reply).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *args: object) -> None:
            """Say nothing: the story is told by the test."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    node.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield node
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
