"""A visitor's wallet: the key is here in Python, `wallet.js` is its face in the page."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data
from eth_account.signers.local import LocalAccount
from playwright.sync_api import BrowserContext, Page
from running_venue import RpcRefused, Venue, until

SCRIPT = Path(__file__).parent / "wallet.js"
CHAINS = {900: "l1", 901: "l2"}
REJECTED = {"code": 4001, "message": "User rejected the request."}
UNKNOWN_CHAIN = {"code": 4902, "message": "Unrecognized chain ID."}
GWEI = 10**9


@dataclass
class Wallet:
    """What the wallet holds and how its owner behaves; change the fields while a page is open."""

    venue: Venue
    account: LocalAccount = field(default_factory=Account.create)
    chain_id: int = 901
    known: set[int] = field(default_factory=lambda: {900, 901})
    """Chains it can switch to; others have to be added first."""
    rejects: bool = False
    """Whether its owner declines everything that is to be signed."""
    replaces: bool = False
    """Whether its owner speeds up what is sent: once the page has seen it waiting, another
    transaction of the same nonce and a higher fee takes its place."""
    thinks_ms: int = 0
    """How long its owner looks at what is to be signed."""
    asked: list[tuple[str, list[Any]]] = field(default_factory=list)
    """Every call of the page, oldest first."""
    sent: list[str] = field(default_factory=list)
    """Hashes of what was sent and not replaced."""
    connected: bool = False
    """Whether its owner lets pages see the account."""
    _faster: str = ""

    @property
    def address(self) -> str:
        return str(self.account.address)

    def inject(self, context: BrowserContext) -> None:
        """Give the wallet to all pages that this context opens from now on."""
        context.expose_function("__walletAnswer", self.answer)
        context.add_init_script(path=SCRIPT)

    def change_account(self, page: Page, account: LocalAccount) -> None:
        """Its owner chooses another account."""
        self.account = account
        page.evaluate("account => window.__walletEmit('accountsChanged', [account])", self.address)

    def methods(self) -> list[str]:
        """Names of what the page asked, oldest first."""
        return [method for method, _ in self.asked]

    def answer(self, method: str, parameters: str) -> dict[str, Any]:
        """What `wallet.js` gives the page: a result or an error, events before, and a wait."""
        params: list[Any] = json.loads(parameters)
        self.asked.append((method, params))
        try:
            return self._answer(method, params)
        except RpcRefused as refusal:
            return {"error": refusal.error}

    def _answer(self, method: str, params: list[Any]) -> dict[str, Any]:
        match method:
            case "eth_requestAccounts":
                if self.rejects:
                    return {"error": REJECTED}
                self.connected = True
                return {"result": [self.address]}
            case "eth_accounts":
                return {"result": [self.address] if self.connected else []}
            case "eth_chainId":
                return {"result": hex(self.chain_id)}
            case "wallet_requestPermissions":
                return {"result": [{"parentCapability": "eth_accounts"}]}
            case "wallet_switchEthereumChain":
                return self._switch(int(params[0]["chainId"], 16))
            case "wallet_addEthereumChain":
                self.known.add(int(params[0]["chainId"], 16))
                return self._switch(int(params[0]["chainId"], 16))
            case "eth_sendTransaction" | "personal_sign" | "eth_signTypedData_v4":
                if self.rejects:
                    return {"error": REJECTED, "wait": self.thinks_ms}
                return {"result": self._sign(method, params), "wait": self.thinks_ms}
        result = self.rpc(method, *params)
        if method == "eth_getTransactionByHash" and self._faster:
            self.sent[-1:] = [str(self.rpc("eth_sendRawTransaction", self._faster))]
            self._faster = ""
        return {"result": result}

    def rpc(self, method: str, *params: Any) -> Any:
        """A call to the chain that the wallet is on. Raises RpcRefused."""
        return self.venue.rpc(CHAINS[self.chain_id], method, *params)

    def _switch(self, chain_id: int) -> dict[str, Any]:
        if self.rejects:
            return {"error": REJECTED}
        if chain_id not in self.known:
            return {"error": UNKNOWN_CHAIN}
        self.chain_id = chain_id
        return {"result": None, "events": [["chainChanged", hex(chain_id)]]}

    def _sign(self, method: str, params: list[Any]) -> str:
        match method:
            case "eth_sendTransaction":
                return self._send(params[0])
            case "personal_sign":
                signed = self.account.sign_message(encode_defunct(hexstr=params[0]))
                return "0x" + signed.signature.hex()
            case _:
                message = encode_typed_data(full_message=json.loads(params[1]))
                return "0x" + self.account.sign_message(message).signature.hex()

    def _send(self, asked: dict[str, str]) -> str:
        """Sign and send; the hash that the page is told."""
        base = int(self.rpc("eth_getBlockByNumber", "latest", False)["baseFeePerGas"], 16)
        # What would fail is refused here, as wallets do when they estimate.
        gas = int(self.rpc("eth_estimateGas", {**asked, "from": self.address}), 16)
        transaction = {
            "to": asked["to"],
            "data": asked.get("data", "0x"),
            "value": int(asked.get("value", "0x0"), 16),
            "chainId": self.chain_id,
            "nonce": int(self.rpc("eth_getTransactionCount", self.address, "pending"), 16),
            "gas": gas * 13 // 10,
            "maxPriorityFeePerGas": GWEI,
            "maxFeePerGas": 2 * base + GWEI,
        }
        if self.replaces:
            faster = {"maxPriorityFeePerGas": 3 * GWEI, "maxFeePerGas": 2 * base + 3 * GWEI}
            self._faster = self._signed({**transaction, **faster})
            self._wait_for_block()
        self.sent.append(str(self.rpc("eth_sendRawTransaction", self._signed(transaction))))
        return self.sent[-1]

    def _signed(self, transaction: dict[str, Any]) -> str:
        return "0x" + self.account.sign_transaction(transaction).raw_transaction.hex()

    def _wait_for_block(self) -> None:
        """Return right after a block, so that what is sent now waits for nearly a block time."""
        head = self.rpc("eth_blockNumber")
        until(lambda: self.rpc("eth_blockNumber") != head, 20, lambda: "a new block", pause=0.03)
