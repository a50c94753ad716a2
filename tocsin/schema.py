"""What the schema of the API says beyond its views: refusals and conditional requests."""

from typing import Any

ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "hint"],
            "properties": {
                "code": {"type": "string", "description": "A stable word for programs."},
                "message": {"type": "string", "description": "What is wrong, in words."},
                "hint": {"type": "string", "description": "What to do next."},
            },
        }
    },
}
REFUSALS = {
    "400": "A parameter is unknown or cannot be read; the message says which.",
    "401": "The key that was sent is not known, or was revoked.",
    "404": "There is no such object.",
    "429": "Too many requests; `Retry-After` says for how many seconds to wait.",
    "503": "The database does not answer.",
}
TAG = {
    "description": "Weak tag of this answer; send it as `If-None-Match` to get 304 while it holds.",
    "schema": {"type": "string"},
}


def complete(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add to every operation its refusals, its tag and 304; a hook of drf-spectacular."""
    result["components"].setdefault("schemas", {})["Error"] = ERROR
    for path in result["paths"].values():
        for operation in path.values():
            responses = operation["responses"]
            for status, why in REFUSALS.items():
                responses[status] = {
                    "description": why,
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Error"}}
                    },
                }
            responses["200"]["headers"] = {"ETag": TAG}
            responses["304"] = {"description": "What the reader holds is still the answer."}
            operation.setdefault("parameters", []).append(
                {
                    "name": "If-None-Match",
                    "in": "header",
                    "description": "Tag of the answer that the reader holds.",
                    "schema": {"type": "string"},
                }
            )
    return result
