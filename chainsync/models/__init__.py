"""Nouns of the journal."""

from chainsync.models.block import Block, BlockReceipts
from chainsync.models.budget import EndpointBudget
from chainsync.models.contract import CodeRecord, Coverage, UndecodableLog
from chainsync.models.dispute import Dispute, RetractedLog
from chainsync.models.endpoint import EndpointMinute, EndpointStatus
from chainsync.models.light_client import LightClient
from chainsync.models.log import Log
from chainsync.models.observation import Observation
from chainsync.models.projected import ProjectedRow
from chainsync.models.reorg import Reorg
from chainsync.models.status import ChainStatus
from chainsync.models.work import BackfillRange

__all__ = [
    "BackfillRange",
    "Block",
    "BlockReceipts",
    "ChainStatus",
    "CodeRecord",
    "Coverage",
    "Dispute",
    "EndpointBudget",
    "EndpointMinute",
    "EndpointStatus",
    "LightClient",
    "Log",
    "Observation",
    "ProjectedRow",
    "Reorg",
    "RetractedLog",
    "UndecodableLog",
]
