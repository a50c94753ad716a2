"""The Redis broker, made to outlive a connection that breaks.

A worker whose connection broke closes what belonged to it. There kombu's transport asks the closed
connection for its address, finds none, and the worker ends of an AttributeError. Here the question
is answered by the error that it is: one of the connection, after which the worker connects anew.
"""

from typing import Any

from kombu.transport import redis
from redis.exceptions import ConnectionError as Disconnected


class Channel(redis.Channel):
    """A channel that says of a closed connection that it is closed."""

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        if self.connection.client is None:
            raise Disconnected("The connection to Redis is closed.")
        parameters: dict[str, Any] = super()._connparams(asynchronous)
        return parameters


class Transport(redis.Transport):
    """kombu's Redis transport with our channel."""

    Channel = Channel
