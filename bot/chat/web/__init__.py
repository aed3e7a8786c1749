"""The built-in chat room: a channel for notifications, and HTTP for browsers and scripts."""
