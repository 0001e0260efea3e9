"""One fault, one finding: the chains in which only the most specific rule speaks.

Each chain lists codes from the most to the least specific; the rules of a chain must give the same `fault` to the same
fault.
"""

from collections.abc import Mapping

CHAINS: tuple[tuple[str, ...], ...] = (
    ("KINE-BILAN-AVANT-SEUIL", "KINE-BILAN-FINAL", "KINE-BILAN-HORS-SEUIL"),
    ("KINE-BILAN-10.7", "KINE-BILAN-10.8", "KINE-NOM-MONTANT"),
    (
        "KINE-NOM-ANCIENNE",
        "KINE-NOM-RPE6",
        "KINE-NOM-AMK-RESTE",
        "KINE-NOM-SOUSCOTE",
        "KINE-NOM-DATE",
        "KINE-NOM-PAIRE",
    ),
    ("FIN-DE-C2S", "FIN-DE"),
    ("IDE-BSI-MAU", "IDE-MAJ-MAU"),
    ("IDE-BSI-MCI", "IDE-MAJ-MCI"),
    ("KINE-DAP-CARPIEN", "KINE-DAP-INCOMPLETE", "KINE-DAP-TACITE", "KINE-DAP-12MOIS", "KINE-DAP-SEUIL"),
    ("IDE-BSI-BROUILLON", "IDE-BSI-CLOTURE-MEDECIN", "IDE-BSI-SEMAINE", "IDE-BSI-OBLIG"),
    ("IDE-BSI-FORFAIT-90", "IDE-BSI-FORFAIT-NIVEAU"),
    ("TT-DOUBLON", "KINE-CUMUL-DOUBLON"),
    ("TT-FORCLUSION-27", "TT-FORCLUSION-MAL", "TT-FORCLUSION-AT", "TT-DELAI-FSE"),
    ("ID-EXO-MANQ", "ID-EXO-RATE", "FIN-TAUX"),
)


def chain_ranks(chains: tuple[tuple[str, ...], ...] = CHAINS) -> Mapping[str, tuple[int, int]]:
    """For each code, its chain and its rank in it (0 is the most specific). A code is in one chain at most."""
    return {code: (number, rank) for number, chain in enumerate(chains) for rank, code in enumerate(chain)}
