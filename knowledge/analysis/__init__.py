"""What an incident or a log means: by rules at once, by the model when there is one."""
