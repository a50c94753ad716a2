"""Configuration of the project itself."""

from django.apps import AppConfig


class TocsinConfig(AppConfig):
    name = "tocsin"
    verbose_name = "The house"

    def ready(self) -> None:
        """Connect the rooms that do not know each other."""
        from tocsin import wiring

        wiring.connect()
