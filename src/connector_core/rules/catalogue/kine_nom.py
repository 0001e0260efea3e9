"""KINE-NOM: the letter, the coefficient and the date of each kiné act, and the rules of the whole family.

The coefficient identifies the act: it is compared exactly with the tariff table. The other rules of the family are
in `kine_nom_amount`, `kine_nom_acts`, `kine_nom_session` and `kine_nom_day`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from connector_core.model.dossier import Dossier
from connector_core.model.letters import KINE_SESSION_LETTERS, is_bdk
from connector_core.model.records import Act
from connector_core.model.vocabulary import Severity
from connector_core.parameters.tariffs import Spell, Standing, TariffRow
from connector_core.rules.batches import Batch
from connector_core.rules.catalogue import kine_nom_acts, kine_nom_amount, kine_nom_day, kine_nom_session
from connector_core.rules.catalogue.kine_facts import (
    HALVED_BDK,
    KINE_ACTS,
    OLD_LETTERS,
    kine_acts,
    prescriptions,
    treatment_of,
    zone_of,
)
from connector_core.rules.counting import cotation, decimal_text
from connector_core.rules.french import euros, jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule

_VALID, _UNTOLD = {"valid"}, {"undetermined"}
_FAULT = "cotation"
"""The fault of the whole cotation chain, so that one wrong cotation gives one finding."""


@dataclass(slots=True)
class Pairs:
    """The cotations that the tariff table refuses, and those of which it can't tell."""

    wrong: list[tuple[Act, Standing]] = field(default_factory=list)
    untold: list[Act] = field(default_factory=list)


def pairs(check: Check[Dossier]) -> Pairs:
    """Compare each cotation with the tariff table, once for the rules of the chain."""
    found = Pairs()
    untold: set[tuple[str, Decimal, bool]] = set()
    acts = check.derive(kine_acts)
    spells = acts.found.spells(check.tariffs)
    doubtful: list[int] = []
    for batch, each in zip(acts.found.batches, spells, strict=True):
        if batch.letter in KINE_SESSION_LETTERS:
            doubtful.extend(_doubtful(batch, each))
    for act in acts.found.acts_at(sorted(doubtful)):
        standing = check.tariffs.standing(act.letter, act.coefficient, act.performed_on)
        if standing == "valid" or (act.letter == "AMK" and act.coefficient in HALVED_BDK):
            continue
        if standing == "undetermined":
            key = (act.letter, act.coefficient, check.tariffs.complete(act.letter, act.performed_on))
            if key not in untold:
                untold.add(key)
                found.untold.append(act)
        else:
            found.wrong.append((act, standing))
    return found


def _doubtful(batch: Batch, spells: Sequence[Spell]) -> Sequence[int]:
    """The places of a batch's acts whose cotation must be looked at one by one.

    There is none where the cotation is right from the first day to the last; where the table can't tell, the first act
    is enough, since it is told once.
    """
    standings = {spell.standing for spell in spells}
    if standings == _VALID:
        return ()
    return batch.places[:1] if len(spells) == 1 and standings == _UNTOLD else batch.places


@rule(
    "KINE-NOM-PAIRE",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XIV ; annexe 2",
    confidence="C",
    needs=KINE_ACTS,
)
def pair(check: Check[Dossier]) -> Iterator[Answer]:
    """La lettre-clé et le coefficient forment une cotation qui existe à la date de l'acte.

    Vérifie : que le couple lettre-clé et coefficient figure dans la nomenclature le jour de l'acte. Les
    coefficients sont comparés exactement, car ils identifient l'acte : 8,09 et 8,10 sont deux actes différents.

    Pourquoi : une cotation qui n'existe pas est rejetée, ou récupérée comme un indu.

    Ne s'applique pas : aux périodes où le tableau des tarifs n'est pas complet (avant le 22 février 2024, AMK avant
    le 1er juin 2024, AMS, AMC, TMK, article 4 revalorisé à partir du 1er septembre 2026) ; la réponse est alors
    indéterminée. Ni aux lettres-clés d'autres professions (ID-AMP).

    Exemple : RAM 8,5 le 2 mars 2026 n'existe pas ; RAM 8,09 existe.

    Paramètres : tariff, kine.nomenclature.old_letters_until
    """
    found = check.derive(pairs)
    for act, _ in found.wrong:
        yield _refused(
            act,
            f"La cotation {cotation(act)} n'existe pas dans la nomenclature au {jour(act.performed_on)}.",
            "Choisissez dans le titre XIV la cotation de cette prise en charge, puis corrigez la facture.",
        )
    abolished = check.day("kine.nomenclature.old_letters_until") if found.untold else date.max
    for act in found.untold:
        if act.letter in OLD_LETTERS and (is_bdk(act) or act.performed_on > abolished):
            continue  # KINE-NOM-ANCIENNE and KINE-BILAN-LETTRE answer
        yield Gap(
            act,
            ("tariff",),
            f"le tableau des tarifs ne permet pas de dire si {cotation(act)} existait le {jour(act.performed_on)}",
        )


