"""Filters of the register of findings."""

from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from ledger.models import Finding


class OpenText(forms.CharField):
    """`true` or `false`, and nothing else."""

    def clean(self, value: Any) -> bool | None:
        text = super().clean(value)
        if not text:
            return None
        if text not in ("true", "false"):
            raise ValidationError(f"{text!r} is neither true nor false: write one of the two.")
        return text == "true"


@extend_schema_field(OpenApiTypes.BOOL)
class OpenFilter(django_filters.Filter):
    """Findings whose condition stands, or does not any more."""

    field_class = OpenText

    def filter(self, queryset: QuerySet[Finding], value: bool | None) -> QuerySet[Finding]:
        return queryset if value is None else queryset.filter(closed_at__isnull=value)


class FindingFilters(django_filters.FilterSet):
    """Filters of `/api/v1/findings/`."""

    open = OpenFilter(help_text="Whether the condition still stands.")
    rule = django_filters.CharFilter(
        max_length=80, help_text="Name of a rule, or of an app and a dot for all of its rules."
    )
    level = django_filters.ChoiceFilter(
        choices=Finding.Level.choices, help_text="notice, warning or alarm."
    )
    subject = django_filters.CharFilter(max_length=200, help_text="What the finding is about.")

    class Meta:
        model = Finding
        fields: list[str] = []

    def filter_queryset(self, queryset: QuerySet[Finding]) -> QuerySet[Finding]:
        rule = self.form.cleaned_data["rule"]
        if not rule.endswith("."):
            return super().filter_queryset(queryset)
        self.form.cleaned_data["rule"] = ""
        return super().filter_queryset(queryset).filter(rule__startswith=rule)
