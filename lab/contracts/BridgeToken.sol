// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// The voting token of the L1 governance, of the older family: numbered checkpoints in a mapping,
/// 96-bit amounts, block numbers as its clock, a supply that never changes.
///
/// The order of the storage variables is part of the interface: those who prove votes from
/// storage rely on it.
contract BridgeToken {
    struct Checkpoint {
        uint32 fromBlock;
        uint96 votes;
    }

    mapping(address owner => mapping(address spender => uint96)) internal allowances;
    mapping(address owner => uint96) internal balances;
    mapping(address owner => address) public delegates;
    mapping(address delegate => mapping(uint32 index => Checkpoint)) public checkpoints;
    mapping(address delegate => uint32) public numCheckpoints;
    mapping(address owner => uint256) public nonces;

    string public constant name = "Bridge Token";
    string public constant symbol = "BRG";
    uint8 public constant decimals = 18;
    uint256 public constant totalSupply = 10_000_000e18;

    bytes32 public constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,uint256 chainId,address verifyingContract)");
    bytes32 public constant DELEGATION_TYPEHASH =
        keccak256("Delegation(address delegatee,uint256 nonce,uint256 expiry)");

    event Transfer(address indexed from, address indexed to, uint256 amount);
    event Approval(address indexed owner, address indexed spender, uint256 amount);
    event DelegateChanged(address indexed delegator, address indexed fromDelegate, address indexed toDelegate);
    event DelegateVotesChanged(address indexed delegate, uint256 previousBalance, uint256 newBalance);

    error AmountTooLarge(uint256 amount);
    error BalanceTooLow(address owner, uint96 balance, uint96 needed);
    error AllowanceTooLow(address spender, uint96 allowance, uint96 needed);
    error ZeroAddress();
    error BlockNotYetDetermined(uint256 blockNumber);
    error SignatureInvalid();
    error SignatureExpired(uint256 expiry);

    constructor(address holder) {
        balances[holder] = uint96(totalSupply);
        emit Transfer(address(0), holder, totalSupply);
    }

    function balanceOf(address owner) external view returns (uint256) {
        return balances[owner];
    }

    function allowance(address owner, address spender) external view returns (uint256) {
        return allowances[owner][spender];
    }

    /// `type(uint256).max` means: without limit.
    function approve(address spender, uint256 amount) external returns (bool) {
        uint96 value = amount == type(uint256).max ? type(uint96).max : _fit(amount);
        allowances[msg.sender][spender] = value;
        emit Approval(msg.sender, spender, value);
        return true;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        _move(msg.sender, to, _fit(amount));
        return true;
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        uint96 value = _fit(amount);
        uint96 allowed = allowances[from][msg.sender];
        if (msg.sender != from && allowed != type(uint96).max) {
            if (allowed < value) revert AllowanceTooLow(msg.sender, allowed, value);
            allowances[from][msg.sender] = allowed - value;
            emit Approval(from, msg.sender, allowed - value);
        }
        _move(from, to, value);
        return true;
    }

    function delegate(address delegatee) external {
        _delegate(msg.sender, delegatee);
    }

    function delegateBySig(address delegatee, uint256 nonce, uint256 expiry, uint8 v, bytes32 r, bytes32 s) external {
        if (block.timestamp > expiry) revert SignatureExpired(expiry);
        bytes32 domain = keccak256(
            abi.encode(DOMAIN_TYPEHASH, keccak256(bytes(name)), block.chainid, address(this))
        );
        bytes32 statement = keccak256(abi.encode(DELEGATION_TYPEHASH, delegatee, nonce, expiry));
        address signer = ecrecover(keccak256(abi.encodePacked("\x19\x01", domain, statement)), v, r, s);
        if (signer == address(0) || nonce != nonces[signer]) revert SignatureInvalid();
        nonces[signer] = nonce + 1;
        _delegate(signer, delegatee);
    }

    function getCurrentVotes(address account) external view returns (uint96) {
        uint32 count = numCheckpoints[account];
        return count == 0 ? 0 : checkpoints[account][count - 1].votes;
    }

    /// Votes of the account at the end of a block that is already past.
    function getPriorVotes(address account, uint256 blockNumber) external view returns (uint96) {
        if (blockNumber >= block.number) revert BlockNotYetDetermined(blockNumber);
        uint32 low = 0;
        uint32 high = numCheckpoints[account];
        while (low < high) {
            uint32 middle = (low + high) / 2;
            if (checkpoints[account][middle].fromBlock > blockNumber) high = middle;
            else low = middle + 1;
        }
        return high == 0 ? 0 : checkpoints[account][high - 1].votes;
    }

    function _delegate(address delegator, address delegatee) private {
        address previous = delegates[delegator];
        delegates[delegator] = delegatee;
        emit DelegateChanged(delegator, previous, delegatee);
        _moveVotes(previous, delegatee, balances[delegator]);
    }

    function _move(address from, address to, uint96 amount) private {
        if (to == address(0)) revert ZeroAddress();
        if (balances[from] < amount) revert BalanceTooLow(from, balances[from], amount);
        balances[from] -= amount;
        balances[to] += amount;
        emit Transfer(from, to, amount);
        _moveVotes(delegates[from], delegates[to], amount);
    }

    function _moveVotes(address from, address to, uint96 amount) private {
        if (from == to || amount == 0) return;
        if (from != address(0)) _writeVotes(from, false, amount);
        if (to != address(0)) _writeVotes(to, true, amount);
    }

    function _writeVotes(address account, bool gain, uint96 amount) private {
        uint32 count = numCheckpoints[account];
        uint96 previous = count == 0 ? 0 : checkpoints[account][count - 1].votes;
        uint96 value = gain ? previous + amount : previous - amount;
        uint32 current = uint32(block.number);
        if (count > 0 && checkpoints[account][count - 1].fromBlock == current) {
            checkpoints[account][count - 1].votes = value;
        } else {
            checkpoints[account][count] = Checkpoint(current, value);
            numCheckpoints[account] = count + 1;
        }
        emit DelegateVotesChanged(account, previous, value);
    }

    function _fit(uint256 amount) private pure returns (uint96) {
        if (amount > type(uint96).max) revert AmountTooLarge(amount);
        return uint96(amount);
    }
}
