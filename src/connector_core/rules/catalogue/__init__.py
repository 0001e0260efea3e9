"""The shared rule base, one module per family. Codes are stable: none is reused or renamed."""

from connector_core.rules.kernel import AnyRule


def core_rules() -> tuple[AnyRule, ...]:
    """Every rule of the shared base, in the order of the catalogue."""
    from connector_core.rules.catalogue import (
        fin_rate,
        id_nir,
        id_people,
        id_rights,
        kine_bilan,
        kine_cumul,
        kine_nom,
        suivi,
    )

    return (
        *kine_bilan.RULES,
        *kine_nom.RULES,
        *kine_cumul.RULES,
        *fin_rate.RULES,
        *id_nir.RULES,
        *id_people.RULES,
        *id_rights.RULES,
        *suivi.RULES,
    )
