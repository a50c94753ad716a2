"""Configuration of the app."""

from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    name = "governance"
    verbose_name = "Proposals, votes, delegates and timelocks"

    def ready(self) -> None:
        from chainsync import heads, kinds
        from governance import tasks
        from governance.projections import KINDS

        for kind in KINDS:
            kinds.register(kind)
        heads.on_head(tasks.head_came)
