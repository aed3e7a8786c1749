"""What chat shows: notifications and replies as text, per platform."""
