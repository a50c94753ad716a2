"""What can go wrong between us and an endpoint. No text here holds a URL: those carry secrets."""

# Surrogates and control characters.
_CONTROL = dict.fromkeys((*range(32), 127, *range(0xD800, 0xE000)), " ")


class EndpointFailure(RuntimeError):
    """Base: the endpoint named `endpoint` did not give what was asked."""

    def __init__(self, endpoint: str, message: str) -> None:
        # What a node says may stand in the message, and no database keeps its control characters.
        super().__init__(f"{endpoint} {message.translate(_CONTROL)}")
        self.endpoint = endpoint


class Unreachable(EndpointFailure):
    """No connection, a broken one, or a server error instead of an answer."""


class Timeout(Unreachable):
    """No answer in time."""


class RateLimited(EndpointFailure):
    """Asked too often; `retry_after` seconds are to pass before the next request."""

    def __init__(self, endpoint: str, message: str, retry_after: float) -> None:
        super().__init__(endpoint, message)
        self.retry_after = retry_after


class MalformedReply(EndpointFailure):
    """An answer that cannot be true or is not what the protocol says."""


class ImplausibleHead(MalformedReply):
    """A head that cannot be where the node says it is: ahead of the clock, or further ahead of the
    other operators' nodes than a chain grows in that time."""


class ReplyTooLarge(EndpointFailure):
    """An answer beyond the size we are willing to read: ask for less at once."""


class WrongChain(EndpointFailure):
    """The endpoint serves another chain than the charter says; `found` is its chain id."""

    def __init__(self, endpoint: str, expected: int, found: int) -> None:
        super().__init__(
            endpoint,
            f"answers for chain id {found}, but the charter says {expected}: "
            "correct its URL or the chain id in venue.toml.",
        )
        self.expected = expected
        self.found = found


class RpcError(EndpointFailure):
    """The node understood the request and refused it; `data` is what came with the error."""

    def __init__(self, endpoint: str, code: int, message: str, data: object = None) -> None:
        super().__init__(endpoint, f"refused: {message[:300]} (code {code})")
        self.code = code
        self.message = message
        self.data = data

    @property
    def reverted(self) -> bool:
        """Whether a call was executed and failed in the contract, rather than in the node."""
        text = self.message.lower()
        return self.code == 3 or any(
            word in text for word in ("revert", "invalid opcode", "out of gas", "stack underflow")
        )


class NoEndpoint(EndpointFailure):
    """No endpoint of the chain gave an answer; the text has the failure of each that was tried."""


class Disagreement(EndpointFailure):
    """Endpoints of different operators gave different answers to one question."""