@rule(
    "KINE-NOM-DATE",
    subject="dossier",
    severity="reject",
    reference="avenant 7 (JO 25/08/2023) ; avenant 8 (JO 19/12/2025) ; NGAP titre XIV",
    confidence="S+C",
    needs=KINE_ACTS | {"practitioner.zone"},
)
def period(check: Check[Dossier]) -> Iterator[Answer]:
    """La cotation est en vigueur le jour de l'acte.

    Vérifie : qu'une cotation connue de la nomenclature n'est pas facturée avant son entrée en vigueur ni après sa
    fin.

    Pourquoi : c'est la date de l'acte qui fixe le coefficient ; une cotation d'une autre période est rejetée.

    Ne s'applique pas : à un couple qui est aussi celui d'un autre acte en vigueur ce jour-là. La réponse est
    indéterminée pour une cotation annoncée dont l'entrée en vigueur n'est pas confirmée.

    Exemple : RAM 8,09 le 1er septembre 2025 (il fallait 7,49) ; RAM 7,49 le 31 décembre 2025 est juste.

    Paramètres : tariff
    """
    found = check.derive(pairs)
    for act in found.untold:
        rows = _periods(check, act)
        if rows and all(check.tariffs.announced(row, act.performed_on) is row for row in rows):
            reason = f"l'entrée en vigueur annoncée de {cotation(act)} n'est pas confirmée"
            yield Gap(act, ("tariff",), reason)
    for act, standing in found.wrong:
        if standing != "other_period":
            continue
        rows = _periods(check, act)
        for row in rows:
            check.cite(row.read())
        expected = {
            (other.letter, other.coefficient)
            for row in rows
            if (other := check.tariffs.successor(row, act.performed_on)) is not None
        }
        wanted = " ou ".join(f"{letter} {decimal_text(coefficient)}" for letter, coefficient in sorted(expected))
        yield _refused(
            act,
            f"La cotation {cotation(act)} n'est pas en vigueur le {jour(act.performed_on)} : elle vaut "
            f"{' et '.join(_in_words(row) for row in rows[:2])}.",
            f"Facturez {wanted} à cette date." if wanted else "Facturez la cotation en vigueur le jour de l'acte.",
        )


@rule(
    "KINE-NOM-SOUSCOTE",
    subject="dossier",
    severity="revenue",
    reference="avenant 7 ; avenant 8, préambule (JO 19/12/2025) : revalorisations du 01/01/2026 et du 28/05/2026",
    confidence="C",
    needs=KINE_ACTS | {"practitioner.zone"},
)
def underbilled(check: Check[Dossier]) -> Iterator[Answer]:
    """L'ancien coefficient n'est plus facturé après la revalorisation.

    Vérifie : qu'un acte dont le coefficient a augmenté est facturé au nouveau coefficient.

    Pourquoi : chaque séance à l'ancien coefficient est une perte ; le montant indiqué est la différence des deux
    tarifs.

    Ne s'applique pas : avant la revalorisation, ni quand l'ancien coefficient est celui d'un autre acte en vigueur.
    La réponse est indéterminée après une revalorisation annoncée qui n'est pas confirmée.

    Exemple : RAM 7,49 le 3 février 2026 au lieu de 8,09 : 1,33 € de perte.

    Paramètres : tariff
    """
    found = check.derive(pairs)
    for act in found.untold:
        if any(_raise_announced(check, row, act) for row in _periods(check, act)):
            reason = f"la revalorisation annoncée de {cotation(act)} n'est pas confirmée"
            yield Gap(act, ("tariff",), reason)
    for act, standing in found.wrong:
        if standing != "other_period":
            continue
        zone = zone_of(check, act)
        raised = [
            other
            for row in _periods(check, act)
            if row.until is not None
            and row.until < act.performed_on
            and (other := check.tariffs.successor(row, act.performed_on)) is not None
            and other.coefficient > row.coefficient
        ]
        if not raised:
            continue
        other = min(raised, key=lambda row: row.coefficient)
        check.cite(other.read())
        before = check.tariffs.price(act.letter, act.coefficient, act.performed_on, zone)
        after = check.tariffs.price(other.letter, other.coefficient, act.performed_on, zone)
        loss = None if before is None or after is None else (after[0] - before[0]) * act.quantity
        yield Flag(
            act,
            f"{cotation(act)} du {jour(act.performed_on)} est à l'ancien coefficient"
            f"{'' if loss is None else f' : {euros(loss)} de moins que le tarif en vigueur'}.",
            f"Facturez {other.letter} {decimal_text(other.coefficient)} depuis le {jour(other.since)} ; rectifiez la "
            "facture si elle peut encore l'être.",
            fault=_FAULT,
            amount=loss,
            evidence=(act,),
        )


