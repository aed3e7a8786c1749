"""Chat: what tells people, and hears them. One folder a platform."""
