"""Benchmarks: commands, not tests. `make bench` runs all and writes bench/results/*.json."""
