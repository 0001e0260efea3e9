"""IDE-MAJ: the surcharge of a single act (MAU)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from connector_core.model.dossier import Dossier
from connector_core.model.letters import NURSE_ACT_LETTERS
from connector_core.model.records import Act
from connector_core.rules.catalogue.ide_facts import FORFAITS, NURSE_ACTS, full_rate, nurse_acts
from connector_core.rules.catalogue.ide_visits import SURCHARGE, day_of, settled, settled_day, worth
from connector_core.rules.catalogue.kine_facts import Once
from connector_core.rules.counting import cotation, decimal_text
from connector_core.rules.french import euros, jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule

_EXCLUDED = frozenset({*FORFAITS, "AMX", "IFI", "MCI"})
"""Letters with which the MAU does not go."""
_BESIDE = frozenset({"DI", "TLL", "TLS", "TLD", "RQD", "PAI"})
"""Acts beside which the text does not say whether an AMI is a single act."""


@rule(
    "IDE-MAJ-MAU",
    subject="dossier",
    severity="reject",
    reference="NGAP dispositions générales article 23.1",
    confidence="C",
    needs=NURSE_ACTS,
    letters=("MAU",),
)
def single_act(check: Check[Dossier]) -> Iterator[Answer]:
    """La majoration d'acte unique (MAU) va avec un seul AMI, de coefficient 1,5 au plus.

    Vérifie : que le passage facturé avec une MAU porte exactement un AMI de coefficient inférieur ou égal à 1,5, sans
    MCI, AMX, forfait BSA, BSB ou BSC, ni IFI.

    Pourquoi : la MAU rémunère l'acte fait seul ; dans les autres cas, c'est un indu.

    Ne s'applique pas : aux jours où l'on ne sait pas à quel passage appartiennent les actes (indéterminé).

    Exemple : AMI 2 et MAU ; AMI 1, AMI 1 et MAU ; AMI 1,5 et MAU conviennent.

    Paramètres : ide.mau.coefficient
    """
    once = Once()
    for passage in check.derive(nurse_acts).passages:
        for act in passage.of("MAU"):
            most = check.decimal("ide.mau.coefficient", passage.day)
            sure = settled(passage)
            around = passage.acts if sure else day_of(check, passage)
            wrong = _not_single(around, most)
            if not wrong:
                continue
            if not sure and any(other.letter == "AMI" and other.coefficient <= most for other in around):
                if once.first("passage"):
                    yield Gap(act, ("act.session_id",), "on ne sait pas avec quels actes du jour va la MAU")
                continue
            yield Flag(
                act,
                f"MAU du {jour(passage.day)} : {wrong}.",
                "Retirez la MAU : elle va avec un seul acte, en AMI 1,5 au plus.",
                fault=SURCHARGE,
                amount=act.amount,
                evidence=(act, *(other for other in around if other is not act)),
            )


def _not_single(acts: Sequence[Act], most: Decimal) -> str:
    """Why acts are not a single act that the MAU goes with, empty when they are."""
    against = sorted({act.letter for act in acts if act.letter in _EXCLUDED})
    if against:
        return f"elle ne se cumule pas avec {', '.join(against)}"
    done = [act for act in acts if act.letter in NURSE_ACT_LETTERS]
    if not any(act.letter == "AMI" for act in done):
        return "le passage ne porte aucun AMI"
    if sum(act.quantity for act in done) > 1:
        return f"le passage porte {sum(act.quantity for act in done)} actes"
    if done[0].coefficient > most:
        return f"{cotation(done[0])} dépasse le coefficient {decimal_text(most)}"
    return ""


@rule(
    "IDE-MAJ-MAU-MANQ",
    subject="dossier",
    severity="revenue",
    reference="NGAP dispositions générales article 23.1",
    confidence="C",
    needs=NURSE_ACTS | {"act.place", "practitioner.zone"},
    letters=("AMI",),
)
def single_act_missing(check: Check[Dossier]) -> Iterator[Answer]:
    """Un acte unique en AMI 1,5 au plus donne lieu à la MAU.

    Vérifie : que le passage qui ne porte qu'un AMI de coefficient inférieur ou égal à 1,5, au cabinet ou au domicile,
    est facturé avec une MAU.

    Pourquoi : la majoration est due et n'est pas demandée.

    Ne s'applique pas : aux passages avec MCI, AMX ou IFI, ni avec un BSI, une téléconsultation ou une demande de
    téléexpertise ; aux jours d'un forfait BSA, BSB ou BSC ; aux actes à demi-tarif ou faits dans un établissement.

    Exemple : AMI 1 seul, sans MAU ; AMI 1 et MAU conviennent.

    Paramètres : tariff, ide.mau.coefficient
    """
    found = check.derive(nurse_acts)
    dependent = {act.performed_on for act in found.acts if act.letter in FORFAITS}
    once = Once()
    for passage in found.passages:
        done = [act for act in passage.acts if act.letter in NURSE_ACT_LETTERS]
        if passage.day in dependent or not done or passage.of("MAU", *_EXCLUDED, *_BESIDE):
            continue
        most = check.peek("ide.mau.coefficient", passage.day)
        if most is None or not any(_due(act, check) for act in done):
            continue
        sure = settled(passage) and settled_day(check, passage)
        if not sure:
            if all(map(full_rate, done)) and once.first("passage"):
                yield Gap(done[0], ("act.session_id",), "on ne sait pas si l'acte était seul lors du passage")
            continue
        if len(done) > 1 or done[0].quantity > 1:
            continue
        (act,) = done
        price = worth(check, "MAU", act)
        yield Flag(
            act,
            f"{cotation(act)} du {jour(passage.day)} est un acte unique facturé sans MAU"
            f"{'' if price is None else f' : {euros(price)} de perte'}.",
            "Ajoutez la MAU à cet acte.",
            amount=price,
            evidence=passage.acts,
        )


def _due(act: Act, check: Check[Dossier]) -> bool:
    """Whether the MAU would be due if the act were alone."""
    return (
        act.letter == "AMI"
        and full_rate(act)
        and act.place != "ETABLISSEMENT"
        and act.coefficient <= check.decimal("ide.mau.coefficient", act.performed_on)
    )


RULES: tuple[AnyRule, ...] = (
    single_act,
    single_act_missing,
)
