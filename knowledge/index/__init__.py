"""The index: documents cut into passages, found by their words and by their meaning."""
