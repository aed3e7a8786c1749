"""Conditions that look over time: how often, how much more than before, not at all, new, changed.

One condition a file. Each is pure: it is handed what was seen, with its moment, and the rule's
memory; it answers whether the rule speaks up. What it remembers is bounded and committed with
the fold. The fold asks `conditions.py`.
"""
