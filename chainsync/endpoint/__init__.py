"""Endpoints: the nodes that answer for a chain, none of which is believed on its word alone."""
