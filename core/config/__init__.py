"""Typed settings: loading, validation, all problems at once."""

from core.config.load import load_settings
from core.config.settings import Settings

__all__ = ["Settings", "load_settings"]
