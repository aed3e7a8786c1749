"""Slash commands: one file a command, the parser, permissions."""
