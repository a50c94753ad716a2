"""How many messages wait in each queue of the broker, asked within a second or two."""

from kombu.exceptions import OperationalError

from tocsin.celery import app
from tocsin.queues import NAMES

ASK_SECONDS = 1.0


def waiting() -> dict[str, int]:
    """Messages waiting by queue; queues that do not exist yet are left out.

    Raises BrokerSilent when the broker cannot be asked. Its text holds no address.
    """
    found: dict[str, int] = {}
    try:
        with app.connection_for_read(connect_timeout=ASK_SECONDS) as link:
            link.ensure_connection(max_retries=1, timeout=ASK_SECONDS)
            for name in NAMES:
                channel = link.channel()
                try:
                    found[name] = channel.queue_declare(name, passive=True).message_count
                except link.channel_errors:
                    continue  # Nobody has used it yet; the error has closed the channel.
                channel.close()
    except (OSError, OperationalError) as error:
        raise BrokerSilent("The broker does not answer.") from error
    return found


class BrokerSilent(RuntimeError):
    """The broker cannot be asked."""
