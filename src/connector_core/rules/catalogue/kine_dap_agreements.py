"""Prior agreements (demandes d'accord préalable): whose they are, and whether one covers a session.

A session is covered from the day of an express acceptance, or once the caisse has been silent for more than fifteen
days since it received the demand, or the documents it asked for before that. Where a date is unknown, what is certain
is answered and the rest is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from connector_core.model.dossier import Dossier
from connector_core.model.records import Act, PriorAgreement
from connector_core.rules.counting import count
from connector_core.rules.french import jour
from connector_core.rules.kernel import Check

COVER = frozenset(
    {
        "act.performed_on",
        "act.prescription_id",
        "act.treatment_id",
        "prior_agreement.documents_asked_on",
        "prior_agreement.documents_received_on",
        "prior_agreement.prescription_id",
        "prior_agreement.received_on",
        "prior_agreement.replied_on",
        "prior_agreement.reply",
        "prior_agreement.sent_on",
        "prior_agreement.sessions_granted",
        "prior_agreement.treatment_id",
    }
)
"""What `cover` reads beside the counted sessions."""

Standing = Literal["covered", "late_refusal", "refused", "used_up", "incomplete", "pending", "later", "none", "unknown"]

_SPECIFIC: Sequence[Standing] = (
    "covered",
    "unknown",
    "incomplete",
    "pending",
    "used_up",
    "late_refusal",
    "refused",
    "later",
)
"""Of several demands, the one that says most about a session comes first."""


@dataclass(frozen=True, slots=True)
class Cover:
    """What the demands say of one session; `missing` names what would tell where that is unknown."""

    standing: Standing
    agreement: PriorAgreement | None = None
    from_day: date | None = None
    """From when silence is worth acceptance, where that is known."""
    missing: str = ""

    @property
    def reason(self) -> str:
        """Why the session is not covered, in French."""
        agreement = self.agreement
        if agreement is None:
            return "aucune demande d'accord préalable"
        match self.standing:
            case "later":
                return f"demande envoyée après la séance, le {jour(agreement.sent_on)}"
            case "used_up":
                return f"l'accord porte sur {agreement.sessions_granted} séances, déjà faites"
            case "refused":
                return "demande refusée" + ("" if agreement.replied_on is None else f" le {jour(agreement.replied_on)}")
            case "late_refusal":
                return "refus de la caisse plus de quinze jours après la demande"
            case "incomplete":
                return _until(
                    "pièces demandées par la caisse", "reçues", agreement.documents_received_on, self.from_day
                )
            case _:
                return _until("demande sans réponse ce jour-là", "reçue", agreement.received_on, self.from_day)


def _until(what: str, verb: str, received_on: date | None, from_day: date | None) -> str:
    received = "" if received_on is None else f", {verb} le {jour(received_on)}"
    tacit = "" if from_day is None else f" ; l'accord tacite n'est acquis que le {jour(from_day)}"
    return f"{what}{received}{tacit}"


@dataclass(slots=True)
class Uses:
    """How many sessions each agreement has already served; ask about the sessions of a dossier in order."""

    left: dict[str, int] = field(default_factory=dict)

    def take(self, agreement: PriorAgreement) -> bool:
        granted = agreement.sessions_granted
        if granted is None:
            return True
        left = self.left.setdefault(agreement.id, granted)
        self.left[agreement.id] = max(left - 1, 0)
        return left > 0


def cover(check: Check[Dossier], act: Act, uses: Uses) -> Cover:
    """What the demands of the dossier say of one session."""
    found: list[Cover] = []
    loose = False
    for agreement in check.subject.prior_agreements:
        own = belongs(check, agreement, act)
        if own is False:
            continue
        each = _standing_on(check, agreement, act.performed_on)
        if own:
            found.append(each)
        elif each.standing in ("covered", "unknown"):
            loose = True
    for each in found:
        if each.standing == "covered" and (each.from_day is not None or _take(uses, each)):
            return each
    used = [Cover("used_up", each.agreement) for each in found if each.standing == "covered"]
    best = _most_telling((*used, *(each for each in found if each.standing != "covered")))
    if loose and best.standing != "unknown":
        return Cover("unknown", missing="prior_agreement.treatment_id")
    return best


def _take(uses: Uses, each: Cover) -> bool:
    return each.agreement is not None and uses.take(each.agreement)


def _most_telling(found: Iterable[Cover]) -> Cover:
    return min(found, key=lambda each: _SPECIFIC.index(each.standing), default=Cover("none"))


def belongs(check: Check[Dossier], agreement: PriorAgreement, act: Act) -> bool | None:
    """Whether a demand is about the treatment of an act; None when nothing tells."""
    if agreement.treatment_id is not None:
        return None if act.treatment_id is None else agreement.treatment_id == act.treatment_id
    if agreement.prescription_id is None:
        return None
    if agreement.prescription_id == act.prescription_id:
        return True
    owners = check.derive(_prescription_owners).get(agreement.prescription_id)
    if not owners or act.treatment_id is None:
        return None
    return act.treatment_id in owners


def _prescription_owners(check: Check[Dossier]) -> dict[str, set[str]]:
    """The treatments in which each prescription is used."""
    owners: dict[str, set[str]] = {}
    for series in check.derive(count).series:
        for act in series.sessions:
            if act.prescription_id is not None:
                owners.setdefault(act.prescription_id, set()).add(series.treatment_id)
    return owners


def _standing_on(check: Check[Dossier], agreement: PriorAgreement, day: date) -> Cover:
    """What one demand says of a session of that day."""
    if agreement.sent_on > day:
        return Cover("later", agreement)
    silence = timedelta(days=check.number("kine.dap.silence_days", day) + 1)
    received, asked, documents = agreement.received_on, agreement.documents_asked_on, agreement.documents_received_on
    earliest = (received or agreement.sent_on) + silence
    tacit = None if received is None else received + silence
    missing = "prior_agreement.received_on"
    incomplete = asked is not None and asked < earliest
    if asked is not None and incomplete:
        earliest = (documents or asked) + silence
        tacit = None if documents is None else documents + silence
        missing = "prior_agreement.documents_received_on"
    reply, replied_on = agreement.reply, agreement.replied_on
    if reply is not None and replied_on is not None and replied_on <= day:
        if reply == "refused":
            return Cover("late_refusal" if earliest <= replied_on else "refused", agreement)
        if reply == "partial" and agreement.sessions_granted is None:
            return Cover("unknown", agreement, missing="prior_agreement.sessions_granted")
        return Cover("covered", agreement)
    if reply is None and replied_on is not None and replied_on <= day:
        return Cover("unknown", agreement, missing="prior_agreement.reply")
    if reply is None and "prior_agreement.reply" not in check.subject.cabinet.covers:
        return Cover("unknown", agreement, missing="prior_agreement.reply")
    undated = reply is not None and replied_on is None
    if tacit is not None and tacit <= day and not (undated and reply == "refused"):
        return Cover("covered", agreement, tacit)
    if undated and (reply != "refused" or earliest <= day):
        return Cover("unknown", agreement, missing="prior_agreement.replied_on")
    if earliest <= day:
        return Cover("unknown", agreement, missing=missing)
    if undated:
        return Cover("refused", agreement)
    return Cover("incomplete" if asked is not None and incomplete and asked <= day else "pending", agreement, tacit)
