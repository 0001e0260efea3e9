"""IDE-MAJ: how many surcharges a passage bears."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_UP

from connector_core.model.dossier import Dossier
from connector_core.parameters.tariffs import CENT
from connector_core.rules.catalogue.ide_facts import NURSE_ACTS, nurse_acts
from connector_core.rules.catalogue.ide_visits import NIGHT_LETTERS, SUNDAY_LETTERS, settled
from connector_core.rules.catalogue.kine_facts import Once
from connector_core.rules.french import jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule

_KINDS = (SUNDAY_LETTERS, NIGHT_LETTERS, frozenset({"MCI"}), frozenset({"MAU"}), frozenset({"MIE"}))
"""Surcharges of which a passage bears one at most."""


@rule(
    "IDE-MAJ-NUITDIM",
    subject="dossier",
    severity="reject",
    reference="NGAP dispositions générales article 14 (« une majoration ») ; Espace infirmier n° 275",
    confidence="C",
    needs=NURSE_ACTS,
    letters=NIGHT_LETTERS,
)
def night_and_sunday(check: Check[Dossier]) -> Iterator[Answer]:
    """La majoration de nuit et celle de dimanche ne se cumulent pas.

    Vérifie : qu'un passage n'est pas facturé avec la majoration de nuit et celle de dimanche ou de jour férié.

    Pourquoi : un acte donne lieu à une seule de ces majorations.

    Ne s'applique pas : à deux passages du même jour.

    Exemple : MD et MN un dimanche à 21 h ; MN seule convient.

    Paramètres : aucun
    """
    once = Once()
    for passage in check.derive(nurse_acts).passages:
        nights, sundays = passage.of(*NIGHT_LETTERS), passage.of(*SUNDAY_LETTERS)
        if not nights or not sundays:
            continue
        if not settled(passage):
            if once.first("passage"):
                yield Gap(sundays[0], ("act.session_id",), "on ne sait pas si les majorations sont du même passage")
            continue
        yield Flag(
            sundays[0],
            f"Majorations de nuit et de dimanche ou de jour férié pour un seul passage, le {jour(passage.day)}.",
            "Gardez une seule des deux majorations.",
            amount=sundays[0].amount,
            evidence=(sundays[0], *nights),
        )


@rule(
    "IDE-MAJ-UNE",
    subject="dossier",
    severity="reject",
    reference="NGAP dispositions générales articles 14, 23.1, 23.2 et 23.5 ; Espace infirmier n° 275",
    confidence="C",
    needs=NURSE_ACTS,
    letters=frozenset[str]().union(*_KINDS),
)
def once_a_passage(check: Check[Dossier]) -> Iterator[Answer]:
    """Une majoration se facture une fois par passage, et non par acte.

    Vérifie : que la même majoration (dimanche, nuit, MCI, MAU, MIE) n'est pas facturée deux fois dans un passage.

    Pourquoi : la majoration est due pour l'intervention, quel que soit le nombre d'actes ; la seconde est un indu.

    Ne s'applique pas : à deux majorations différentes (IDE-MAJ-NUITDIM, IDE-MAJ-MAU).

    Exemple : deux MD dans le même passage ; une MD convient.

    Paramètres : aucun
    """
    once = Once()
    for passage in check.derive(nurse_acts).passages:
        for kind in _KINDS:
            same = passage.of(*kind)
            if sum(act.quantity for act in same) < 2:
                continue
            if not settled(passage):
                if once.first("passage"):
                    yield Gap(same[-1], ("act.session_id",), "on ne sait pas si les majorations sont du même passage")
                continue
            for place, act in enumerate(same):
                extra = act.quantity - (place == 0)
                if not extra:
                    continue
                amount = act.amount
                if amount is not None:
                    amount = (amount * extra / act.quantity).quantize(CENT, ROUND_HALF_UP)
                yield Flag(
                    act,
                    f"{act.letter} du {jour(passage.day)} facturée plus d'une fois pour le même passage.",
                    "Gardez une seule majoration pour ce passage.",
                    amount=amount,
                    evidence=same,
                )


RULES: tuple[AnyRule, ...] = (
    night_and_sunday,
    once_a_passage,
)
