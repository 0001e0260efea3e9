"""KINE-NOM, continued: conditions of particular acts (surgery, territory, age, ALD, prescriber)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from connector_core.model.dossier import Dossier
from connector_core.model.records import Act, Prescription, Record, Treatment
from connector_core.model.vocabulary import Severity
from connector_core.parameters.regions import Region, fold, parts, territory
from connector_core.rules.catalogue.kine_facts import (
    KINE_ACTS,
    OPERATED_BY,
    SUPERSEDED,
    SURGERY,
    Once,
    codes_of,
    kine_acts,
    operated_by,
    prescriptions,
    superseded,
    treatment_of,
)
from connector_core.rules.catalogue.patient_facts import ALD_EXEMPTION, IS_ALD, IS_OPEN, age_on, is_ald, is_open
from connector_core.rules.counting import cotation
from connector_core.rules.french import jour, ordinal
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule

_TERRITORIES = "MK-art1-D-"


_BPCO = frozenset({"MK-art5-readaptation-individuelle", "MK-art5-readaptation-groupe"})


_POLYHANDICAP = "MK-art4-paralysie-cerebrale-polyhandicap"


@rule(
    "KINE-NOM-OPERE",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XIV chap. II article 1 A, B et C ; annexe 2",
    confidence="S+C",
    needs=KINE_ACTS | OPERATED_BY,
    rests_on=("treatment",),
    letters=SURGERY,
)
def operated(check: Check[Dossier]) -> Iterator[Answer]:
    """La lettre-clé dit si la région traitée a été opérée.

    Vérifie : que RAM, RSM, RIM, VSM et VIM sont facturées pour une affection non opérée, et RAO, RSC, RIC, VSC et
    VIC pour une affection opérée.

    Pourquoi : ces lettres-clés distinguent les prises en charge avec et sans chirurgie ; la mauvaise lettre est un
    indu.

    Ne s'applique pas : aux séances faites avant l'intervention, quand sa date est connue.

    Exemple : RIM 8,10 après une opération de la cheville, au lieu de RIC 8,11.

    Paramètres : aucun
    """
    acts = check.derive(kine_acts)
    settled = {each.id: each.operated for each in check.subject.treatments if each.operated_on is None}
    once = Once()
    for letter, needed in SURGERY.items():
        if letter not in acts.letters:
            continue
        unsettled = [batch for batch in acts.letters[letter] if settled.get(batch.treatment_id or "") is not needed]
        for act in acts.acts_of(unsettled):
            treatment = treatment_of(check, act)
            if treatment is None:
                if once.first(None):
                    yield Gap(act, ("act.treatment_id",), "la prise en charge de l'acte n'est pas connue")
                continue
            done = operated_by(treatment, act.performed_on)
            if done is None:
                if once.first(treatment.id):
                    yield Gap(treatment, ("treatment.operated",), "on ne sait pas si la région traitée a été opérée")
            elif done is not needed:
                yield Flag(
                    act,
                    f"{cotation(act)} du {jour(act.performed_on)} est réservé à une affection "
                    f"{'opérée' if needed else 'non opérée'}, or cette prise en charge est "
                    f"{'non opérée' if needed else 'opérée'}.",
                    f"Facturez la cotation « {'sans' if needed else 'avec'} chirurgie » de la même "
                    "région, ou corrigez la "
                    "prise en charge.",
                    amount=act.amount,
                    evidence=(act, treatment),
                )


@rule(
    "KINE-NOM-TERRITOIRE",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XIV chap. II article 1 D",
    confidence="C",
    needs=KINE_ACTS | {"act.act_code", "treatment.region", "treatment.side"},
    rests_on=("treatment",),
    letters=("TER",),
)
def territories(check: Check[Dossier]) -> Iterator[Answer]:
    """TER demande au moins deux territoires qui ne sont ni du même membre, ni tous du rachis.

    Vérifie : que la prise en charge facturée TER (article 1 D) n'est pas limitée aux segments d'un seul membre ou
    du rachis.

    Pourquoi : plusieurs segments d'un même membre ou du rachis ont leur propre cotation, moins élevée.

    Ne s'applique pas : à TER 16 (paralysie cérébrale et polyhandicap) ; à deux membres différents, au tronc avec un
    membre.

    Exemple : TER pour le genou et la cheville du même côté (VIM 8,12 ou VIC 8,12) ; épaule et genou conviennent.

    Paramètres : aucun
    """
    once = Once()
    for act in check.derive(kine_acts).of("TER"):
        if not any(code.startswith(_TERRITORIES) for code in codes_of(check, act)):
            continue
        treatment = treatment_of(check, act)
        if treatment is None:
            if once.first(None):
                yield Gap(act, ("act.treatment_id",), "la prise en charge de l'acte n'est pas connue")
            continue
        regions = None if treatment.region is None else parts(treatment.region)
        if regions is None:
            if once.first(treatment.id):
                yield Gap(treatment, ("treatment.region",), "les régions traitées ne sont pas connues ou pas reconnues")
            continue
        single = _one_limb_or_spine(regions, treatment)
        if single is None:
            if once.first(treatment.id):
                yield Gap(treatment, ("treatment.side",), "le côté n'est pas connu : un seul membre, ou les deux ?")
        elif single:
            where = "le rachis" if territory(regions[0]) == "spine" else "un seul membre"
            yield Flag(
                act,
                f"{cotation(act)} du {jour(act.performed_on)} : les régions traitées sont limitées à {where}.",
                "Facturez la cotation de plusieurs segments du même membre ou du rachis "
                "(VSM, VSC, VIM, VIC, RAM ou RAO).",
                amount=act.amount,
                evidence=(act, treatment),
            )


@rule(
    "KINE-NOM-DRA-AGE",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XIV chap. II article 1 E",
    confidence="C",
    needs=KINE_ACTS | {"patient.birth_date"},
    letters=("DRA",),
)
def deviation_age(check: Check[Dossier]) -> Iterator[Answer]:
    """DRA est réservé aux moins de 18 ans.

    Vérifie : que le patient a moins de 18 ans le jour de chaque acte DRA.

    Pourquoi : la rééducation des déviations du rachis n'a cette cotation que chez les moins de 18 ans.

    Ne s'applique pas : jusqu'à la veille du dix-huitième anniversaire.

    Exemple : DRA 8,09 à 34 ans ; DRA 8,08 à 14 ans est juste.

    Paramètres : kine.dra.age
    """
    acts = check.derive(kine_acts).of("DRA")
    if not acts:
        return
    born = _born(check)
    if born is None:
        yield Gap(acts[0], ("patient.birth_date",), "la date de naissance du patient n'est pas connue")
        return
    for act in acts:
        limit, age = check.number("kine.dra.age", act.performed_on), age_on(born, act.performed_on)
        if age >= limit:
            yield Flag(
                act,
                f"{cotation(act)} du {jour(act.performed_on)} est réservé aux moins de {limit} ans ; "
                f"le patient a {age} ans.",
                "Facturez la cotation de l'affection du rachis (RAM ou RAO).",
                amount=act.amount,
                evidence=_with_patient(check, act),
            )


@rule(
    "KINE-NOM-BPCO",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XIV chap. II article 5",
    confidence="C",
    needs=SUPERSEDED
    | IS_ALD
    | IS_OPEN
    | {"act.act_code", "act.ald_related", "act.prescription_id", "coverage.payer", "invoice.exemption_code"},
    rests_on=("coverage",),
    letters=("ARL",),
)
def copd(check: Check[Dossier]) -> Iterator[Answer]:
    """ARL 28 et ARL 20 demandent une ALD pour BPCO, par séquence de 20 séances.

    Vérifie : qu'une ALD est ouverte le jour de chaque séance de réadaptation respiratoire, et que la séquence d'une
    prise en charge ne dépasse pas 20 séances.

    Pourquoi : l'acte n'est pris en charge qu'au titre de l'ALD pour broncho-pneumopathie chronique obstructive.

    Ne s'applique pas : à une nouvelle séquence sur une autre ordonnance. La règle ne sait pas pour quelle affection
    l'ALD est ouverte.

    Exemple : ARL 28 sans ALD ; ARL 28 avec ALD à la 12e séance est juste.

    Paramètres : kine.bpco.sessions
    """
    acts = [act for act in check.derive(kine_acts).of("ARL") if codes_of(check, act) & _BPCO]
    once = Once()
    for act in acts:
        open_ald = _has_ald(check, act)
        if open_ald is None:
            if once.first("ald"):
                yield Gap(act, ("coverage.kind",), "les droits du patient ne disent pas s'il a une ALD")
        elif not open_ald:
            yield Flag(
                act,
                f"{cotation(act)} du {jour(act.performed_on)} demande une ALD pour BPCO ; "
                + (
                    "aucune n'est ouverte ce jour-là."
                    if act.ald_related is None
                    else "l'acte est noté sans rapport avec une ALD."
                ),
                "Vérifiez les droits (ADRi) ; sans ALD, facturez la rééducation respiratoire de l'article 5."
                if act.ald_related is None
                else "S'il est en rapport avec l'ALD, corrigez l'acte ; sinon facturez la rééducation respiratoire de "
                "l'article 5.",
                fault="ald",
                amount=act.amount,
                evidence=(act, *check.subject.coverages),
            )
    if acts:
        yield from _sequence(check, acts)


@rule(
    "KINE-NOM-TER16",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XIV chap. II article 4",
    confidence="C",
    needs=KINE_ACTS
    | {
        "act.act_code",
        "act.prescription_id",
        "patient.birth_date",
        "prescription.issued_on",
        "prescription.prescriber_finess",
        "prescription.prescriber_structure",
        "prescription.renewal_of",
    },
    rests_on=("prescription",),
    letters=("TER",),
)
def polyhandicap(check: Check[Dossier]) -> Iterator[Answer]:
    """TER 16 est prescrit d'abord par l'établissement ou le service coordonnateur, pour un enfant.

    Vérifie : que l'ordonnance initiale émane d'un établissement ou d'un service sanitaire ou médico-social, et que
    le patient est un enfant.

    Pourquoi : ces deux conditions sont dans le libellé de l'acte.

    Ne s'applique pas : aux renouvellements, qui peuvent venir d'un autre médecin. Le texte ne chiffre pas l'âge :
    de 18 à 19 ans, l'acte est à vérifier.

    Exemple : TER 16 sur la seule ordonnance du médecin généraliste ; celle d'un CAMSP convient.

    Paramètres : kine.ter16.services, kine.ter16.outside, kine.ter16.age, kine.ter16.care_age
    """
    acts = [act for act in check.derive(kine_acts).of("TER") if _POLYHANDICAP in codes_of(check, act)]
    once = Once()
    born = _born(check)
    for act in acts:
        initial = _initial_prescription(check, act)
        by_service = None if initial is None else _from_service(check, initial)
        if by_service is None:
            if once.first(None if initial is None else initial.id):
                missing = "act.prescription_id" if initial is None else "prescription.prescriber_structure"
                reason = "on ne sait pas si l'ordonnance initiale vient de l'établissement ou du service coordonnateur"
                yield Gap(act, (missing,), reason)
        elif not by_service:
            yield Flag(
                act,
                f"{cotation(act)} du {jour(act.performed_on)} : l'ordonnance initiale ne vient pas de "
                "l'établissement ou du service qui coordonne le parcours.",
                "Demandez l'ordonnance initiale au service coordonnateur, ou facturez NMI.",
                fault="prescripteur",
                amount=act.amount,
                evidence=(act,) if initial is None else (act, initial),
            )
        if born is None:
            if once.first("age"):
                yield Gap(act, ("patient.birth_date",), "la date de naissance du patient n'est pas connue")
            continue
        age = age_on(born, act.performed_on)
        if age >= check.number("kine.ter16.age", act.performed_on):
            severity: Severity = "reject" if age >= check.number("kine.ter16.care_age", act.performed_on) else "info"
            yield Flag(
                act,
                f"{cotation(act)} du {jour(act.performed_on)} est réservé aux enfants ; le patient a {age} ans.",
                "À l'âge adulte, facturez NMI (article 4).",
                severity=severity,
                fault="age",
                amount=act.amount,
                evidence=_with_patient(check, act),
            )


def _one_limb_or_spine(regions: Sequence[Region], treatment: Treatment) -> bool | None:
    """Whether the regions are only segments of one limb, or of the spine; None when the side is needed and unknown."""
    kinds = {territory(region) for region in regions}
    if kinds == {"spine"}:
        return True
    if kinds not in ({"upper"}, {"lower"}) or any(region.limbs > 1 for region in regions) or treatment.side == "B":
        return False
    if treatment.side is None:
        return None
    return True


def _born(check: Check[Dossier]) -> date | None:
    return None if check.subject.patient is None else check.subject.patient.birth_date


def _with_patient(check: Check[Dossier], act: Act) -> tuple[Record, ...]:
    return (act,) if check.subject.patient is None else (act, check.subject.patient)


def _has_ald(check: Check[Dossier], act: Act) -> bool | None:
    """Whether an ALD is open on the act's day; None when the rights known that day don't say."""
    if act.ald_related is not None:
        return act.ald_related
    if act.invoice_id is not None:
        invoice = next((each for each in check.subject.invoices if each.id == act.invoice_id), None)
        if invoice is not None and invoice.exemption_code == ALD_EXEMPTION:
            return True
    answers = {
        is_ald(each) for each in check.subject.coverages if each.payer == "AMO" and is_open(each, act.performed_on)
    }
    if True in answers:
        return True
    return None if None in answers else False


def _sequence(check: Check[Dossier], acts: Sequence[Act]) -> Iterator[Answer]:
    """The sessions of a treatment beyond the sequence; another prescription begins another sequence."""
    most = check.number("kine.bpco.sessions")
    acts = [act for act in acts if act.id not in check.derive(superseded)]
    loose = [act for act in acts if act.treatment_id is None]
    if loose and len(acts) > most:
        yield Gap(loose[0], ("act.treatment_id",), "des séances de réadaptation n'indiquent pas leur prise en charge")
    for treatment_id in sorted({act.treatment_id for act in acts if act.treatment_id is not None}):
        done = 0
        prescription: str | None = None
        for act in acts:
            if act.treatment_id != treatment_id:
                continue
            if act.prescription_id is not None and act.prescription_id != prescription:
                done = 0 if prescription is not None else done
                prescription = act.prescription_id
            done += 1
            if done > most:
                yield Flag(
                    act,
                    f"{ordinal(done)} séance {cotation(act)} le {jour(act.performed_on)} ; "
                    f"la séquence est de {most} séances.",
                    "Arrêtez la séquence ou demandez une nouvelle ordonnance ; sinon facturez la rééducation "
                    "respiratoire de l'article 5.",
                    fault="sequence",
                    amount=act.amount,
                    evidence=(act,),
                )


def _initial_prescription(check: Check[Dossier], act: Act) -> Prescription | None:
    """The first prescription of the chain of renewals, None when a link is unknown."""
    known = check.derive(prescriptions)
    seen: set[str] = set()
    name = act.prescription_id
    while name is not None and name not in seen:
        seen.add(name)
        found = known.get(name)
        if found is None:
            return None
        if found.renewal_of is None:
            return found
        name = found.renewal_of
    return None


def _from_service(check: Check[Dossier], initial: Prescription) -> bool | None:
    """Whether a prescription comes from an establishment or a service; None when its origin can't be read."""
    words = set(fold(initial.prescriber_structure or "").replace(".", "").replace(",", " ").split())
    if words & set(check.text("kine.ter16.services", initial.issued_on).split()):
        return True
    if words & set(check.text("kine.ter16.outside", initial.issued_on).split()):
        return False
    return True if initial.prescriber_finess is not None else None


RULES: tuple[AnyRule, ...] = (
    operated,
    territories,
    deviation_age,
    copd,
    polyhandicap,
)
