"""What people do to incidents and silences. Each step checks the status it starts from."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from core.clock import iso
from core.decide.grouping import Grouping
from core.decide.policy import Policy
from core.decide.state import State
from core.errors import Conflict, InvalidInput, NotFound
from core.ids import uuid7
from core.model.incident import Incident
from core.model.matcher import Matcher
from core.model.silence import Silence, SilenceKind
from core.text import say


class People:
    """The steps. `incident` is in the state already: the loop loads old ones first."""

    def __init__(self, policy: Policy, state: State, grouping: Grouping) -> None:
        self._policy = policy
        self._state = state
        self._grouping = grouping
        self._incidents = grouping.incidents

    def _incident(self, number: int) -> Incident:
        incident = self._state.incidents.get(number)
        if incident is None:
            raise NotFound(f"there is no incident INC-{number}; /incidents lists those there are")
        return incident

    def _note(self, incident: Incident, kind: str, now: datetime, by: str, **values: str) -> None:
        text = say(f"timeline.{kind}", self._policy.language, by=by, **values)
        self._incidents.note(incident.number, now, kind, by, text)
        self._incidents.touch(incident, now)

    def acknowledge(
        self, number: int, by: str, comment: str, for_: timedelta | None, now: datetime
    ) -> Incident:
        """triggered → acknowledged; `for_` brings it back by itself. Else Conflict."""
        incident = self._incident(number)
        if incident.status != "triggered":
            who = f" by {incident.acknowledged_by}" if incident.acknowledged_by else ""
            raise Conflict(f"{incident.short_id} is already {incident.status}{who}")
        incident.status = "acknowledged"
        incident.acknowledged_at, incident.acknowledged_by = now, by
        incident.ack_until = now + for_ if for_ else None
        self._note(incident, "acknowledged", now, by, comment=comment)
        self._incidents.acknowledged(incident, now)
        self._grouping.telling.incident_event("incident.acknowledged", incident, now)
        return incident

    def unacknowledge(self, number: int, by: str, comment: str, now: datetime) -> Incident:
        """acknowledged → triggered. Else Conflict."""
        incident = self._incident(number)
        if incident.status != "acknowledged":
            raise Conflict(f"{incident.short_id} is {incident.status}, not acknowledged")
        incident.status, incident.ack_until = "triggered", None
        incident.acknowledged_at, incident.acknowledged_by = None, ""
        self._note(incident, "unacknowledged", now, by, comment=comment)
        self._grouping.remind(incident, now)
        self._grouping.telling.incident_event("incident.unacknowledged", incident, now)
        return incident

    def resolve(self, number: int, by: str, comment: str, now: datetime) -> Incident:
        """triggered or acknowledged → resolved; held while its alerts still fire."""
        incident = self._incident(number)
        if incident.status == "resolved":
            raise Conflict(f"{incident.short_id} is already resolved")
        self._incidents.close(incident, now, by=by, comment=comment)
        return incident

    def reopen(self, number: int, by: str, comment: str, now: datetime) -> Incident:
        """resolved → triggered; Conflict while another incident of its key is open."""
        incident = self._incident(number)
        if incident.status != "resolved":
            raise Conflict(f"{incident.short_id} is {incident.status}, not resolved")
        other = self._state.open_incidents.get(incident.key, number)
        if other != number:
            raise Conflict(f"INC-{other} is open for the same group; work on that one")
        self._incidents.reopen(incident, now, by=by, comment=comment)
        self._grouping.remind(incident, now)
        return incident

    def assign(self, number: int, by: str, to: str, comment: str, now: datetime) -> Incident:
        """Name who works on it."""
        incident = self._incident(number)
        if not to:
            raise InvalidInput("say whom to assign it to")
        incident.assignee = to
        self._note(incident, "assigned", now, by, to=to, comment=comment)
        self._grouping.telling.incident_event("incident.updated", incident, now)
        return incident

    def note(self, number: int, by: str, text: str, now: datetime) -> Incident:
        """Add a line to the timeline."""
        incident = self._incident(number)
        if not text.strip():
            raise InvalidInput("the note is empty")
        self._incidents.note(number, now, "note", by, text)
        self._incidents.touch(incident, now)
        return incident

    def escalate(self, number: int, by: str, comment: str, now: datetime) -> Incident:
        """The next step of its escalation, now; without a policy its receivers are told again.

        Conflict when it is resolved.
        """
        incident = self._incident(number)
        if incident.status == "resolved":
            raise Conflict(f"{incident.short_id} is resolved")
        self._note(incident, "escalated", now, by, comment=comment)
        if not self._grouping.escalations.step_now(incident, by, now):
            self._grouping.tell_again(incident, now)
            self._grouping.telling.incident_event("incident.escalated", incident, now)
        return incident

    def add_silence(
        self,
        matchers: tuple[Matcher, ...],
        starts_at: datetime,
        ends_at: datetime,
        comment: str,
        by: str,
        now: datetime,
        kind: SilenceKind = "silence",
        room: str = "",
    ) -> Silence:
        """A new silence. InvalidInput when it would match everything or is over already.

        One of kind `maintenance` may match everything: what it holds is told afterwards.
        """
        if kind == "silence" and not matchers:
            raise InvalidInput("a silence needs at least one matcher")
        if matchers and all(m.matches({}) for m in matchers):
            raise InvalidInput("every matcher also fits an empty label; this would silence all")
        if ends_at <= now or ends_at <= starts_at:
            raise InvalidInput("a silence must end in the future, after its start")
        silence = Silence(
            id=uuid7(),
            number=self._state.number("SIL"),
            kind=kind,
            matchers=matchers,
            starts_at=starts_at,
            ends_at=ends_at,
            comment=comment,
            created_by=by,
            created_at=now,
            room=room,
        )
        self._state.silences.append(silence)
        self._state.changes.silences.append(silence)
        return silence

    def expire_silence(self, number: int, by: str, now: datetime) -> Silence:
        """End a silence now. Conflict when it is over already."""
        del by  # the audit log has it
        for i, silence in enumerate(self._state.silences):
            if silence.number == number:
                if silence.ends_at <= now:
                    raise Conflict(f"{silence.short_id} has already ended")
                ended = msgspec.structs.replace(
                    silence, ends_at=now, starts_at=min(silence.starts_at, now), updated_at=now
                )
                self._state.silences[i] = ended
                self._state.changes.silences.append(ended)
                self._grouping.ask_again(now)
                return ended
        raise NotFound(f"there is no active silence SIL-{number}")

    def change_silence(
        self,
        number: int,
        matchers: tuple[Matcher, ...],
        starts_at: datetime,
        ends_at: datetime,
        comment: str,
        by: str,
        now: datetime,
    ) -> Silence:
        """Make a silence say something else, by Alertmanager's rule: what it has silenced stays
        true. With other matchers, another beginning once it began, or when it is over, there is a
        new one, and the old one ends."""
        place = next((i for i, s in enumerate(self._state.silences) if s.number == number), None)
        old = self._state.silences[place] if place is not None else None
        begun = old is not None and old.starts_at <= now
        if (
            place is None
            or old is None
            or old.ends_at <= now
            or old.matchers != matchers
            or (starts_at < now if not begun else iso(starts_at) != iso(old.starts_at))
        ):
            kind, room = (old.kind, old.room) if old is not None else ("silence", "")
            starts_at = max(starts_at, now)
            new = self.add_silence(matchers, starts_at, ends_at, comment, by, now, kind, room)
            if old is not None and old.ends_at > now:
                self.expire_silence(number, by, now)
            return new
        if ends_at <= now or ends_at <= starts_at:
            raise InvalidInput("a silence must end in the future, after its start")
        changed = msgspec.structs.replace(
            old,
            starts_at=old.starts_at if begun else starts_at,
            ends_at=ends_at,
            comment=comment,
            created_by=by,
            updated_at=now,
            reminded=old.reminded and ends_at <= old.ends_at,
        )
        self._state.silences[place] = changed
        self._state.changes.silences.append(changed)
        self._grouping.ask_again(now)
        return changed
