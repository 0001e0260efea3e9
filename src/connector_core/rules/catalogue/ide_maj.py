"""IDE-MAJ, IDE-DEPL, IDE-ORD and IDE-DAP: surcharges, travel, prescriptions and agreements of a nurse's acts."""

from __future__ import annotations

from connector_core.rules.catalogue import (
    ide_dap,
    ide_depl,
    ide_depl_day,
    ide_maj_hours,
    ide_maj_mau,
    ide_maj_mci,
    ide_maj_mie,
    ide_maj_one,
    ide_ord,
)
from connector_core.rules.kernel import AnyRule

RULES: tuple[AnyRule, ...] = (
    *ide_maj_mau.RULES,
    *ide_maj_mci.RULES,
    *ide_maj_mie.RULES,
    *ide_maj_hours.RULES,
    *ide_maj_one.RULES,
    *ide_depl.RULES,
    *ide_depl_day.RULES,
    *ide_ord.RULES,
    *ide_dap.RULES,
)
