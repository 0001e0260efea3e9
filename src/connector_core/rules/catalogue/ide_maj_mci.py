"""IDE-MAJ: the surcharge of coordination (MCI)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connector_core.model.dossier import Dossier
from connector_core.model.records import Act
from connector_core.rules.catalogue.ide_facts import NURSE_ACTS, nurse_acts
from connector_core.rules.catalogue.ide_visits import (
    SURCHARGE,
    at_home,
    day_of,
    prescribed_by,
    settled,
    settled_day,
    worth,
)
from connector_core.rules.catalogue.kine_facts import Once, codes_of
from connector_core.rules.counting import cotation
from connector_core.rules.french import euros, jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule

_WOUND_ASSESSMENT = "IDE-bilan-plaie-lourde"
_HEAVY = frozenset(
    {
        "IDE-pansement-lourd-4",
        "IDE-diab-pansement-lourd",
        "IDE-pansement-ulcere-compression",
        "IDE-tpn-pose",
        "IDE-tpn-additionnel",
    }
)
"""The dressings of titre XVI chap. I article 3 and chap. II article 5 bis."""


@rule(
    "IDE-MAJ-MCI",
    subject="dossier",
    severity="reject",
    reference="NGAP dispositions générales article 23.2",
    confidence="C",
    needs=NURSE_ACTS | {"act.act_code", "act.place", "act.prescription_id", "prescription.palliative"},
    letters=("MCI",),
)
def coordination(check: Check[Dossier]) -> Iterator[Answer]:
    """La majoration de coordination (MCI) va avec un pansement lourd ou des soins palliatifs, à domicile.

    Vérifie : que l'acte est fait à domicile, et que le passage porte un pansement lourd et complexe ou que l'ordonnance
    est celle d'un patient en soins palliatifs.

    Pourquoi : hors de ces cas, la majoration est un indu.

    Ne s'applique pas : au bilan de plaie AMI 11 (IDE-ACT-BILANPLAIE) ; à une cotation qui peut être celle d'un
    pansement lourd.

    Exemple : MCI et AMI 2,02 ; MCI et AMI 4 à domicile conviennent.

    Paramètres : aucun
    """
    once = Once()
    for passage in check.derive(nurse_acts).passages:
        for act in passage.of("MCI"):
            around = passage.acts if settled(passage) else day_of(check, passage)
            home = at_home((act,)) if act.place is not None else at_home(passage.acts)
            if home is False:
                yield Flag(
                    act,
                    f"MCI du {jour(passage.day)} pour un acte fait hors du domicile.",
                    "Retirez la MCI, ou corrigez le lieu de l'acte.",
                    fault=SURCHARGE,
                    amount=act.amount,
                    evidence=(act,),
                )
                continue
            codes = frozenset[str]().union(*(codes_of(check, other) for other in _dressings(around)))
            if _WOUND_ASSESSMENT in codes:
                continue
            if codes.isdisjoint(_HEAVY):
                prescribed = prescribed_by(check, around)
                told = {each.palliative for each in (*prescribed, *check.subject.prescriptions)}
                if True in told:
                    pass
                elif not prescribed or None in told:
                    if once.first("palliative"):
                        yield Gap(act, ("prescription.palliative",), "on ne sait pas si les soins sont palliatifs")
                    continue
                else:
                    yield Flag(
                        act,
                        f"MCI du {jour(passage.day)} sans pansement lourd ni soins palliatifs.",
                        "Retirez la MCI, ou corrigez la cotation du pansement.",
                        fault=SURCHARGE,
                        amount=act.amount,
                        evidence=(act, *(other for other in around if other is not act), *prescribed),
                    )
                    continue
            if home is None and once.first("place"):
                yield Gap(act, ("act.place",), "le lieu de l'acte n'est pas connu")


def _dressings(acts: Sequence[Act]) -> list[Act]:
    """The acts under letters that a dressing may bear."""
    return [act for act in acts if act.letter in ("AMI", "AMX")]


@rule(
    "IDE-MAJ-MCI-MANQ",
    subject="dossier",
    severity="revenue",
    reference="NGAP dispositions générales article 23.2",
    confidence="C",
    needs=NURSE_ACTS | {"act.act_code", "act.place", "practitioner.zone"},
    letters=("AMI", "AMX"),
)
def coordination_missing(check: Check[Dossier]) -> Iterator[Answer]:
    """Un pansement lourd et complexe à domicile donne lieu à la MCI.

    Vérifie : que le passage à domicile qui porte un pansement lourd et complexe est facturé avec une MCI.

    Pourquoi : la majoration est due, une fois par passage, et n'est pas demandée.

    Ne s'applique pas : au passage qui porte le bilan de plaie AMI 11 ; aux actes faits au cabinet ou en établissement.
    Une cotation qui désigne aussi d'autres actes (AMI 4) est indéterminée tant que l'acte n'est pas précisé.

    Exemple : pansement lourd AMI 4 à domicile, sans MCI ; AMI 11 à domicile convient.

    Paramètres : tariff
    """
    found = check.derive(nurse_acts)
    once = Once()
    for passage in found.passages:
        if passage.of("MCI"):
            continue
        done = [(act, codes_of(check, act)) for act in _dressings(passage.acts)]
        heavy = [(act, codes) for act, codes in done if not codes.isdisjoint(_HEAVY)]
        if not heavy or any(_WOUND_ASSESSMENT in codes for _, codes in done):
            continue
        home = at_home(passage.acts)
        if home is False:
            continue
        act = next((act for act, codes in heavy if codes <= _HEAVY), None)
        if act is None:
            if once.first("code"):
                yield Gap(heavy[0][0], ("act.act_code",), "la cotation peut être celle d'un pansement lourd")
        elif home is None:
            if once.first("place"):
                yield Gap(act, ("act.place",), "le lieu du pansement n'est pas connu")
        elif not settled_day(check, passage) and any(other.letter == "MCI" for other in day_of(check, passage)):
            if once.first("passage"):
                yield Gap(act, ("act.session_id",), "on ne sait pas avec quel passage du jour va la MCI")
        else:
            price = worth(check, "MCI", act)
            yield Flag(
                act,
                f"Pansement lourd à domicile ({cotation(act)}) du {jour(passage.day)} facturé sans MCI"
                f"{'' if price is None else f' : {euros(price)} de perte'}.",
                "Ajoutez la MCI à ce passage.",
                amount=price,
                evidence=passage.acts,
            )


RULES: tuple[AnyRule, ...] = (
    coordination,
    coordination_missing,
)
