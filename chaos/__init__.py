"""Chaos: the real parts, disturbed on purpose, and compared with a run that nobody disturbed.

It drives the product as people and machines do: by its commands, its workers, its database and
its nodes.
"""
