"""How log lines look: for people by default, as JSON for machines; never with a secret.

A line carries what it is about: the request, the task, the chain and the block, where they are
known (`ledger/marks.py`). Read by the settings, so nothing here needs them.
"""

import json
import logging
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ledger.marks import marks
from tocsin.redaction import Redactor, secrets_of


class Lines(logging.Formatter):
    """One line for people, with what it is about at its end; secrets are taken out."""

    def __init__(self, hidden: Iterable[str] = ()) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")
        self._redact = Redactor(hidden)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        about = " ".join(f"{name}={value}" for name, value in marks().items() if name != "task")
        return super().formatMessage(record) + (f" [{about}]" if about else "")

    def format(self, record: logging.LogRecord) -> str:
        return self._redact(super().format(record))


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message, ids, facts, exception."""

    def __init__(self, hidden: Iterable[str] = ()) -> None:
        super().__init__()
        self._redact = Redactor(hidden)

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
            **marks(),
        }
        facts: Mapping[str, Any] = getattr(record, "facts", {})
        told.update(facts)
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            told["stack"] = record.stack_info
        return json.dumps(
            {
                name: value if isinstance(value, int | float | None) else self._redact(str(value))
                for name, value in told.items()
            },
            ensure_ascii=False,
        )


def configuration(environ: Mapping[str, str], key: str, venue: Path) -> dict[str, Any]:
    """For `logging.config.dictConfig`: TOCSIN_LOG_FORMAT is `line` or `json`, TOCSIN_LOG_LEVEL a
    level; `key` and whatever `environ` and the file `venue` tell of addresses is hidden."""
    shape = "json" if environ.get("TOCSIN_LOG_FORMAT") == "json" else "line"
    hidden = secrets_of(
        {**environ, "TOCSIN_SECRET_KEY": key}, venue.read_text() if venue.is_file() else ""
    )
    quieter = {"level": "WARNING"}
    here = {"handlers": [], "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {"()": "tocsin.loglines.Lines", "hidden": hidden},
            "json": {"()": "tocsin.loglines.JsonLines", "hidden": hidden},
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": shape}},
        "loggers": {
            # Each nudge would be a line, and each connection one with an address.
            **dict.fromkeys(("celery", "amqp", "urllib3", "asyncio"), quieter),
            # It warns that a broker without a host is taken to be local, which is what it is.
            "kombu.connection": {"level": "ERROR"},
            # Requests are a line each only where a machine reads them.
            "tocsin.request": {} if shape == "json" else quieter,
            # With handlers of their own they would write past the redaction.
            **dict.fromkeys(("uvicorn", "uvicorn.access", "django", "django.server"), here),
            "uvicorn.error": {**here, **quieter},
        },
        "root": {
            "handlers": ["console"],
            "level": environ.get("TOCSIN_LOG_LEVEL", "INFO"),
        },
    }
