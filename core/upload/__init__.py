"""Files on their way to object storage: a durable row each, sent by tasks, one module a target."""

from core.upload.uploads import Uploads

__all__ = ["Uploads"]
