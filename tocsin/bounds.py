"""Bounds of a request, for the gate and for the server below it, which loads before settings."""

MAX_TARGET = 8 * 1024
"""Bytes of path and query string."""
MAX_HEAD = 32 * 1024
"""Bytes of all headers together."""
MAX_HEADERS = 100
MAX_BODY = 64 * 1024
"""Bytes of a body; the largest that a page sends is a signed message of some 4 kB."""
BODY_SECONDS = 20.0
"""Within which a body has arrived."""
HEAD_SECONDS = 15.0
"""Within which the head of a request has arrived."""
