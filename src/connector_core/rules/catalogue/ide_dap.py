"""IDE-DAP: nursing acts that need a prior agreement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Literal

from connector_core.model.dossier import Dossier
from connector_core.model.records import Act, PriorAgreement
from connector_core.rules.calendar import months_later
from connector_core.rules.catalogue.ide_facts import NURSE_ACTS, nurse_acts
from connector_core.rules.catalogue.ide_visits import total
from connector_core.rules.catalogue.kine_facts import Once, codes_of
from connector_core.rules.counting import cotation
from connector_core.rules.french import jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule

_MEDICATION = frozenset({"IDE-administration-medic"})
_EPIDURAL = frozenset({"IDE-analgesique-peridural"})

Standing = Literal["granted", "waiting", "unknown", "undated", "none"]


@rule(
    "IDE-DAP-AP",
    subject="dossier",
    severity="reject",
    reference="NGAP dispositions générales article 7 ; titre XVI chap. I article 10, chap. II article 2",
    confidence="C",
    needs=NURSE_ACTS
    | {
        "act.act_code",
        "act.prescription_id",
        "act.treatment_id",
        "prior_agreement.documents_asked_on",
        "prior_agreement.documents_received_on",
        "prior_agreement.prescription_id",
        "prior_agreement.received_on",
        "prior_agreement.replied_on",
        "prior_agreement.reply",
        "prior_agreement.sent_on",
        "prior_agreement.treatment_id",
    },
    rests_on=("prior_agreement",),
    letters=("AMI",),
)
def prior_agreement(check: Check[Dossier]) -> Iterator[Answer]:
    """L'administration des médicaments au-delà du premier mois demande un accord préalable.

    Vérifie : que les AMI 1,2 d'administration de médicaments au-delà du premier mois, et les injections d'analgésique
    par cathéter péridural, sont couverts par une demande d'accord préalable acceptée, ou restée sans réponse plus de
    quinze jours après sa réception.

    Pourquoi : sans accord, la caisse ne participe pas aux frais.

    Ne s'applique pas : au premier mois, compté de nouveau après une interruption d'un mois ; pendant l'attente de la
    réponse ; entre l'accord tacite et un refus plus tardif ; à un AMI 5 dont la source ne dit pas quel acte il est.

    Exemple : AMI 1,2 au deuxième mois, sans demande ; avec un accord, il convient.

    Paramètres : ide.medication.free_months, ide.agreement.silence_days
    """
    acts = check.derive(nurse_acts).of("AMI")
    medication = [act for act in acts if codes_of(check, act) == _MEDICATION]
    epidural = [act for act in acts if codes_of(check, act) == _EPIDURAL]
    once = Once()
    for subject in (*_beyond_first_month(check, medication), epidural):
        lacking: list[Act] = []
        for act in subject:
            match _standing(check, act):
                case "none":
                    lacking.append(act)
                case "unknown":
                    if once.first("received"):
                        yield Gap(act, ("prior_agreement.received_on",), "la réception d'une demande n'est pas connue")
                case "undated":
                    if once.first("replied"):
                        reason = "le jour du refus n'est pas connu : l'accord tacite était peut-être acquis"
                        yield Gap(act, ("prior_agreement.replied_on",), reason)
                case _:
                    pass
        if lacking:
            first = lacking[0]
            several = len(lacking) > 1
            yield Flag(
                first,
                f"{len(lacking)} acte{'s' if several else ''} {cotation(first)} sans accord préalable, à partir du "
                f"{jour(first.performed_on)}.",
                "Envoyez la demande d'accord préalable avec l'ordonnance ; ne facturez pas avant l'accord.",
                amount=total(lacking),
                evidence=lacking,
            )


def _beyond_first_month(check: Check[Dossier], acts: Sequence[Act]) -> Iterator[list[Act]]:
    """The acts beyond the first month, episode by episode."""
    episode: list[Act] = []
    beyond: list[Act] = []
    for act in acts:
        day = act.performed_on
        if check.peek("ide.medication.free_months", day) is None:
            continue
        months = check.number("ide.medication.free_months", day)
        if episode and day > months_later(episode[-1].performed_on, months):
            yield beyond
            episode, beyond = [], []
        episode.append(act)
        if day >= months_later(episode[0].performed_on, months):
            beyond.append(act)
    yield beyond


def _standing(check: Check[Dossier], act: Act) -> Standing:
    """What the requests sent before an act say of it: the best of them counts."""
    found: Standing = "none"
    for request in check.subject.prior_agreements:
        other = request.prescription_id != act.prescription_id and request.treatment_id not in (None, act.treatment_id)
        if request.sent_on > act.performed_on or other:
            continue
        match _answer(check, request, act):
            case "granted":
                return "granted"
            case "unknown" | "undated" as doubt:
                found = doubt
            case "waiting" if found == "none":
                found = "waiting"
            case _:
                pass
    return found


def _answer(check: Check[Dossier], request: PriorAgreement, act: Act) -> Standing:
    """What one request says of an act done after it was sent.

    Once silence was worth acceptance, documents asked for later change nothing, and a refusal only what follows it.
    """
    if request.reply not in (None, "refused"):
        return "granted"
    silence = timedelta(days=check.number("ide.agreement.silence_days", act.performed_on) + 1)
    since, asked = request.received_on, request.documents_asked_on
    accepted = (since or request.sent_on) + silence
    if asked is not None and asked < accepted:
        since = request.documents_received_on
        if since is None:
            return "none"
        accepted = since + silence
    if request.reply is None:
        if since is None:
            return "unknown"
        return "granted" if check.reached(accepted) else "waiting"
    if act.performed_on < accepted:
        return "none"
    if request.replied_on is None:
        return "undated"
    if request.replied_on < accepted or request.replied_on <= act.performed_on:
        return "none"
    return "unknown" if since is None else "granted"


RULES: tuple[AnyRule, ...] = (prior_agreement,)
