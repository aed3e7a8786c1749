"""The settings of escalation policies: what happens while nobody acknowledges an incident."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.config.units import Duration


class EscalationSection(BaseModel):
    """Base of these settings: unknown keys are mistakes, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class EscalationStep(EscalationSection):
    """After how long without an acknowledgement whom to tell, counted from the trigger.

    notify: receivers or channels; none are those of the incident's route. mention: people, or
    schedules (`primary`, or `@primary` where a person has that name too).
    """

    after: Duration
    notify: list[str] = Field([], max_length=50)
    mention: list[str] = Field([], max_length=50)


class EscalationPolicy(EscalationSection):
    """Steps by time; `repeat` times more. A critical incident goes to `fallback` after the last.

    fallback: a receiver; empty is that of the top route. fallback_after: counted from the last
    step; left out it is as long as the last step waited.
    """

    name: str = Field(min_length=1, max_length=64)
    steps: list[EscalationStep] = Field(min_length=1, max_length=50)
    repeat: int = Field(0, ge=0, le=100)
    fallback: str = ""
    fallback_after: Duration | None = None

    @model_validator(mode="after")
    def _in_order(self) -> EscalationPolicy:
        waits = [step.after for step in self.steps]
        if waits != sorted(waits):
            raise ValueError("each step's after counts from the trigger, so they must not go back")
        if self.repeat and waits[-1] < timedelta(seconds=1):
            raise ValueError("to repeat, the last step's after must be 1s or more")
        return self
