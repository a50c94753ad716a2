"""The lab: two local chains with real contracts and a scripted life.

It is imported by nothing else in the project; everything else knows it by HTTP, by chain and by
its command line (``python -m lab``).
"""
