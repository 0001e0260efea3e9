"""What a finding says of the motifs of a reject: as received, and explained where they are known."""

from __future__ import annotations

from collections.abc import Sequence

from connector_core.model.records import PayerReturn
from connector_core.parameters.motifs import Motif, RejectMotifs, as_received

_UNKNOWN = "Cherchez ce que ce motif veut dire (retour, logiciel ou organisme), corrigez, puis renvoyez la facture."
_NOT_TOLD = "Cherchez la cause auprès de l'organisme, corrigez-la, puis renvoyez la facture."


def motif_of(motifs: RejectMotifs, reject: PayerReturn) -> Motif | None:
    """What the motif of a return means; None where it is unknown, or where the return gives none."""
    return motifs.find(reject.payer, reject.reject_code, reject.reject_label)


def motifs_said(motifs: RejectMotifs, rejects: Sequence[PayerReturn]) -> str:
    """The motifs of the returns that reject one part of an invoice, as received; what is unknown is said to be."""
    said: dict[tuple[str, str], None] = {}
    for each in rejects:
        received = as_received(each.reject_code, each.reject_label)
        if received is None:
            continue
        known = motif_of(motifs, each) is not None
        said["Motif reçu" if known else "Motif inconnu de connector, tel que reçu", received] = None
    if not said:
        return "Le retour ne donne pas de motif."
    return " ".join(f"{how} : « {received} »." for how, received in said)


def what_to_do(motifs: RejectMotifs, rejects: Sequence[PayerReturn]) -> str:
    """What to do about a reject, then its usual cause, for each motif that is known."""
    known = dict.fromkeys(motif for each in rejects if (motif := motif_of(motifs, each)) is not None)
    if known:
        return " ".join(f"{each.action} Cause habituelle : {each.cause}." for each in known)
    told = any(as_received(each.reject_code, each.reject_label) is not None for each in rejects)
    return _UNKNOWN if told else _NOT_TOLD
