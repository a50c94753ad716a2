"""The pure core: bytes and integers in, facts or a typed refusal out."""
