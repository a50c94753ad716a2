"""The journal in the admin: to look at, never to change."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from chainsync.models import (
    BackfillRange,
    Block,
    ChainStatus,
    CodeRecord,
    Coverage,
    EndpointStatus,
    Reorg,
    UndecodableLog,
)


class _ReadOnly(admin.ModelAdmin):
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ChainStatus)
class ChainStatusAdmin(_ReadOnly):
    """How each chain is followed."""

    list_display = ["chain", "head_number", "safe_number", "finalized_number", "followed_at"]


@admin.register(EndpointStatus)
class EndpointStatusAdmin(_ReadOnly):
    """How each endpoint has been answering."""

    list_display = ["endpoint", "head_number", "latency_ms", "failures", "disagrees"]
    list_select_related = ["endpoint"]


@admin.register(Block)
class BlockAdmin(_ReadOnly):
    """Journalled blocks."""

    list_display = ["chain", "number", "hash", "canonical", "operators", "seen_at"]
    list_filter = ["chain", "canonical"]
    list_select_related = ["chain"]


@admin.register(Reorg)
class ReorgAdmin(_ReadOnly):
    """Reorgs that were seen."""

    list_display = ["chain", "fork_number", "depth", "logs_orphaned", "refused", "seen_at"]
    list_filter = ["chain", "refused"]
    list_select_related = ["chain"]


@admin.register(Coverage)
class CoverageAdmin(_ReadOnly):
    """What is read of each contract."""

    list_display = ["contract", "blocks", "folded_to", "fold_error"]
    list_select_related = ["contract"]


@admin.register(BackfillRange)
class BackfillRangeAdmin(_ReadOnly):
    """Ranges that wait to be read."""

    list_display = ["contract", "first", "last", "claimed_by", "attempts", "last_error"]
    list_select_related = ["contract"]


@admin.register(CodeRecord)
class CodeRecordAdmin(_ReadOnly):
    """Code that contracts had."""

    list_display = ["contract", "block_number", "code_hash", "implementation", "seen_at"]
    list_select_related = ["contract"]


@admin.register(UndecodableLog)
class UndecodableLogAdmin(_ReadOnly):
    """Logs that were left out."""

    list_display = ["contract", "block_number", "log_index", "reason"]
    list_select_related = ["contract"]
