"""The files that their connectors can't bear: what to send to whom, without anything of what is in them.

The promise: nothing told here comes from the content of a file, nor its name, which may be a person's. A file is known
by the beginning of the digest of its content, its size and the ending of its name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from connector_core.diagnose.store_checks import Opened, key_of
from connector_core.plugins.connector import Registered
from connector_core.plugins.contributions import Diagnosis
from connector_core.plugins.guard import Raised, guarded
from connector_core.plugins.provenance import contact_of
from connector_core.store.connection import open_database, translated
from connector_core.store.files import Files, SetAside

_ENDING = re.compile(r"\.[a-z0-9]{1,6}")
_TOKEN = 12
_SHOWN = 5
_ID = "set-aside"


def files_set_aside(opened: Opened, store: Path, connectors: Mapping[str, Registered]) -> Diagnosis:
    """Whether files were set aside, by connector."""
    if not store.exists():
        return Diagnosis(_ID, "ok", "il n'y a pas de magasin à lire")
    with translated(store), closing(open_database(store, key_of(opened, store), read_only=True)) as database:
        found = Files(database).set_aside()
    if not found:
        return Diagnosis(_ID, "ok", "aucun fichier n'a été mis de côté")
    poison = [each for each in found if each.signature]
    told = [_told(signature, group, connectors) for signature, group in _grouped(poison)]
    others = len(found) - len(poison)
    if others:
        told.append(f"{others} de plus sur lesquels la lecture s'est arrêtée ; nouvel essai au prochain démarrage")
    remedies = [_to_send(group[0], connectors) for _, group in _grouped(poison)]
    remedy = (
        " ; ".join(dict.fromkeys(remedies)) or "Relancez le service ; si cela revient, « connector inspect FICHIER »"
    )
    return Diagnosis(_ID, "failed", " ; ".join(told), "tous les fichiers se lisent", remedy)


def _grouped(found: Sequence[SetAside]) -> list[tuple[str, list[SetAside]]]:
    """The files of each connector as it was when it failed."""
    groups: dict[str, list[SetAside]] = {}
    for each in found:
        groups.setdefault(each.signature, []).append(each)
    return list(groups.items())


def _told(signature: str, files: Sequence[SetAside], connectors: Mapping[str, Registered]) -> str:
    connector = files[0].connector or ""
    registered = connectors.get(connector)
    changed = registered is not None and registered.stamp != signature
    later = "il a changé depuis : relus au prochain démarrage" if changed else "mis de côté jusqu'à ce qu'il change"
    shown = ", ".join(map(_file, files[:_SHOWN]))
    more = f" et {len(files) - _SHOWN} autres" if len(files) > _SHOWN else ""
    return f"connecteur « {connector} » ({signature}), {later} : {shown}{more}"


def _file(each: SetAside) -> str:
    ending = _ENDING.fullmatch(Path(each.name).suffix.lower())
    kind = ending[0] if ending is not None else "sans extension"
    return f"repère {each.sha256[:_TOKEN]} ({kind}, {each.size} octets, source « {each.source} », {_what(each)})"


def _what(each: SetAside) -> str:
    return each.reason.partition(" ; ")[0]


def _to_send(each: SetAside, connectors: Mapping[str, Registered]) -> str:
    registered = connectors.get(each.connector or "")
    if registered is None:
        return "Le connecteur n'est plus là : envoyez les lignes ci-dessus à son éditeur"
    info = registered.connector.info
    contact = _contact(registered.distribution)
    whom = f"{info.vendor} ({contact})" if contact else info.vendor
    return (
        f"Envoyez à {whom}, pour {info.product}, la ligne ci-dessus telle quelle : elle ne contient rien du cabinet. "
        "N'envoyez pas le fichier : il parle de patients. Il sera relu dès que l'extension aura changé"
    )


def _contact(name: str) -> str:
    from importlib.metadata import distribution

    found = guarded(partial(distribution, name)) if name else None
    return "" if found is None or isinstance(found, Raised) else contact_of(found)
