"""Verdicts of other systems, for comparison and never as ours: pure functions of a few published figures.

Each module names where its rule was read. What a system does that we would not is reproduced only on request
(``compatible=True``) or marked in the result.
"""
