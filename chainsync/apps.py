"""Configuration of the app."""

from django.apps import AppConfig


class ChainsyncConfig(AppConfig):
    name = "chainsync"
    verbose_name = "The journal of what the chains said"

    def ready(self) -> None:
        """Offer the names of contract kinds to the charter."""
        from chainsync import kinds
        from charter.kinds import register_kind_names

        register_kind_names(kinds.names)
