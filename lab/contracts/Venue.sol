// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// A small derivatives venue: markets and their parameters, without the trading.
///
/// Governance (a timelock) lists markets, sets parameters and unpauses; the guardian (a Safe) may
/// only pause. Ratios are in basis points of one: 10_000 is 1x or 100 %.
contract Venue {
    struct Market {
        bool listed;
        bool paused;
        uint32 maxLeverageBps;
        uint32 maintenanceMarginBps;
        uint32 takerFeeBps;
    }

    uint32 public constant MAX_LEVERAGE_BPS = 1_000_000;
    uint32 public constant MAX_MARGIN_BPS = 10_000;
    uint32 public constant MAX_TAKER_FEE_BPS = 500;

    address public governance;
    address public guardian;
    mapping(bytes32 market => Market) public markets;
    bytes32[] private _marketIds;

    event MarketListed(
        bytes32 indexed market, uint32 maxLeverageBps, uint32 maintenanceMarginBps, uint32 takerFeeBps
    );
    event MaxLeverageSet(bytes32 indexed market, uint32 previous, uint32 value);
    event MaintenanceMarginSet(bytes32 indexed market, uint32 previous, uint32 value);
    event TakerFeeSet(bytes32 indexed market, uint32 previous, uint32 value);
    event MarketPaused(bytes32 indexed market, address indexed by);
    event MarketUnpaused(bytes32 indexed market, address indexed by);
    event GovernanceSet(address indexed previous, address indexed value);
    event GuardianSet(address indexed previous, address indexed value);

    error NotGovernance(address caller);
    error NotGuardian(address caller);
    error ZeroAddress();
    error MarketUnknown(bytes32 market);
    error MarketAlreadyListed(bytes32 market);
    error MarketAlreadyPaused(bytes32 market);
    error MarketNotPaused(bytes32 market);
    error ParameterOutOfRange(string parameter, uint32 value, uint32 minimum, uint32 maximum);

    modifier onlyGovernance() {
        if (msg.sender != governance) revert NotGovernance(msg.sender);
        _;
    }

    constructor(address governance_, address guardian_) {
        _setGovernance(governance_);
        _setGuardian(guardian_);
    }

    /// List a market that nobody listed before; it starts unpaused.
    function listMarket(bytes32 market, uint32 maxLeverageBps, uint32 maintenanceMarginBps, uint32 takerFeeBps)
        external
        onlyGovernance
    {
        if (markets[market].listed) revert MarketAlreadyListed(market);
        _check("maxLeverageBps", maxLeverageBps, 10_000, MAX_LEVERAGE_BPS);
        _check("maintenanceMarginBps", maintenanceMarginBps, 1, MAX_MARGIN_BPS);
        _check("takerFeeBps", takerFeeBps, 0, MAX_TAKER_FEE_BPS);
        markets[market] = Market(true, false, maxLeverageBps, maintenanceMarginBps, takerFeeBps);
        _marketIds.push(market);
        emit MarketListed(market, maxLeverageBps, maintenanceMarginBps, takerFeeBps);
    }

    function setMaxLeverage(bytes32 market, uint32 value) external onlyGovernance {
        _check("maxLeverageBps", value, 10_000, MAX_LEVERAGE_BPS);
        Market storage entry = _listed(market);
        emit MaxLeverageSet(market, entry.maxLeverageBps, value);
        entry.maxLeverageBps = value;
    }

    function setMaintenanceMargin(bytes32 market, uint32 value) external onlyGovernance {
        _check("maintenanceMarginBps", value, 1, MAX_MARGIN_BPS);
        Market storage entry = _listed(market);
        emit MaintenanceMarginSet(market, entry.maintenanceMarginBps, value);
        entry.maintenanceMarginBps = value;
    }

    function setTakerFee(bytes32 market, uint32 value) external onlyGovernance {
        _check("takerFeeBps", value, 0, MAX_TAKER_FEE_BPS);
        Market storage entry = _listed(market);
        emit TakerFeeSet(market, entry.takerFeeBps, value);
        entry.takerFeeBps = value;
    }

    /// Several calls to this contract in one, all or none.
    function batch(bytes[] calldata calls) external onlyGovernance {
        for (uint256 i = 0; i < calls.length; i++) {
            (bool done, bytes memory returned) = address(this).delegatecall(calls[i]);
            if (!done) {
                assembly ("memory-safe") {
                    revert(add(returned, 32), mload(returned))
                }
            }
        }
    }

    function pauseMarket(bytes32 market) external {
        if (msg.sender != guardian && msg.sender != governance) revert NotGuardian(msg.sender);
        Market storage entry = _listed(market);
        if (entry.paused) revert MarketAlreadyPaused(market);
        entry.paused = true;
        emit MarketPaused(market, msg.sender);
    }

    function unpauseMarket(bytes32 market) external onlyGovernance {
        Market storage entry = _listed(market);
        if (!entry.paused) revert MarketNotPaused(market);
        entry.paused = false;
        emit MarketUnpaused(market, msg.sender);
    }

    function setGovernance(address value) external onlyGovernance {
        _setGovernance(value);
    }

    function setGuardian(address value) external onlyGovernance {
        _setGuardian(value);
    }

    function marketIds() external view returns (bytes32[] memory) {
        return _marketIds;
    }

    function _setGovernance(address value) private {
        if (value == address(0)) revert ZeroAddress();
        emit GovernanceSet(governance, value);
        governance = value;
    }

    function _setGuardian(address value) private {
        if (value == address(0)) revert ZeroAddress();
        emit GuardianSet(guardian, value);
        guardian = value;
    }

    function _listed(bytes32 market) private view returns (Market storage entry) {
        entry = markets[market];
        if (!entry.listed) revert MarketUnknown(market);
    }

    function _check(string memory parameter, uint32 value, uint32 minimum, uint32 maximum) private pure {
        if (value < minimum || value > maximum) revert ParameterOutOfRange(parameter, value, minimum, maximum);
    }
}
