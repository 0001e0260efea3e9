"""The shared rule base, one module per family. Codes are stable: none is reused or renamed."""

from connector_core.rules.kernel import AnyRule


def core_rules() -> tuple[AnyRule, ...]:
    """Every rule of the shared base, in the order of the catalogue."""
    from connector_core.rules.catalogue import kine_bilan, kine_cumul, kine_depl, kine_maj, kine_nom, suivi

    return (*kine_bilan.RULES, *kine_nom.RULES, *kine_cumul.RULES, *kine_depl.RULES, *kine_maj.RULES, *suivi.RULES)
