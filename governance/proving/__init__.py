"""Proving tallies in the background: when, at which anchor, and what is kept of it."""
