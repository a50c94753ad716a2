// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// What the L1 governance decides about the bridge to the venue's chain.
contract BridgeParameters {
    address public governance;
    uint64 public withdrawalDelay;
    uint128 public dailyLimit;
    string public noticeUri;

    event WithdrawalDelaySet(uint64 previous, uint64 value);
    event DailyLimitSet(uint128 previous, uint128 value);
    event NoticeUriSet(string previous, string value);
    event GovernanceSet(address indexed previous, address indexed value);

    error NotGovernance(address caller);
    error ZeroAddress();
    error DelayTooLong(uint64 value, uint64 maximum);

    uint64 public constant MAX_WITHDRAWAL_DELAY = 30 days;

    modifier onlyGovernance() {
        if (msg.sender != governance) revert NotGovernance(msg.sender);
        _;
    }

    /// Delay in seconds, limit in wei a day.
    constructor(address governance_, uint64 withdrawalDelay_, uint128 dailyLimit_) {
        if (governance_ == address(0)) revert ZeroAddress();
        emit GovernanceSet(address(0), governance_);
        emit WithdrawalDelaySet(0, withdrawalDelay_);
        emit DailyLimitSet(0, dailyLimit_);
        governance = governance_;
        withdrawalDelay = withdrawalDelay_;
        dailyLimit = dailyLimit_;
    }

    function setWithdrawalDelay(uint64 value) external onlyGovernance {
        if (value > MAX_WITHDRAWAL_DELAY) revert DelayTooLong(value, MAX_WITHDRAWAL_DELAY);
        emit WithdrawalDelaySet(withdrawalDelay, value);
        withdrawalDelay = value;
    }

    function setDailyLimit(uint128 value) external onlyGovernance {
        emit DailyLimitSet(dailyLimit, value);
        dailyLimit = value;
    }

    function setNoticeUri(string calldata value) external onlyGovernance {
        emit NoticeUriSet(noticeUri, value);
        noticeUri = value;
    }

    function setGovernance(address value) external onlyGovernance {
        if (value == address(0)) revert ZeroAddress();
        emit GovernanceSet(governance, value);
        governance = value;
    }
}
