// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

interface IERC20Transfer {
    function transferFrom(address from, address to, uint256 value) external returns (bool);
}

/// Equips many accounts at once with ether and tokens of the caller.
contract Muster {
    error EtherMismatch(uint256 sent, uint256 needed);
    error EtherRefused(address account);
    error TokensRefused(address account);

    function equip(IERC20Transfer token, address[] calldata accounts, uint256 tokensEach, uint256 weiEach)
        external
        payable
    {
        uint256 needed = weiEach * accounts.length;
        if (msg.value != needed) revert EtherMismatch(msg.value, needed);
        for (uint256 i = 0; i < accounts.length; i++) {
            if (!token.transferFrom(msg.sender, accounts[i], tokensEach)) revert TokensRefused(accounts[i]);
            (bool done,) = accounts[i].call{value: weiEach}("");
            if (!done) revert EtherRefused(accounts[i]);
        }
    }
}
