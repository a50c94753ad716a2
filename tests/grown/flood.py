"""What beat and the sweep send while no worker fetches, however long that lasts; run by itself.

Prints how many messages wait in each queue afterwards.
"""

import json

from tocsin.celery import app


def main() -> None:
    import django

    django.setup()
    from celery.schedules import schedule
    from django.utils import timezone

    from chainsync import tasks
    from chainsync.models import BackfillRange, ChainStatus
    from charter.models import Chain, Contract
    from governance import tasks as governing
    from ledger.models import Lease
    from tocsin.beat import Scheduler

    chain = Chain.objects.get()
    ChainStatus.objects.create(chain=chain, head_number=10**7, finalized_number=10**7)
    contract = Contract.objects.create(
        key="deep", chain=chain, kind="erc20-votes", address="0x" + "11" * 20, start_block=0
    )
    BackfillRange.objects.bulk_create(
        BackfillRange(chain=chain, contract=contract, first=first, last=first + 9)
        for first in range(0, 50_000, 10)
    )
    scheduler = Scheduler(app=app, lazy=True)
    scheduler.data = {}
    entries = [
        scheduler.Entry(name=name, app=app, **{**what, "schedule": schedule(what["schedule"])})
        for name, what in app.conf.beat_schedule.items()
    ]
    for _ in range(40):
        for entry in entries:
            scheduler.apply_async(entry, advance=False)
        tasks.sweep()
        governing.sweep()
        # As if so much time had passed that what waits has expired.
        Lease.objects.filter(name__startswith="nudge:").update(expires_at=timezone.now())
    with app.connection_for_write() as connection, connection.channel() as channel:
        print(
            json.dumps(
                {
                    queue.name: channel.queue_declare(
                        queue=queue.name,
                        durable=True,
                        exclusive=False,
                        auto_delete=False,
                        arguments=queue.queue_arguments,
                    ).message_count
                    for queue in app.conf.task_queues
                }
            )
        )


if __name__ == "__main__":
    main()
