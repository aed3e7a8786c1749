"""The web console: pages rendered by the server, a few small scripts, no build step."""
