"""Operations on elliptic curves: checked encodings, and fast backends beside the reference."""
