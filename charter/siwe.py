"""Sign-In with Ethereum (EIP-4361): reading a message strictly, and who signed it.

Pure. A message is accepted only in the one form that the standard's grammar gives its fields, so
what a wallet showed is exactly what is checked here. Only accounts with a key of their own can
sign in; a contract wallet's signature (EIP-1271) needs a call to its chain.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from coincurve import PublicKey
from eth_utils.address import is_checksum_address, to_checksum_address
from eth_utils.crypto import keccak

LONGEST_MESSAGE = 4000
LIFETIME = timedelta(minutes=10)
PATH = "/sign-in/"
"""Of the URI that a message names: what it signs in to."""
CLOCK_SKEW = timedelta(minutes=1)
_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0

_MOMENT = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
    r"(?:Z|[+-][0-9]{2}:[0-9]{2})"
)
_MESSAGE = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?"
    r"(?P<domain>[A-Za-z0-9._:\[\]-]+) wants you to sign in with your Ethereum account:\n"
    r"(?P<address>0x[0-9a-fA-F]{40})\n"
    r"\n"
    r"(?:(?P<statement>[ -~]+)\n)?"
    r"\n"
    r"URI: (?P<uri>[!-~]+)\n"
    r"Version: 1\n"
    r"Chain ID: (?P<chain_id>[1-9][0-9]{0,15})\n"
    r"Nonce: (?P<nonce>[A-Za-z0-9]{8,64})\n"
    rf"Issued At: (?P<issued_at>{_MOMENT})"
    rf"(?:\nExpiration Time: (?P<expiration_time>{_MOMENT}))?"
    rf"(?:\nNot Before: (?P<not_before>{_MOMENT}))?"
    r"(?:\nRequest ID: (?P<request_id>[!-~]*))?"
    r"(?:\nResources:(?P<resources>(?:\n- [!-~]+)*))?"
)


class SignInRefused(ValueError):
    """Somebody cannot be signed in; the text says why and what to do, `code` names the reason."""

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        super().__init__(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """The fields of an EIP-4361 message; times in UTC, the address checksummed."""

    domain: str
    address: str
    uri: str
    chain_id: int
    nonce: str
    issued_at: datetime
    scheme: str | None = None
    statement: str | None = None
    expiration_time: datetime | None = None
    not_before: datetime | None = None

    def text(self) -> str:
        """The message as a wallet is to show and sign it (no request id, no resources)."""
        lines = [
            f"{self.domain} wants you to sign in with your Ethereum account:",
            self.address,
            "",
            *([self.statement] if self.statement else []),
            "",
            f"URI: {self.uri}",
            "Version: 1",
            f"Chain ID: {self.chain_id}",
            f"Nonce: {self.nonce}",
            f"Issued At: {written(self.issued_at)}",
        ]
        if self.expiration_time:
            lines.append(f"Expiration Time: {written(self.expiration_time)}")
        return "\n".join(lines)


def parse(text: str) -> Message:
    """The fields of a message. Raises SignInRefused when it is not exactly of the standard's form.

    Request id and resources are allowed and carry no meaning here.
    """
    match = _MESSAGE.fullmatch(text) if len(text) <= LONGEST_MESSAGE else None
    if match is None:
        raise SignInRefused(
            "malformed",
            "The signed text is not a sign-in message of EIP-4361, version 1. Start again from "
            "the sign-in page.",
        )
    if not is_checksum_address(match["address"]):
        raise SignInRefused("malformed", "The address in the message has no EIP-55 checksum.")
    return Message(
        scheme=match["scheme"],
        domain=match["domain"],
        address=match["address"],
        statement=match["statement"],
        uri=match["uri"],
        chain_id=int(match["chain_id"]),
        nonce=match["nonce"],
        issued_at=_moment(match["issued_at"]),
        expiration_time=_optional_moment(match["expiration_time"]),
        not_before=_optional_moment(match["not_before"]),
    )


def check(
    message: Message,
    *,
    scheme: str,
    domain: str,
    statement: str,
    chain_ids: Collection[int],
    nonce: str | None,
    now: datetime,
) -> None:
    """Refuse a message that was not made for this site, this session and this moment.

    `nonce` is what this session was given, None when it was given none or has used it.
    """
    if message.domain != domain or message.uri != f"{scheme}://{domain}{PATH}":
        raise SignInRefused(
            "other-site",
            f"The message is for {message.domain} ({message.uri}), not for {scheme}://{domain}"
            f"{PATH}. If "
            "another site asked you to sign it, do not trust that site.",
        )
    if message.scheme not in (None, scheme):
        raise SignInRefused("other-site", f"The message is for {message.scheme}, not {scheme}.")
    if message.statement != statement:
        raise SignInRefused(
            "other-words",
            "The message says something else than the one that this site gives. Do not trust what "
            "made you sign it; start again from the sign-in page.",
        )
    if message.chain_id not in chain_ids:
        known = ", ".join(map(str, sorted(chain_ids))) or "none yet"
        raise SignInRefused(
            "other-chain",
            f"The message is for chain {message.chain_id}, which is no chain of this venue "
            f"({known}). Switch the network in your wallet and try again.",
        )
    if nonce is None or message.nonce != nonce:
        raise SignInRefused(
            "used",
            "This sign-in was used already or belongs to another session. Start again from the "
            "sign-in page.",
        )
    if message.issued_at > now + CLOCK_SKEW or (message.not_before or now) > now:
        raise SignInRefused(
            "too-early", "The message is from the future. Check the clock of your device."
        )
    too_old = now >= message.issued_at + LIFETIME + CLOCK_SKEW
    if too_old or (message.expiration_time and now >= message.expiration_time):
        raise SignInRefused(
            "expired", "The message has expired. Start again and sign within ten minutes."
        )


def check_signature(text: str, message: Message, signature: str) -> None:
    """Refuse a signature over `text` (EIP-191) that is not by the key of the message's address."""
    if not re.fullmatch(r"0x(?:[0-9a-fA-F]{2})+", signature):
        raise SignInRefused("malformed", "The signature is not 0x and hex digits.")
    raw = bytes.fromhex(signature[2:])
    if len(raw) != 65:
        raise SignInRefused(
            "contract-wallet",
            "This is not the signature of a single key. A contract wallet, such as a Safe, cannot "
            "sign in here yet: sign in with one of its owners' accounts.",
        )
    signer = _signer(text, raw)
    if signer != message.address:
        raise SignInRefused(
            "other-signer",
            f"The signature is by {signer or 'no account'}, not by {message.address}. Choose that "
            "account in your wallet. If it is a contract wallet, such as a Safe, it cannot sign in "
            "here yet: sign in with one of its owners' accounts.",
        )


def _signer(text: str, raw: bytes) -> str | None:
    """Address whose key made a 65-byte signature, None when it is no valid one."""
    recovery = raw[64] - 27 if raw[64] >= 27 else raw[64]
    if recovery not in (0, 1) or int.from_bytes(raw[32:64]) > _HALF_ORDER:
        return None
    body = text.encode()
    digest = keccak(b"\x19Ethereum Signed Message:\n" + str(len(body)).encode() + body)
    try:
        key = PublicKey.from_signature_and_message(
            raw[:64] + bytes([recovery]), digest, hasher=None
        )
    except ValueError:
        return None
    return to_checksum_address(keccak(key.format(compressed=False)[1:])[-20:])


def written(moment: datetime) -> str:
    """A moment as messages write it: RFC 3339, UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _optional_moment(written: str | None) -> datetime | None:
    return None if written is None else _moment(written)


def _moment(written: str) -> datetime:
    try:
        # Python reads at most microseconds.
        return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", written)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise SignInRefused("malformed", f"{written} is no moment in time.") from None
