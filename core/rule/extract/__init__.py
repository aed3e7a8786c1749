"""Fields pulled from a line: JSON, logfmt, or a pattern with named groups. One form a file."""

from core.rule.extract.extractor import Extractor, extractor_of

__all__ = ["Extractor", "extractor_of"]
