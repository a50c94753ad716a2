"""The venue itself."""

from django.db import models


class VenueRecord(models.Model):
    """What the charter says of the venue as a whole; one row once a charter was loaded."""

    name = models.CharField(max_length=100)

    def __str__(self) -> str:
        return self.name
