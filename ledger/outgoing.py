"""The one client for every request that leaves this house: to nodes, webhooks, anybody.

What it refuses protects the network that we stand in from whoever chose the address (SSRF): a name
is resolved at each new connection, every address it has is judged, and the connection goes to an
address that was judged, so a name cannot point elsewhere between the two. Redirects are not
followed, proxies of the environment are not used. Time is bounded for the whole exchange, also
against an answer that drips, and bytes are bounded after decompression.

No text of a failure holds an address: addresses carry keys.
"""

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util import Timeout as HttpTimeout
from urllib3.util import make_headers, parse_url
from urllib3.util.ssl_ import create_urllib3_context

CONNECT_SECONDS = 3.0
MAX_REPLY_BYTES = 128 * 1024 * 1024
USER_AGENT = "tocsin"
_CHUNK = 1 << 20
_KEPT = 8
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_exchange = threading.local()

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class OutgoingFailure(RuntimeError):
    """Base: a request got no answer; the text says why, without the address."""


class ForbiddenDestination(OutgoingFailure):
    """The address leads to this machine or to a network of ours, and no operator declared it."""


class CannotReach(OutgoingFailure):
    """No connection, or none that can be trusted."""


class BrokeOff(OutgoingFailure):
    """The connection ended before the answer did."""


class TookTooLong(OutgoingFailure):
    """The answer was not there in time."""


class TooLarge(OutgoingFailure):
    """The answer has more bytes than we are willing to read."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: HTTP status, headers (names in any case), and the whole body, decoded."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Destination:
    """One http or https address and the connections kept to it. Threads may share it.

    `declared` is true where the operator of this installation wrote the address down (the endpoints
    of the charter): then private and loopback addresses are allowed too. Link-local ones, where
    clouds keep the credentials of their machines, need the literal address in the URL even so.
    Anything that somebody else gave, such as a webhook, is not declared.

    Raises ValueError when `url` is no such address.
    """

    def __init__(
        self, url: str, *, declared: bool = False, max_reply_bytes: int = MAX_REPLY_BYTES
    ) -> None:
        try:
            parsed = parse_url(url)
        except urllib3.exceptions.LocationParseError:
            raise ValueError("the URL cannot be read") from None
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise ValueError("the URL is not an http or https address")
        self._path = parsed.request_uri
        self._max = max_reply_bytes
        self._headers = {"accept-encoding": "gzip", "user-agent": USER_AGENT}
        if parsed.auth:
            self._headers |= make_headers(basic_auth=parsed.auth)
        self._pool: urllib3.HTTPConnectionPool = (
            _SecurePool(parsed.host, parsed.port, maxsize=_KEPT, ssl_context=_tls())
            if parsed.scheme == "https"
            else _PlainPool(parsed.host, parsed.port, maxsize=_KEPT)
        )
        self._pool.conn_kw["declared"] = declared

    def post(
        self,
        body: bytes,
        *,
        seconds: float,
        headers: Mapping[str, str] | None = None,
        max_bytes: int | None = None,
    ) -> Reply:
        """The reply to `body`, whatever its status, within `seconds` from connect to last byte,
        and of `max_bytes` at most where that is less than for every reply.

        Raises ForbiddenDestination, CannotReach, BrokeOff, TookTooLong, TooLarge.
        """
        return self._send("POST", body, seconds, headers, max_bytes)

    def get(
        self,
        *,
        seconds: float,
        headers: Mapping[str, str] | None = None,
        max_bytes: int | None = None,
        below: str = "",
    ) -> Reply:
        """The reply to a GET of the address, or of a path `below` it; as `post`.

        A query of the address, which may hold a key, is kept behind the path.
        """
        return self._send("GET", None, seconds, headers, max_bytes, below)

    def close(self) -> None:
        """Drop the kept connections."""
        self._pool.close()

    def _send(
        self,
        method: str,
        body: bytes | None,
        seconds: float,
        headers: Mapping[str, str] | None,
        max_bytes: int | None = None,
        below: str = "",
    ) -> Reply:
        deadline = time.monotonic() + seconds
        most = min(max_bytes or self._max, self._max)
        _exchange.deadline = deadline
        try:
            sent = {**self._headers, **(headers or {})}
            path = _below(self._path, below) if below else self._path
            return self._exchanged(method, path, body, deadline, sent, most)
        except urllib3.exceptions.NewConnectionError as error:
            # urllib3 counts a refused connection among the timeouts.
            raise CannotReach(f"cannot be reached: {_reason(error)}.") from None
        except (urllib3.exceptions.TimeoutError, TimeoutError):
            raise TookTooLong("did not answer in time.") from None
        except urllib3.exceptions.ProtocolError as error:
            raise BrokeOff(f"broke off: {_reason(error)}.") from None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise CannotReach(f"cannot be reached: {_reason(error)}.") from None
        finally:
            _exchange.deadline = None

    def _exchanged(
        self,
        method: str,
        path: str,
        body: bytes | None,
        deadline: float,
        headers: Mapping[str, str],
        most: int,
    ) -> Reply:
        left = max(deadline - time.monotonic(), 0.05)  # also bounds the handshake of TLS
        response = self._pool.urlopen(
            method,
            path,
            body=body,
            headers=headers,
            retries=False,
            redirect=False,
            timeout=HttpTimeout(connect=left, read=left),
            preload_content=False,
        )
        chunks, size = [], 0
        try:
            while chunk := response.read1(_CHUNK):
                size += len(chunk)
                if size > most:
                    raise TooLarge(f"sent more than {most} bytes.")
                if time.monotonic() > deadline:
                    raise TookTooLong("did not finish its answer in time.")
                chunks.append(chunk)
        except BaseException:
            response.close()
            raise
        response.release_conn()
        return Reply(response.status, response.headers, b"".join(chunks))


def _below(path: str, below: str) -> str:
    path, _, query = path.partition("?")
    below, _, asked = below.partition("?")
    whole = "&".join(filter(None, (query, asked)))
    return path.rstrip("/") + "/" + below.lstrip("/") + (f"?{whole}" if whole else "")


def allowed(address: Address, *, declared: bool, literal: bool) -> bool:
    """Whether a connection may go to `address`.

    `literal`: the URL holds the address itself instead of a name that somebody may point anywhere.
    """
    inner = _inner(address)
    if inner.is_multicast or inner.is_unspecified or inner == _BROADCAST:
        return False
    if inner.is_link_local or inner in _METADATA:
        return declared and literal
    return declared or inner.is_global


_BROADCAST = ipaddress.ip_address("255.255.255.255")
_METADATA = {ipaddress.ip_address("fd00:ec2::254"), ipaddress.ip_address("100.100.100.200")}
"""Where clouds keep credentials outside of the link-local range."""


def _inner(address: Address) -> Address:
    """The IPv4 address inside of an IPv6 one that only carries it."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)


