"""The charter of a chaos run: the lab's chains, by three operators each."""

from __future__ import annotations

from typing import Any

from chaos.ground import Ground

OPERATORS = "abc"
KINDS: dict[str, dict[str, tuple[str, dict[str, Any]]]] = {
    "l2": {
        "token": ("erc20-votes", {}),
        "timelock": ("oz-timelock", {}),
        "governor": ("oz-governor-5", {"token": "token", "timelock": "timelock"}),
        "venue": ("venue", {}),
        "safe": ("safe", {}),
    },
    "l1": {
        "bridge_token": ("comp-token", {}),
        "bridge_timelock": ("oz-timelock", {}),
        "bridge_governor": (
            "oz-governor-4-bravo",
            {"token": "bridge_token", "timelock": "bridge_timelock"},
        ),
        "bridge_parameters": ("bridge-parameters", {}),
    },
}
"""Kind and links of each contract, by chain and by the lab's own key."""
LATE = ("venue", "bridge_parameters", "safe")
"""Contracts that nothing links to, so that a charter is sound before they are added to it."""


def text(grounds: list[Ground], without: tuple[str, ...] = ()) -> str:
    """venue.toml of these grounds, some contracts left out."""
    lines = ["[venue]", 'name = "Chaos"']
    for ground in grounds:
        lab = ground.lab
        lines += [
            f"[chains.{ground.key}]",
            f'name = "{ground.key.upper()}"',
            f"chain_id = {lab.chain_id}",
            "block_time = 2",
            f'role = "{ground.key}"',
        ]
        for letter in OPERATORS:
            lines += [
                f"[[chains.{ground.key}.endpoints]]",
                f'name = "{ground.key}-{letter}"',
                f'operator = "Operator {letter.upper()}"',
                f'url = "{lab.gateway.url}/{ground.key}-{letter}"',
            ]
        for key, (kind, links) in KINDS[ground.key].items():
            if key in without:
                continue
            lines += [
                f"[contracts.{_slug(key)}]",
                f'kind = "{kind}"',
                f'chain = "{ground.key}"',
                f'address = "{lab.addresses[key]}"',
                f"start_block = {lab.start_blocks[key]}",
                f'label = "{key}"',
                *(f'{role} = "{_slug(target)}"' for role, target in links.items()),
            ]
    return "\n".join(lines) + "\n"


def _slug(key: str) -> str:
    return key.replace("_", "-")
