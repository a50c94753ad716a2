// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IGovernor, Governor} from "openzeppelin-contracts-4/governance/Governor.sol";
import {GovernorSettings} from "openzeppelin-contracts-4/governance/extensions/GovernorSettings.sol";
import {GovernorVotesComp} from "openzeppelin-contracts-4/governance/extensions/GovernorVotesComp.sol";
import {GovernorTimelockControl} from "openzeppelin-contracts-4/governance/extensions/GovernorTimelockControl.sol";
import {GovernorCompatibilityBravo} from
    "openzeppelin-contracts-4/governance/compatibility/GovernorCompatibilityBravo.sol";
import {TimelockController} from "openzeppelin-contracts-4/governance/TimelockController.sol";
import {ERC20VotesComp} from "openzeppelin-contracts-4/token/ERC20/extensions/ERC20VotesComp.sol";
import {IERC165} from "openzeppelin-contracts-4/utils/introspection/IERC165.sol";

/// The L1 governance, of the older family: Bravo's interface, block numbers, a fixed quorum of
/// For votes. Every rule is the library's own.
contract BridgeGovernor is
    Governor,
    GovernorSettings,
    GovernorCompatibilityBravo,
    GovernorVotesComp,
    GovernorTimelockControl
{
    uint256 private immutable _quorum;

    /// Delay and period are in blocks; threshold and quorum in the token's smallest unit.
    constructor(
        ERC20VotesComp token,
        TimelockController executor,
        uint256 delay,
        uint256 period,
        uint256 threshold,
        uint256 quorum_
    )
        Governor("Bridge Governor")
        GovernorSettings(delay, period, threshold)
        GovernorVotesComp(token)
        GovernorTimelockControl(executor)
    {
        _quorum = quorum_;
    }

    function quorum(uint256) public view override returns (uint256) {
        return _quorum;
    }

    function votingDelay() public view override(IGovernor, GovernorSettings) returns (uint256) {
        return super.votingDelay();
    }

    function votingPeriod() public view override(IGovernor, GovernorSettings) returns (uint256) {
        return super.votingPeriod();
    }

    function proposalThreshold() public view override(Governor, GovernorSettings) returns (uint256) {
        return super.proposalThreshold();
    }

    function state(uint256 id)
        public
        view
        override(Governor, IGovernor, GovernorTimelockControl)
        returns (ProposalState)
    {
        return super.state(id);
    }

    function propose(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        string memory description
    ) public override(Governor, GovernorCompatibilityBravo, IGovernor) returns (uint256) {
        return super.propose(targets, values, calldatas, description);
    }

    function cancel(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) public override(Governor, GovernorCompatibilityBravo, IGovernor) returns (uint256) {
        return super.cancel(targets, values, calldatas, descriptionHash);
    }

    function supportsInterface(bytes4 interfaceId)
        public
        view
        override(Governor, IERC165, GovernorTimelockControl)
        returns (bool)
    {
        return super.supportsInterface(interfaceId);
    }

    function _execute(
        uint256 id,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) {
        super._execute(id, targets, values, calldatas, descriptionHash);
    }

    function _cancel(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) returns (uint256) {
        return super._cancel(targets, values, calldatas, descriptionHash);
    }

    function _executor() internal view override(Governor, GovernorTimelockControl) returns (address) {
        return super._executor();
    }
}
