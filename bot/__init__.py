"""What people and programs talk to: chat, commands, HTTP, the command line."""
