"""IDE-ACT: what single nurse acts may be billed with, and how often."""

from connector_core.rules.catalogue import ide_act_medication, ide_act_perfusion, ide_act_wounds
from connector_core.rules.kernel import AnyRule

RULES: tuple[AnyRule, ...] = (*ide_act_perfusion.RULES, *ide_act_medication.RULES, *ide_act_wounds.RULES)
