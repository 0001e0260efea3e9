"""The transfers by which payers pay a synthetic practice, and the credits of its bank.

Of the returns that came on one day, those of one lot and one payer are paid by one transfer, announced for the first
bank day from then on and booked on the next. What a payer takes back is kept from its next transfer. A return that
names its transfer already is left as it is: no credit is made for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from connector_core.model.records import BankCredit, Coverage, Invoice, PayerReturn, Record
from connector_core.model.vocabulary import Payer
from connector_core.rules.calendar import is_local_holiday, is_working_day

PAYERS: Mapping[str, str] = {
    "019990000": "CPAM DE VALMONTEL",
    "029990000": "MSA DU HAUT VALMONT",
    "919990000": "SECTION LOCALE DES ORMES",
    "99900017": "MUTUELLE DES TILLEULS",
    "99900025": "PREVOYANCE DU MARAIS",
    "99900033": "ENTRAIDE DES SABLONS",
    "99900041": "MUTUELLE DU GRAND PRE",
}
"""Names for the caisses (régime, caisse 999, centre) and complémentaires of synthetic practices: none exists."""

_DAY = timedelta(days=1)
_UNNAMED = dict.fromkeys(("transfer_on", "transfer_label", "paying_body"))


@dataclass(frozen=True, slots=True)
class Transfer:
    """What a payer transfers on a day, and the returns that announce it."""

    on: date
    label: str
    body: str
    amount: Decimal
    returns: tuple[PayerReturn, ...]

    @property
    def booked_on(self) -> date:
        """The day on which the bank books it."""
        return bank_day(self.on + _DAY)


def with_transfers(records: Sequence[Record], today: date, series: str) -> list[Record]:
    """The same records, their payments in transfers, and a credit for each that is booked by today."""
    found, transfers = announced(records, series)
    booked = (transfer for transfer in transfers if transfer.booked_on <= today)
    return [*found, *(credit([transfer]) for transfer in booked)]


def without_transfers(records: Iterable[Record]) -> list[Record]:
    """The same records without transfers and bank credits, to be paid anew."""
    return [
        each.model_copy(update=_UNNAMED) if isinstance(each, PayerReturn) and each.transfer_on is not None else each
        for each in records
        if not isinstance(each, BankCredit)
    ]


def announced(records: Sequence[Record], series: str) -> tuple[list[Record], list[Transfer]]:
    """The same records, their payments in transfers, and these transfers in order. `series` begins their labels."""
    gathered: dict[tuple[date, str, str], list[PayerReturn]] = {}
    body_of = _bodies(records)
    for each in records:
        if isinstance(each, PayerReturn) and each.paid and each.transfer_on is None:
            body = body_of[each.invoice_number, each.payer]
            gathered.setdefault((each.returned_on, body, each.lot_number or ""), []).append(each)
    _keep_back(gathered)
    told: dict[str, PayerReturn] = {}
    transfers: list[Transfer] = []
    for number, ((returned_on, body, _), parts) in enumerate(sorted(gathered.items()), 1):
        on = bank_day(returned_on)
        label = f"NOEMIE {series}{on:%y%m}{number:05d}"
        named = {"transfer_on": on, "transfer_label": label, "paying_body": body}
        paid = tuple(part.model_copy(update=named) for part in parts)
        told.update((part.id, part) for part in paid)
        transfers.append(Transfer(on, label, body, _sum(paid), paid))
    return [told.get(each.id, each) if isinstance(each, PayerReturn) else each for each in records], transfers


def _keep_back(gathered: dict[tuple[date, str, str], list[PayerReturn]]) -> None:
    """Have a payer keep what it takes back from its next transfer that is larger; alone, it would be a debit."""
    for key in [key for key, parts in sorted(gathered.items()) if _sum(parts) < 0]:
        kept = -_sum(gathered[key])
        later = (other for other in sorted(gathered) if other > key and other[1] == key[1])
        after = next((other for other in later if _sum(gathered[other]) > kept), None)
        if after is not None:
            gathered[after] += gathered.pop(key)


def _sum(parts: Iterable[PayerReturn]) -> Decimal:
    return sum((part.paid or Decimal(0) for part in parts), Decimal(0))


def credit(transfers: Sequence[Transfer]) -> BankCredit:
    """The credit of one transfer, or of several of one payer that the bank books together."""
    first = transfers[0]
    name = PAYERS.get(first.body, f"ORGANISME {first.body}")
    references = " ".join(each.label.removeprefix("NOEMIE ") for each in transfers)
    return BankCredit(
        id=f"K{references.partition(' ')[0]}",
        booked_on=first.booked_on,
        amount=sum((each.amount for each in transfers), Decimal(0)),
        label=f"VIR SEPA {name} NOEMIE {references}",
        counterparty=name,
    )


def bank_day(day: date) -> date:
    """The first day from `day` on that is a working day all over France, on which every bank books transfers."""
    while not is_working_day(day) or is_local_holiday(day):
        day += _DAY
    return day


def _bodies(records: Iterable[Record]) -> dict[tuple[str, Payer], str]:
    """By invoice number and part, the caisse of the patient or the complémentaire of the invoice."""
    caisses: dict[str, str] = {}
    found: dict[tuple[str, Payer], str] = {}
    invoices: list[Invoice] = []
    for each in records:
        if isinstance(each, Coverage) and each.payer == "AMO" and each.organisation is not None:
            caisses[each.patient_id] = each.organisation
        elif isinstance(each, Invoice):
            invoices.append(each)
    for each in invoices:
        found[each.number, "AMO"] = caisses[each.patient_id]
        if each.amc_number is not None:
            found[each.number, "AMC"] = each.amc_number
    return found
