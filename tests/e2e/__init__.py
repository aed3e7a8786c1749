"""End to end, with programs beyond pip: a real Alertmanager, a real browser."""