class _Timed(socket.socket):
    """A socket whose reads end at the deadline of the exchange, however slowly bytes drip in."""

    def recv_into(self, *arguments: Any, **named: Any) -> int:
        _tick(self)
        return super().recv_into(*arguments, **named)


class _TimedTls(ssl.SSLSocket):
    """The same under TLS."""

    def recv_into(self, *arguments: Any, **named: Any) -> int:
        _tick(self)
        return super().recv_into(*arguments, **named)


def _tick(connection: socket.socket) -> None:
    deadline = getattr(_exchange, "deadline", None)
    if deadline is not None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)


class _Judged:
    """Connects to an address that was judged, of those that the name has at this moment."""

    def __init__(self, *arguments: Any, declared: bool = False, **named: Any) -> None:
        self._declared = declared
        super().__init__(*arguments, **named)

    def _new_conn(self) -> socket.socket:
        host, port = self._dns_host, self.port  # type: ignore[attr-defined]
        addresses = _judged(host, port, declared=self._declared)
        last: OSError | None = None
        for family, address in addresses:
            try:
                return _connected(family, address)
            except OSError as error:
                last = error
        if isinstance(last, TimeoutError):
            raise urllib3.exceptions.ConnectTimeoutError(self, "timed out") from last
        raise urllib3.exceptions.NewConnectionError(self, "no connection") from last  # type: ignore[arg-type]


class _Plain(_Judged, HTTPConnection):
    pass


class _Secure(_Judged, HTTPSConnection):
    pass


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Secure


def _judged(host: str, port: int, *, declared: bool) -> list[tuple[int, Any]]:
    """Family and socket address of each address of `host`, when all of them are allowed."""
    bare = host.strip("[]")
    try:
        found = socket.getaddrinfo(bare, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise CannotReach("cannot be reached: its name is not known.") from None
    literal = _is_literal(bare)
    for _family, _type, _protocol, _name, address in found:
        number = ipaddress.ip_address(str(address[0]).partition("%")[0])
        if not allowed(number, declared=declared, literal=literal):
            raise ForbiddenDestination(
                "is refused: its name leads to a machine or network of ours. Give an address that "
                "everybody can reach."
            )
    return [(int(family), address) for family, _type, _protocol, _name, address in found]


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _connected(family: int, address: Any) -> socket.socket:
    connection = _Timed(family, socket.SOCK_STREAM)
    try:
        left = _exchange.deadline - time.monotonic()
        connection.settimeout(max(min(left, CONNECT_SECONDS), 0.05))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.connect(address)
    except BaseException:
        connection.close()
        raise
    return connection


def _tls() -> ssl.SSLContext:
    """TLS 1.2 or newer, with the certificates that this machine trusts."""
    context = create_urllib3_context()
    context.load_default_certs()
    context.sslsocket_class = _TimedTls
    return context


def _reason(error: BaseException) -> str:
    """The innermost cause in words, without the address that urllib3 puts into its texts."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror.lower()
        error, cause = cause, cause.__cause__ or cause.__context__
    return type(error).__name__
