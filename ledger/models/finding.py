"""What a rule says when it fires."""

from django.db import models


class Finding(models.Model):
    """A condition that a rule saw, from opening to closing; opened and closed by level.

    While the condition stands there is exactly one open row for (rule, subject).
    """

    class Level(models.TextChoices):
        NOTICE = "notice", "Notice"
        WARNING = "warning", "Warning"
        ALARM = "alarm", "Alarm"

    rule = models.CharField(max_length=80, help_text="app.what")
    subject = models.CharField(max_length=200, help_text="What it is about, within the rule.")
    level = models.CharField(max_length=10, choices=Level)
    summary = models.TextField()
    facts = models.JSONField(default=dict)
    opened_at = models.DateTimeField()
    seen_at = models.DateTimeField(help_text="When the rule last saw the condition stand.")
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-opened_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "subject"],
                condition=models.Q(closed_at__isnull=True),
                name="finding_open_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.subject}"
