"""The closed enumerations of the common model, version 1.

Each name is the type of one or more fields. What a vendor writes is translated by its dialect; what a dialect cannot
translate is a reject, so that a value of these types always means what this page says.
"""

from typing import Literal

Profession = Literal["MK", "IDE"]
"""Masseur-kinésithérapeute or infirmier."""

Zone = Literal["METRO", "DROM"]
"""Tariff zone of the practice."""

Sex = Literal["F", "M"]

Payer = Literal["AMO", "AMC"]
"""Assurance maladie obligatoire (a caisse) or complémentaire (a mutuelle or insurer)."""

ExemptionCode = Literal["0", "1", "3", "4", "5", "6", "7", "9", "C"]
"""Justificatif d'exonération du ticket modérateur, as in SESAM-Vitale; 2 and 8 do not exist."""

CoverageKind = Literal["standard", "C2S", "AME", "ALD", "AT", "MATERNITE", "INVALIDITE"]
RightsCheck = Literal["vitale", "adri", "apcv", "attestation", "manual"]
AmcManagement = Literal["unique", "separee"]
"""Gestion unique (the AMC part travels in the FSE) or séparée (a DRE of its own)."""

RenewedBy = Literal["MEDECIN", "MK"]
Section = Literal["A", "B", "C", "D", "E", "F"]
"""Section of NGAP titre XIV chap. II article 1."""

Side = Literal["L", "R", "B"]
Structure = Literal["CABINET", "MSP", "CPTS", "ESP", "ESS", "CDS", "ETABLISSEMENT"]

ActKind = Literal["session", "assessment", "travel", "surcharge", "bsi", "package", "other"]
ActRate = Literal["1", "0.5", "0"]
"""Share of the act billed under article 11 B of the dispositions générales."""

Place = Literal["CABINET", "DOMICILE", "EHPAD", "ETABLISSEMENT"]
Terrain = Literal["PLAINE", "MONTAGNE", "PIED"]

AssessmentKind = Literal["initial", "intermediate", "final", "isolated"]
Trend = Literal["better", "stable", "worse"]
AssessmentEvent = Literal["fall", "new_pain", "other"]

BsiKind = Literal["initial", "renewal", "intermediate"]
BsiStatus = Literal["draft", "open", "closed"]
BsiPackage = Literal["BSA", "BSB", "BSC"]

AgreementReply = Literal["accepted", "refused", "partial"]

Securing = Literal["SESAM", "DEGRADE", "PAPIER"]
ThirdParty = Literal["NONE", "AMO", "FULL"]
InsuranceNature = Literal["10", "13", "30", "41", "90"]
"""Nature d'assurance: 10 maladie, 13 Alsace-Moselle, 30 maternité, 41 AT/MP, 90 prévention."""

Acknowledgement = Literal["positive", "negative"]
ReturnState = Literal["paid", "rejected", "deferred"]
RejectLevel = Literal["F", "L", "A"]
PaymentMeans = Literal["CB", "CHEQUE", "ESPECES", "VIREMENT"]
ReminderChannel = Literal["email", "sms", "letter", "phone"]
Addressee = Literal["PATIENT", "AMO", "AMC"]
AppointmentStatus = Literal["booked", "confirmed", "honoured", "missed", "cancelled"]

Severity = Literal["reject", "revenue", "info"]
"""What a finding threatens: a refusal or a claw-back; money left on the table; nothing yet, to verify."""