def _periods(check: Check[Dossier], act: Act) -> tuple[TariffRow, ...]:
    """Every row of an act's cotation in the zone of its practitioner, whatever the date."""
    return check.tariffs.periods(act.letter, act.coefficient, zone_of(check, act))


def _raise_announced(check: Check[Dossier], row: TariffRow, act: Act) -> bool:
    """Whether a cotation that has ended is to be replaced by a higher one, without confirmation."""
    if row.until is None or row.until >= act.performed_on:
        return False
    announced = check.tariffs.announced(row, act.performed_on)
    return announced is not None and announced.coefficient > row.coefficient


@rule(
    "KINE-NOM-ANCIENNE",
    subject="dossier",
    severity="reject",
    reference="décision UNCAM du 14/12/2023 (JO 08/02/2024) ; période de transition du 22/02/2024 au 31/05/2024",
    confidence="S",
    needs=KINE_ACTS | {"act.prescription_id", "prescription.issued_on", "treatment.started_on"},
    letters=OLD_LETTERS,
)
def old_letter(check: Check[Dossier]) -> Iterator[Answer]:
    """AMS et AMC ne sont plus facturées.

    Vérifie : qu'aucun acte n'est facturé en AMS ou AMC après le 31 mai 2024 ; et, entre le 22 février et le 31 mai
    2024, que la prise en charge a commencé avant le 22 février 2024 et que l'ordonnance n'a pas été renouvelée
    depuis.

    Pourquoi : ces lettres-clés sont supprimées ; la transition ne valait que pour les soins en cours.

    Ne s'applique pas : avant le 22 février 2024 ; aux bilans-diagnostics (KINE-BILAN-LETTRE).

    Exemple : AMS 7,5 le 2 avril 2024 pour une prise en charge commencée le 1er mars 2024.

    Paramètres : kine.nomenclature.since, kine.nomenclature.old_letters_until
    """
    acts = check.derive(kine_acts)
    old = [acts.letters[letter] for letter in OLD_LETTERS if letter in acts.letters]
    if not old:
        return
    since, until = check.day("kine.nomenclature.since"), check.day("kine.nomenclature.old_letters_until")
    asked: set[str] = set()
    recent = ([batch for batch in batches if acts.found.span(batch)[1] >= since] for batches in old)
    for act in (act for batches in recent for act in acts.acts_of(batches)):
        if act.performed_on < since or is_bdk(act):
            continue
        if act.performed_on > until:
            yield _refused(
                act,
                f"{cotation(act)} du {jour(act.performed_on)} : la lettre-clé {act.letter} est supprimée, sans "
                f"tolérance depuis le {jour(until + timedelta(days=1))}.",
                "Facturez la lettre-clé de la nouvelle nomenclature.",
            )
            continue
        treatment = treatment_of(check, act)
        if treatment is None:
            if "" not in asked:
                asked.add("")
                reason = (
                    "la prise en charge est inconnue, on ne sait pas si elle a commencé avant la nouvelle nomenclature"
                )
                yield Gap(act, ("act.treatment_id",), reason)
        elif treatment.started_on >= since:
            yield _refused(
                act,
                f"{cotation(act)} du {jour(act.performed_on)} : la prise en charge a commencé le "
                f"{jour(treatment.started_on)}, après l'entrée en vigueur de la nouvelle nomenclature.",
                "Facturez la lettre-clé de la nouvelle nomenclature.",
            )
        elif (renewed := _renewed(check, act, since)) is None:
            if treatment.id not in asked:
                asked.add(treatment.id)
                reason = (
                    "l'ordonnance de l'acte est inconnue, on ne sait pas si elle a été renouvelée depuis le changement"
                )
                yield Gap(act, ("act.prescription_id",), reason)
        elif renewed:
            yield _refused(
                act,
                f"{cotation(act)} du {jour(act.performed_on)} : l'ordonnance est postérieure au {jour(since)}.",
                "Après un renouvellement, facturez la lettre-clé de la nouvelle nomenclature.",
            )


