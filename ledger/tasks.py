"""What workers do for the ledger."""

from celery import shared_task

from ledger import actions, dispatch


@shared_task
def sweep() -> None:
    """Seal what a dead process left unsealed, then hand over what waits for each consumer."""
    actions.seal()
    for name in dispatch.names():
        dispatch.dispatch(name)
