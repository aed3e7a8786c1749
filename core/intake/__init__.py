"""How the outside becomes Events: one module a source."""
