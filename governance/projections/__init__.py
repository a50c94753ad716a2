"""One file a contract kind: which logs it has, how they become rows, what its calls mean."""

from governance.projections import (
    bridge_parameters,
    comp_token,
    compound_timelock,
    erc20_votes,
    governor_bravo,
    oz_governor_4_bravo,
    oz_governor_5,
    oz_timelock,
    safe,
    venue,
)

MODULES = (
    oz_governor_5,
    oz_governor_4_bravo,
    governor_bravo,
    erc20_votes,
    comp_token,
    oz_timelock,
    compound_timelock,
    safe,
    venue,
    bridge_parameters,
)
KINDS = tuple(module.KIND for module in MODULES)
FUNCTIONS = {module.KIND.name: module.FUNCTIONS for module in MODULES}
