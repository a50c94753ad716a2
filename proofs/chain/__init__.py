"""What chains commit to: RLP, tries, block headers, receipts and their blooms."""
