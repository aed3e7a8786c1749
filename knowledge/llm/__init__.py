"""The one client of the language model: calls, budget, error classes, checked answers."""

from knowledge.llm.client import Completion, LlmClient, Message
from knowledge.llm.errors import ErrorClass, ModelError

__all__ = ["Completion", "ErrorClass", "LlmClient", "Message", "ModelError"]
