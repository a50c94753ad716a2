"""The consensus layer of the lab's L1: a beacon chain of few validators, all of them the lab's.

Real are its keys and signatures, the SSZ of its blocks and states with every root and branch, the
handover between sync committees, and the endpoints that serve them to light clients. Left out is
what no light client sees: attestations, deposits and rewards, so the fields of the state that only
those would move stay as at genesis. An execution block gets its beacon block after it was mined,
so its `parentBeaconBlockRoot` (EIP-4788) is not the one of its parent.

Forms are those of Electra. Source: consensus-specs, `specs/electra/beacon-chain.md`.
"""