@rule(
    "KINE-NOM-AMK-RESTE",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XIV chap. I et chap. IV ; décision UNCAM du 14/12/2023",
    confidence="C",
    needs=KINE_ACTS,
    letters=("AMK",),
)
def amk_left(check: Check[Dossier]) -> Iterator[Answer]:
    """AMK ne facture plus que les bilans et la balnéothérapie.

    Vérifie : que, depuis le 1er juin 2024, AMK n'est facturé qu'aux coefficients des bilans et du supplément de
    balnéothérapie en vigueur le jour de l'acte.

    Pourquoi : les séances ont leurs propres lettres-clés ; AMK 8 ou AMK 9 sont rejetés.

    Ne s'applique pas : avant le 1er juin 2024.

    Exemple : AMK 8 le 10 janvier 2025 ; AMK 10,7 est juste.

    Paramètres : tariff, kine.nomenclature.old_letters_until
    """
    wrong = [act for act, _ in check.derive(pairs).wrong if act.letter == "AMK"]
    if not wrong:
        return
    until = check.day("kine.nomenclature.old_letters_until")
    for act in wrong:
        if act.performed_on > until:
            yield _refused(
                act,
                f"{cotation(act)} du {jour(act.performed_on)} : AMK ne facture plus que les bilans et la "
                "balnéothérapie, aux coefficients en vigueur ce jour-là.",
                "Facturez la séance sous sa lettre-clé, le bilan ou la balnéothérapie à son coefficient du jour.",
            )


@rule(
    "KINE-NOM-RPE6",
    subject="dossier",
    severity="reject",
    reference="avenant 7 ; NGAP titre XIV chap. II article 9 : RPE 8,5",
    confidence="C",
    needs=KINE_ACTS | {"practitioner.zone"},
    letters=("RPE",),
)
def rpe_removed(check: Check[Dossier]) -> Iterator[Answer]:
    """RPE 6 est supprimé, la déambulation du sujet âgé se facture RPE 8,5.

    Vérifie : qu'aucun RPE 6 n'est facturé depuis le 1er janvier 2026.

    Pourquoi : l'acte n'existe plus ; facturé moins cher que RPE 8,5, il fait perdre la différence, facturé plus
    cher, il est rejeté.

    Ne s'applique pas : jusqu'au 31 décembre 2025.

    Exemple : RPE 6 le 1er février 2026 : 5,53 € de perte.

    Paramètres : tariff, kine.rpe.removed_coefficient, kine.rpe.coefficient
    """
    wrong = [act for act, standing in check.derive(pairs).wrong if act.letter == "RPE" and standing == "other_period"]
    if not wrong:
        return
    removed, kept = check.decimal("kine.rpe.removed_coefficient"), check.decimal("kine.rpe.coefficient")
    for act in wrong:
        if act.coefficient != removed:
            continue
        day, zone = act.performed_on, zone_of(check, act)
        old = check.tariffs.price("RPE", removed, day, zone)
        new = check.tariffs.price("RPE", kept, day, zone)
        difference: Decimal | None = None
        severity: Severity = "reject"
        if old is not None and new is not None:
            check.cite(new[1])
            billed = old[0] * act.quantity if act.amount is None else act.amount
            difference = abs(new[0] * act.quantity - billed)
            severity = "revenue" if billed < new[0] * act.quantity else "reject"
        lost = "" if difference is None or severity == "reject" else f", {euros(difference)} de perte"
        yield Flag(
            act,
            f"{cotation(act)} du {jour(day)} : cet acte est supprimé{lost}.",
            f"Facturez RPE {decimal_text(kept)}.",
            severity=severity,
            fault=_FAULT,
            amount=difference,
            evidence=(act,),
        )


def _refused(act: Act, message: str, action: str) -> Flag:
    """A line that the caisse refuses for its cotation; its amount is at stake."""
    return Flag(act, message, action, fault=_FAULT, amount=act.amount, evidence=(act,))


def _renewed(check: Check[Dossier], act: Act, since: date) -> bool | None:
    """Whether the act's prescription was written since the change; None when the act does not say which it is."""
    known = check.derive(prescriptions)
    if act.prescription_id is not None and act.prescription_id in known:
        return known[act.prescription_id].issued_on >= since
    later = any(since <= each.issued_on <= act.performed_on for each in known.values())
    return None if later or act.prescription_id is not None else False


def _in_words(row: TariffRow) -> str:
    if not row.confirmed:
        return f"à partir du {jour(row.since)} (annoncé)"
    return f"à partir du {jour(row.since)}" if row.until is None else f"du {jour(row.since)} au {jour(row.until)}"


RULES: tuple[AnyRule, ...] = (
    pair,
    period,
    underbilled,
    kine_nom_amount.amount,
    old_letter,
    amk_left,
    rpe_removed,
    *kine_nom_acts.RULES,
    *kine_nom_session.RULES,
    *kine_nom_day.RULES,
)
