// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {VotesExtended} from "@openzeppelin/contracts/governance/utils/VotesExtended.sol";
import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";
import {Governor} from "@openzeppelin/contracts/governance/Governor.sol";
import {GovernorVotes} from "@openzeppelin/contracts/governance/extensions/GovernorVotes.sol";
import {GovernorCountingOverridable} from "@openzeppelin/contracts/governance/extensions/GovernorCountingOverridable.sol";

// Overridable counting of OpenZeppelin 5 and the token it needs. Only their code is set, never
// deployed; the order of the token's storage is that of ERC20, ERC20Permit, ERC20Votes.

contract Extended5 is ERC20, EIP712, VotesExtended {
    uint48 private _clock;

    constructor() ERC20("", "") EIP712("Probe", "1") {}

    function clock() public view override returns (uint48) {
        return _clock;
    }

    function CLOCK_MODE() public pure override returns (string memory) {
        return "mode=timestamp";
    }

    function _getVotingUnits(address account) internal view override returns (uint256) {
        return balanceOf(account);
    }
}

contract Overridable5 is Governor, GovernorCountingOverridable {
    constructor() Governor("Probe") GovernorVotes(IVotes(address(1))) {}

    function votingDelay() public pure override returns (uint256) {
        return 1;
    }

    function votingPeriod() public pure override returns (uint256) {
        return 1;
    }

    function quorum(uint256) public pure override returns (uint256) {
        return 0;
    }
}
