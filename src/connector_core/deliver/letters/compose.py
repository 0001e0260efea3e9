"""From the next step of a debtor, or a quote that is due, to a draft: the values that a template is given.

Letters to patients name the patient and their invoices, and say nothing of the care. Letters to payers name invoices
and lots, no patient. An id of our own is in no draft: a name that no source gives is left to be filled in. An amount
that is not known is in no draft.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import partial

from connector_core.deliver.french import WIDE, count, day, euros, short_day
from connector_core.deliver.letters.draft import Block, Draft, Medium, Row, Sender, Signatures, Table
from connector_core.deliver.letters.templating import SIGNATURES, TABLE, Templates, Value, Written
from connector_core.errors import ConfigurationError
from connector_core.model.records import Act, Patient, Practitioner
from connector_core.model.vocabulary import ReminderChannel
from connector_core.money.ledger import Debt
from connector_core.money.quotes import QuoteDue
from connector_core.money.reminders import Claim, NextStep, Step, Tone
from connector_core.rules.catalogue.patient_facts import age_on
from connector_core.rules.counting import cotation
from connector_core.rules.parts import Debtor

_ADULT = 18
_KINDS: Mapping[Debtor, str] = {"PATIENT": "patient", "AMO": "caisse", "AMC": "complementaire"}
_PAYERS: Mapping[Debtor, str] = {"AMO": "Caisse d’assurance maladie", "AMC": "Organisme complémentaire"}
_MEDIA: Mapping[ReminderChannel, Medium] = {"email": "email", "letter": "letter", "sms": "sms", "phone": "phone"}
_UNNAMED = "Nom du praticien à compléter"
_SAMPLE_DAY = date(2026, 3, 2)
_SAMPLE_STEPS: tuple[tuple[ReminderChannel, Tone], ...] = (
    ("letter", "cordial"),
    ("letter", "ferme"),
    ("letter", "dernier"),
    ("sms", "cordial"),
    ("phone", "cordial"),
)
_UNSAFE = re.compile(r"[^a-z0-9]+")
_LONGEST = 30


@dataclass(frozen=True)
class Composer:
    """Writes the drafts of one day. `patients` and `practitioners` are by id; whom it does not know goes unnamed."""

    sender: Sender
    templates: Templates
    written_on: date
    patients: Mapping[str, Patient] = field(default_factory=dict)
    practitioners: Mapping[str, Practitioner] = field(default_factory=dict)

    def reminder(self, step: Step, each: NextStep) -> Draft:
        """The draft of a step. Raises `ConfigurationError` where its template is wrong."""
        template = _template(step, each.debtor)
        who = self._recipient(each)
        written = self.templates.write(template, self._values(each, who))
        name = file_name(self.written_on, f"relance-{step.level}", f"{_KINDS[each.debtor]}-{each.debtor_id}")
        return self._draft(name, _MEDIA[step.channel], who, written, self._invoices(each))

    def quote(self, due: QuoteDue) -> Draft:
        """The draft of a quote. Raises `ConfigurationError` where its template is wrong."""
        patient = self.patients.get(due.patient_id)
        born = None if patient is None else patient.birth_date
        who = _patient_name(patient)
        values: dict[str, Value] = {
            **self._sender_values(),
            "patient": who,
            "naissance": "" if born is None else day(born),
            "praticien": self._practitioner(due.practitioner_id),
            "actes": TABLE,
            "total": euros(due.total),
            "depassement": euros(due.excess),
            "signatures": SIGNATURES,
        }
        written = self.templates.write("devis", values)
        name = file_name(self.written_on, "devis", f"{due.patient_id}-{due.practitioner_id}")
        return self._draft(name, "quote", (who,), written, _acts(due))

    def _draft(self, name: str, medium: Medium, who: tuple[str, ...], written: Written, table: Table) -> Draft:
        special: Mapping[str, Block] = {
            TABLE: table,
            SIGNATURES: Signatures(("Le praticien", "Le patient ou son représentant légal")),
        }
        blocks = tuple(special.get(each, each) for each in written.paragraphs)
        return Draft(name, medium, self.sender, who, self.written_on, written.subject, blocks)

    def _values(self, each: NextStep, who: tuple[str, ...]) -> dict[str, Value]:
        reminded = [claim.reminded_on for claim in each.claims if claim.reminded_on is not None]
        values: dict[str, Value] = {
            **self._sender_values(),
            "destinataire": " ".join(who),
            "factures": TABLE,
            "nombre": len(each.claims),
            "total": euros(each.total),
            "depuis": day(each.since),
            "rappel": day(max(reminded)) if reminded else "",
        }
        if each.debtor == "PATIENT":
            values["civilite"] = self._salutation(self.patients.get(each.debtor_id))
            values["reglement"] = self.sender.payment or "Ce règlement peut se faire au cabinet."
        else:
            values["civilite"] = "Madame, Monsieur"
            ids = dict.fromkeys(claim.debt.practitioner_id for claim in each.claims)
            values["praticiens"] = "\n".join(dict.fromkeys(map(self._practitioner, ids)))
        return values

    def _sender_values(self) -> dict[str, Value]:
        sender = self.sender
        phone = (sender.phone or "").replace(" ", WIDE)
        ways = [f"au {phone}" if phone else "", f"à l'adresse {sender.email}" if sender.email else ""]
        reach = " ou ".join(filter(None, ways))
        return {
            "cabinet": sender.name,
            "telephone": phone,
            "courriel": sender.email or "",
            "date": day(self.written_on),
            "delai": count(sender.reply_within.days, "jour"),
            "date_limite": day(self.written_on + sender.reply_within),
            "joindre": f"vous pouvez nous joindre {reach}" if reach else "vous pouvez vous adresser au cabinet",
        }

    def _recipient(self, each: NextStep) -> tuple[str, ...]:
        if each.debtor == "PATIENT":
            patient = self.patients.get(each.debtor_id)
            name = _patient_name(patient)
            return ("Aux représentants légaux de", name) if self._minor(patient) else (name,)
        return _PAYERS[each.debtor], f"n° {each.debtor_id.rpartition(':')[2]}"

    def _salutation(self, patient: Patient | None) -> str:
        if patient is None or patient.sex is None or self._minor(patient):
            return "Madame, Monsieur"
        return "Madame" if patient.sex == "F" else "Monsieur"

    def _minor(self, patient: Patient | None) -> bool:
        born = None if patient is None else patient.birth_date
        return born is not None and age_on(born, self.written_on) < _ADULT

    def _practitioner(self, practitioner_id: str) -> str:
        known = self.practitioners.get(practitioner_id)
        if known is None:
            return _UNNAMED
        name = " ".join(part for part in (known.given_name, (known.family_name or "").upper()) if part)
        number = f"n° AM {known.am_number}" if known.am_number else f"RPPS {known.rpps}" if known.rpps else ""
        return ", ".join(part for part in (name, number) if part) or _UNNAMED

    def _invoices(self, each: NextStep) -> Table:
        if each.debtor == "PATIENT":
            return Table(
                ("Facture", "Date", "Dernier rappel", "Reste à régler"),
                tuple(_patient_row(claim) for claim in each.claims),
                euros(each.total),
            )
        several = len({claim.debt.practitioner_id for claim in each.claims}) > 1
        heads = ("Facture", "Lot", "Demandée le", *(("Praticien",) if several else ()), "Reste dû")
        rows = tuple(self._payer_row(claim, several=several) for claim in each.claims)
        return Table(heads, rows, euros(each.total))

    def _payer_row(self, claim: Claim, *, several: bool) -> Row:
        debt, amount = claim.debt, _amount(claim)
        lot = claim.lot or "–"
        who = (self._practitioner(debt.practitioner_id),) if several else ()
        within = f", lot n° {claim.lot}" if claim.lot else ""
        text = (
            f"facture n° {debt.number}{within}, demandée le {short_day(debt.since)}{', '.join(('', *who))} : {amount}"
        )
        return Row((debt.number, lot, short_day(debt.since), *who, amount), text)


def wrong_templates(templates: Templates, sender: Sender) -> Iterator[ConfigurationError]:
    """What is wrong in each template, tried on an invented debtor that was reminded before and on one that was not."""
    composer = Composer(sender, templates, _SAMPLE_DAY)
    told: set[str] = set()
    for make in _samples(composer):
        try:
            make()
        except ConfigurationError as error:
            if str(error) not in told:
                told.add(str(error))
                yield error


def _samples(composer: Composer) -> Iterator[Callable[[], Draft]]:
    for debtor in _KINDS:
        for reminded_on in (None, _SAMPLE_DAY):
            debt = Debt(debtor, "0", "0", "0", "0", "0", Decimal("1.00"), _SAMPLE_DAY, "waiting")
            claims = (Claim(debt, 0, reminded_on),) * (1 if reminded_on is None else 2)
            for channel, tone in _SAMPLE_STEPS:
                step = Step(1, timedelta(1), channel, tone, Decimal(0))
                each = NextStep(debtor, "0", "due", step, _SAMPLE_DAY, claims, (), "low", ())
                yield partial(composer.reminder, step, each)
    act = Act(id="0", patient_id="0", practitioner_id="0", performed_on=_SAMPLE_DAY, letter="X", coefficient=Decimal(1))
    yield partial(composer.quote, QuoteDue("0", "0", _SAMPLE_DAY, (act,), Decimal(1), Decimal(1), (), True))


def file_name(written_on: date, what: str, whom: str) -> str:
    """The name of a file without its ending: the day, what it is, and the id of whom it is for.

    Never a person's name: names of files show in lists of recent documents, in backups and in attachments. Characters
    that a file system may refuse or confuse are left out, and a digest then keeps two ids apart.
    """
    plain = _UNSAFE.sub("-", whom.lower()).strip("-")[:_LONGEST].strip("-")
    if plain != whom:
        plain = f"{plain}-{hashlib.blake2b(whom.encode(), digest_size=3).hexdigest()}"
    return f"{written_on.isoformat()}-{what}-{plain}"


def _template(step: Step, debtor: Debtor) -> str:
    """The template of a step; a call or an sms has one for every tone."""
    match step.channel:
        case "sms":
            return "sms"
        case "phone":
            return "appel" if debtor == "PATIENT" else "appel-organisme"
        case "email" | "letter":
            return f"{_KINDS[debtor]}-{step.tone}"


def _patient_row(claim: Claim) -> Row:
    debt, amount = claim.debt, _amount(claim)
    reminded = "" if claim.reminded_on is None else short_day(claim.reminded_on)
    text = f"facture n° {debt.number} du {short_day(debt.since)} : {amount}"
    return Row((debt.number, short_day(debt.since), reminded or "–", amount), text)


def _amount(claim: Claim) -> str:
    if claim.debt.amount is None:
        raise ValueError("a debt of unknown amount is in no letter")
    return euros(claim.debt.amount)


def _acts(due: QuoteDue) -> Table:
    return Table(("Acte", "Dont dépassement", "Honoraires"), tuple(map(_act_row, due.acts)), euros(_sum(due.acts)))


def _act_row(act: Act) -> Row:
    name = f"{cotation(act)} ({act.label})" if act.label else cotation(act)
    if act.quantity != 1:
        name = f"{name}{WIDE}× {act.quantity}"
    amount, excess = act.amount or Decimal(0), act.excess or Decimal(0)
    beyond = f", dont {euros(excess)} de dépassement" if excess else ""
    return Row((name, euros(excess), euros(amount)), f"{name} : {euros(amount)}{beyond}")


def _sum(acts: Sequence[Act]) -> Decimal:
    return _added(act.amount for act in acts)


def _added(amounts: Iterable[Decimal | None]) -> Decimal:
    return sum((amount for amount in amounts if amount is not None), Decimal(0))


def _patient_name(patient: Patient | None) -> str:
    if patient is None:
        return "Nom à compléter"
    name = " ".join(part for part in (patient.given_name, (patient.family_name or "").upper()) if part)
    return name or "Nom à compléter"
