"""The web console: sign-in and the built-in chat room."""
