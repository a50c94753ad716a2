"""Statements of governance that a stranger must be able to recompute."""
