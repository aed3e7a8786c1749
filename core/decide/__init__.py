"""The decision pipeline: which alerts people must know of, when, and why."""
