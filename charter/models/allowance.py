"""How often somebody may still do something, counted for all web processes together."""

from django.db import models


class Allowance(models.Model):
    """What was taken of an allowance in its present window.

    `bucket` is a keyed hash of what is done and by whom: no address of a visitor is kept. The table
    is unlogged: after a crash of the database everybody starts anew.
    """

    bucket = models.CharField(max_length=32, primary_key=True)
    taken = models.BigIntegerField()
    ends_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.taken} until {self.ends_at:%H:%M:%S}"
