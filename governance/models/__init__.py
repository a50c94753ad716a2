"""Nouns of governance."""

from governance.models.delegate import Checkpoint, Delegate, Delegation
from governance.models.governor import Governor, Token
from governance.models.operation import Operation, OperationCall, OperationEvent
from governance.models.parameter import ParameterChange
from governance.models.proof import ProofAttempt, Shard, ShardPlace, TallyProof
from governance.models.proposal import Proposal, ProposalAction, ProposalEvent
from governance.models.stray import StrayEvents
from governance.models.vote import TallyDelta, Vote

__all__ = [
    "Checkpoint",
    "Delegate",
    "Delegation",
    "Governor",
    "Operation",
    "OperationCall",
    "OperationEvent",
    "ParameterChange",
    "ProofAttempt",
    "Proposal",
    "ProposalAction",
    "ProposalEvent",
    "Shard",
    "ShardPlace",
    "StrayEvents",
    "TallyDelta",
    "TallyProof",
    "Token",
    "Vote",
]
