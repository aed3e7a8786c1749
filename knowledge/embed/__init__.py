"""Embedders: texts to unit vectors, behind one protocol."""
