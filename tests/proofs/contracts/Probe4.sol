// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import "openzeppelin-contracts-4/governance/Governor.sol";
import "openzeppelin-contracts-4/governance/compatibility/GovernorCompatibilityBravo.sol";
import "openzeppelin-contracts-4/governance/extensions/GovernorTimelockControl.sol";
import "openzeppelin-contracts-4/governance/extensions/GovernorPreventLateQuorum.sol";

// As Probe5, for OpenZeppelin 4.9 with Bravo compatibility. Only its code is set, never deployed.
contract Controlled4 is
    Governor,
    GovernorCompatibilityBravo,
    GovernorPreventLateQuorum,
    GovernorTimelockControl
{
    uint48 private _clock;
    uint256 private _quorum;

    constructor()
        Governor("Probe")
        GovernorPreventLateQuorum(0)
        GovernorTimelockControl(TimelockController(payable(address(1))))
    {}

    function clock() public view override returns (uint48) {
        return _clock;
    }

    function CLOCK_MODE() public pure override returns (string memory) {
        return "mode=blocknumber&from=default";
    }

    function votingDelay() public pure override returns (uint256) {
        return 1;
    }

    function votingPeriod() public pure override returns (uint256) {
        return 1;
    }

    function quorum(uint256) public view override returns (uint256) {
        return _quorum;
    }

    function _getVotes(address, uint256, bytes memory) internal pure override returns (uint256) {
        return 0;
    }

    function allows(address proposer, string memory description) external view returns (bool) {
        return _isValidDescriptionForProposer(proposer, description);
    }

    function state(uint256 id)
        public
        view
        override(Governor, IGovernor, GovernorTimelockControl)
        returns (ProposalState)
    {
        return super.state(id);
    }

    function proposalDeadline(uint256 id)
        public
        view
        override(IGovernor, Governor, GovernorPreventLateQuorum)
        returns (uint256)
    {
        return super.proposalDeadline(id);
    }

    function propose(address[] memory t, uint256[] memory v, bytes[] memory c, string memory d)
        public
        override(Governor, GovernorCompatibilityBravo, IGovernor)
        returns (uint256)
    {
        return super.propose(t, v, c, d);
    }

    function cancel(address[] memory t, uint256[] memory v, bytes[] memory c, bytes32 d)
        public
        override(Governor, GovernorCompatibilityBravo, IGovernor)
        returns (uint256)
    {
        return super.cancel(t, v, c, d);
    }

    function _castVote(uint256 id, address a, uint8 s, string memory r, bytes memory p)
        internal
        override(Governor, GovernorPreventLateQuorum)
        returns (uint256)
    {
        return super._castVote(id, a, s, r, p);
    }

    function _execute(uint256 id, address[] memory t, uint256[] memory v, bytes[] memory c, bytes32 d)
        internal
        override(Governor, GovernorTimelockControl)
    {
        super._execute(id, t, v, c, d);
    }

    function _cancel(address[] memory t, uint256[] memory v, bytes[] memory c, bytes32 d)
        internal
        override(Governor, GovernorTimelockControl)
        returns (uint256)
    {
        return super._cancel(t, v, c, d);
    }

    function _executor() internal view override(Governor, GovernorTimelockControl) returns (address) {
        return super._executor();
    }

    function supportsInterface(bytes4 id)
        public
        view
        override(Governor, IERC165, GovernorTimelockControl)
        returns (bool)
    {
        return super.supportsInterface(id);
    }
}
