"""What a message of an escalation says besides: which step it is, and whom it calls."""

from __future__ import annotations

from collections.abc import Sequence

from bot.render.escape import Markdown
from bot.render.words import brief, told
from core.model.escalating import Escalation
from core.oncall.roster import Called

_NAME = 60
_NAMED = 10


def escalation_line(mark: Escalation | None, language: str) -> Markdown:
    """The step, and who asked for it if its time had not come; empty when there is none."""
    if mark is None:
        return Markdown()
    kind = "fallback" if mark.step == 0 else "step" if mark.cycle == 1 else "cycle"
    line = told(
        f"render.escalation.{kind}",
        language,
        policy=brief(mark.policy, _NAME, language),
        step=mark.step,
        steps=mark.steps,
        cycle=mark.cycle,
    )
    if not mark.by:
        return line
    by = told("render.escalation.by", language, by=brief(mark.by, _NAME, language))
    return Markdown(f"{line}{by}")


def calls_line(called: Sequence[Called], language: str) -> Markdown:
    """Names, and in which schedule whose turn it is; empty when nobody is called."""
    if not called:
        return Markdown()
    names = Markdown(told("render.and", language).join(_one(c, language) for c in called[:_NAMED]))
    if len(called) > _NAMED:
        names = Markdown(f"{names} +{len(called) - _NAMED}")
    return told("render.escalation.calls", language, names=names)


def _one(called: Called, language: str) -> Markdown:
    name = brief(called.name, _NAME, language)
    if called.schedule:
        key = "render.escalation.on_call" if called.name else "render.escalation.nobody"
        return told(key, language, name=name, schedule=called.schedule)
    return name
