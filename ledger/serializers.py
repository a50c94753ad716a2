"""How findings look in the API."""

from rest_framework import serializers

from ledger.models import Finding


class FindingSerializer(serializers.ModelSerializer[Finding]):
    """A condition that a rule saw. Times are those of this installation's own clock, in UTC."""

    open = serializers.SerializerMethodField(help_text="Whether the condition still stands.")
    facts = serializers.JSONField(read_only=True, help_text="Values behind the summary.")

    class Meta:
        model = Finding
        fields = [
            "id",
            "rule",
            "subject",
            "level",
            "summary",
            "facts",
            "open",
            "opened_at",
            "seen_at",
            "closed_at",
        ]
        read_only_fields = fields

    def get_open(self, finding: Finding) -> bool:
        return finding.closed_at is None
