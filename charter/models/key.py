"""Keys that programs may send to the API."""

from django.db import models


class ApiKey(models.Model):
    """A key that the operator gave to somebody; itself it is kept nowhere, only its digest."""

    name = models.SlugField(max_length=60, unique=True)
    digest = models.CharField(max_length=64, unique=True)
    per_minute = models.PositiveIntegerField(help_text="Requests to the API in a minute.")
    given_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name}, {self.per_minute}/min{', revoked' if self.revoked_at else ''}"
