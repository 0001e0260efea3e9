"""The shared rule base, one module per family. Codes are stable: none is reused or renamed."""

from connector_core.rules.kernel import AnyRule


def core_rules() -> tuple[AnyRule, ...]:
    """Every rule of the shared base, in the order of the catalogue."""
    from connector_core.rules.catalogue import (
        fin,
        fin_rate,
        id_nir,
        id_people,
        id_rights,
        ide_act,
        ide_bsi,
        ide_bsi_acts,
        ide_bsi_travel,
        ide_cumul,
        ide_household,
        ide_maj,
        kine_bilan,
        kine_cumul,
        kine_dap,
        kine_depl,
        kine_forf,
        kine_maj,
        kine_nom,
        kine_ord,
        kine_tmk,
        suivi,
        tt_lots,
        tt_returns,
        tt_rights,
        tt_sending,
    )

    return (
        *kine_bilan.RULES,
        *kine_nom.RULES,
        *kine_dap.RULES,
        *kine_cumul.RULES,
        *kine_depl.RULES,
        *kine_maj.RULES,
        *kine_forf.RULES,
        *kine_ord.RULES,
        *kine_tmk.RULES,
        *ide_bsi.RULES,
        *ide_bsi_acts.RULES,
        *ide_bsi_travel.RULES,
        *ide_household.RULES,
        *ide_cumul.RULES,
        *ide_act.RULES,
        *ide_maj.RULES,
        *fin.RULES,
        *fin_rate.RULES,
        *id_nir.RULES,
        *id_people.RULES,
        *id_rights.RULES,
        *suivi.RULES,
        *tt_sending.RULES,
        *tt_lots.RULES,
        *tt_returns.RULES,
        *tt_rights.RULES,
    )
