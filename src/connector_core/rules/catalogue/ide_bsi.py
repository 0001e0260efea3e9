"""IDE-BSI: no package and no DI without a BSI that is entered in time and closed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from connector_core.model.dossier import Dossier
from connector_core.model.records import Act, Bsi
from connector_core.rules.catalogue import ide_bsi_di, ide_bsi_forfait, ide_bsi_level, ide_bsi_term
from connector_core.rules.catalogue.ide_bsi_facts import (
    BILANS,
    CLOSED_FROM,
    PACKAGES,
    VALIDITIES,
    Validity,
    bilans,
    closed_by,
    closed_from,
    covering,
    draft_on,
    expired_on,
    invoiced_on,
    named,
    packages,
    validities,
    validity_on,
)
from connector_core.rules.catalogue.ide_facts import FORFAITS
from connector_core.rules.catalogue.kine_facts import Once
from connector_core.rules.french import jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule

_LETTERS = (*FORFAITS, "DI")
_DAY = timedelta(days=1)


@rule(
    "IDE-BSI-OBLIG",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XVI chap. I article 12 ; ameli.fr, Bilan de soins infirmiers",
    confidence="S+C",
    needs=PACKAGES | CLOSED_FROM | VALIDITIES | {"invoice.closed_on"},
    rests_on=("bsi",),
    letters=FORFAITS,
)
def required(check: Check[Dossier]) -> Iterator[Answer]:
    """Un forfait BSA, BSB ou BSC repose sur un BSI clôturé.

    Vérifie : qu'un BSI couvre le jour du forfait, saisi au plus tard dans la semaine qui suit le soin, et clôturé
    quand le forfait est facturé.

    Pourquoi : la cotation du forfait est subordonnée à l'élaboration du BSI ; sans lui, le forfait est un indu.

    Ne s'applique pas : au BSI échu (IDE-BSI-VALIDITE) ; pendant la semaine laissée pour saisir le BSI, tant que le
    forfait n'est pas facturé.

    Exemple : BSB sans aucun BSI ; BSB avec un BSI clôturé convient.

    Paramètres : ide.bsi.entry_deadline, ide.bsi.validity, ide.bsi.doctor_delay
    """
    for act in check.derive(packages):
        day, billed = act.performed_on, invoiced_on(check, act)
        known = covering(check, day)
        if known:
            if closed_by(check, known, billed):
                continue
            text = "est facturé avant la clôture du BSI"
        elif expired_on(check, day) is not None:
            continue
        else:
            week = timedelta(days=check.number("ide.bsi.entry_deadline", day))
            if billed is None and not check.reached(day + week + _DAY):
                continue
            text = "ne repose sur aucun BSI"
        yield Flag(
            act,
            f"{named(act)} du {jour(day)} {text}.",
            "Saisissez et clôturez le BSI avant de facturer le forfait.",
            amount=act.amount,
            evidence=(act, *(each.bsi for each in known)),
        )


@rule(
    "IDE-BSI-BROUILLON",
    subject="dossier",
    severity="reject",
    reference="ameli.fr, Bilan de soins infirmiers (17/09/2024)",
    confidence="S",
    needs=BILANS,
    rests_on=("bsi",),
    letters=_LETTERS,
)
def draft(check: Check[Dossier]) -> Iterator[Answer]:
    """Un BSI en brouillon ne permet de facturer ni le bilan ni le forfait.

    Vérifie : que le DI et les forfaits ne reposent pas sur un BSI resté en brouillon.

    Pourquoi : un BSI en mode brouillon n'est pas valide ; il faut le clôturer pour facturer.

    Ne s'applique pas : quand un autre BSI, ouvert ou clôturé, couvre le jour du forfait.

    Exemple : DI 2,5 alors que le BSI est en brouillon ; le BSI clôturé convient.

    Paramètres : ide.bsi.entry_deadline, ide.bsi.validity, ide.bsi.di_initial, ide.bsi.di_following, ide.bsi.di_window
    """
    for act in check.derive(packages):
        found = None if covering(check, act.performed_on) else draft_on(check, act.performed_on)
        if found is not None:
            yield _draft(act, found)
    for bilan in check.derive(bilans):
        if bilan.act is not None and bilan.bsi is not None and bilan.bsi.status == "draft":
            yield _draft(bilan.act, bilan.bsi)


def _draft(act: Act, bsi: Bsi) -> Flag:
    return Flag(
        act,
        f"{named(act)} du {jour(act.performed_on)} : le BSI du {jour(bsi.entered_on)} est en brouillon.",
        "Clôturez le BSI avant de facturer.",
        amount=act.amount,
        evidence=(act, bsi),
    )


@rule(
    "IDE-BSI-CLOTURE-MEDECIN",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XVI chap. I article 12 ; ameli.fr, Bilan de soins infirmiers",
    confidence="S+C",
    needs=BILANS | CLOSED_FROM | {"invoice.closed_on"},
    rests_on=("bsi.doctor_replied_on",),
    letters=_LETTERS,
)
def closing(check: Check[Dossier]) -> Iterator[Answer]:
    """Le forfait et le DI se facturent après la réponse du médecin, ou cinq jours après la saisie.

    Vérifie : que la facture n'est pas antérieure à la clôture du BSI : le médecin a répondu, ou son délai est passé.

    Pourquoi : sans réponse du médecin, le BSI est clôturé automatiquement au bout de cinq jours ; avant, rien n'est
    facturable. Une remarque du médecin après ce délai n'oblige ni à modifier le BSI ni à le renvoyer.

    Ne s'applique pas : à l'acte qui n'est pas encore facturé ; quand un BSI clôturé couvre déjà le jour. Le BSI
    répondu mais laissé ouvert est une information.

    Exemple : forfait facturé le 2e jour sans réponse ; facturé le 6e jour, il convient.

    Paramètres : ide.bsi.doctor_delay, ide.bsi.entry_deadline, ide.bsi.validity, ide.bsi.di_initial,
    ide.bsi.di_following, ide.bsi.di_window
    """
    once = Once()
    found = [(act, [each.bsi for each in covering(check, act.performed_on)]) for act in check.derive(packages)]
    for bilan in check.derive(bilans):
        if bilan.act is not None and bilan.bsi is not None and bilan.bsi.status != "draft":
            found.append((bilan.act, [bilan.bsi]))
    for act, bsis in found:
        if not bsis:
            continue
        days = [closed_from(check, bsi) for bsi in bsis]
        billed = invoiced_on(check, act)
        if billed is None:
            missing = "invoice" if act.invoice_id is not None else "act.invoice_id"
            unknown = act.invoice_id is not None or missing not in check.subject.cabinet.covers
            if unknown and min(days) > act.performed_on and once.first(missing):
                yield Gap(act, (missing,), "le jour de facturation de l'acte n'est pas connu")
            continue
        if min(days) > billed:
            yield Flag(
                act,
                f"{named(act)} du {jour(act.performed_on)} est facturé le {jour(billed)}, avant la clôture du "
                f"BSI (le {jour(min(days))} au plus tôt).",
                "Attendez la réponse du médecin, ou la fin de son délai, puis refacturez.",
                amount=act.amount,
                evidence=(act, *bsis),
            )
        elif all(_left_open(check, bsi) for bsi in bsis) and once.first("open"):
            yield Flag(
                act,
                f"Le médecin a répondu au BSI du {jour(bsis[-1].entered_on)}, qui est encore ouvert.",
                "Clôturez le BSI dans l'outil.",
                severity="info",
                evidence=(act, bsis[-1]),
            )


def _left_open(check: Check[Dossier], bsi: Bsi) -> bool:
    """Whether the doctor answered in time and the BSI was not closed since."""
    reply = bsi.doctor_replied_on
    return bsi.status == "open" and bsi.closed_on is None and reply is not None and closed_from(check, bsi) == reply


@rule(
    "IDE-BSI-SEMAINE",
    subject="dossier",
    severity="reject",
    reference="ameli.fr, Bilan de soins infirmiers (17/09/2024)",
    confidence="S",
    needs=PACKAGES | CLOSED_FROM | VALIDITIES | {"bsi.first_care_on", "invoice.closed_on"},
    rests_on=("bsi",),
)
def first_week(check: Check[Dossier]) -> Iterator[Answer]:
    """Le BSI est saisi dans la semaine qui suit le premier soin de dépendance.

    Vérifie : que sept jours au plus séparent le premier soin et la saisie du BSI initial, et que les forfaits de
    cette semaine ne sont facturés qu'après la clôture.

    Pourquoi : les soins peuvent commencer avant la saisie, mais le bilan est fait dans un délai maximum d'une
    semaine.

    Ne s'applique pas : après un BSI échu (IDE-BSI-VALIDITE).

    Exemple : premier soin le 1er mars, BSI saisi le 12 mars ; saisi le 7 mars, il convient.

    Paramètres : ide.bsi.entry_deadline, ide.bsi.validity, ide.bsi.doctor_delay
    """
    if not check.subject.bsis:
        return
    late: set[str] = set()
    for act in check.derive(packages):
        day = act.performed_on
        if expired_on(check, day) is not None:
            continue
        found = validity_on(check, day)
        if found is None:
            later = _next_base(check, day)
            if later is None:
                continue
            late.add(later.bsi.id)
            yield Flag(
                act,
                f"{named(act)} du {jour(day)} : le BSI n'a été saisi que le {jour(later.bsi.entered_on)}, "
                f"{(later.bsi.entered_on - day).days} jours après.",
                "Retirez le forfait : le BSI se saisit dans la semaine qui suit le premier soin.",
                amount=act.amount,
                evidence=(act, later.bsi),
            )
        elif found.bsi.entered_on > day:
            billed = invoiced_on(check, act)
            if billed is not None and not closed_by(check, covering(check, day), billed):
                yield Flag(
                    act,
                    f"{named(act)} du {jour(day)}, avant la saisie du BSI, est facturé avant sa clôture.",
                    "Facturez les forfaits de la première semaine une fois le BSI clôturé.",
                    amount=act.amount,
                    evidence=(act, found.bsi),
                )
    for each in check.derive(validities):
        bsi = each.bsi
        if bsi.kind != "initial" or each.draft or bsi.first_care_on is None or bsi.id in late:
            continue
        if bsi.first_care_on < each.first:
            yield Flag(
                bsi,
                f"Premier soin le {jour(bsi.first_care_on)}, BSI saisi le {jour(bsi.entered_on)} : plus de "
                f"{(bsi.entered_on - each.first).days} jours.",
                "Vérifiez la date du premier soin ; le BSI se saisit dans la semaine qui suit.",
                evidence=(bsi,),
            )


def _next_base(check: Check[Dossier], day: date) -> Validity | None:
    """The first BSI entered after a day, drafts and BSI intermédiaires left out."""
    return next(
        (each for each in check.derive(validities) if each.base and not each.draft and each.bsi.entered_on > day), None
    )


RULES: tuple[AnyRule, ...] = (
    required,
    draft,
    closing,
    first_week,
    *ide_bsi_term.RULES,
    *ide_bsi_di.RULES,
    *ide_bsi_forfait.RULES,
    *ide_bsi_level.RULES,
)
