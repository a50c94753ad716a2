"""From calldata to plain sentences, by functions that are known."""
