"""The light client of an L1: its finality checked by signatures, from a checkpoint of ours."""
