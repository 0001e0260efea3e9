"""A draft as plain text: what is pasted into a message, or printed as it is."""

from __future__ import annotations

from collections.abc import Iterator

from connector_core.deliver.french import day, typographic
from connector_core.deliver.letters.draft import Block, Draft, Signatures, Table

_DOTS = "." * 30


def render_text(draft: Draft) -> bytes:
    """The draft in UTF-8, one paragraph a line; nothing in it is wrapped."""
    return ("\n\n".join(map(typographic, _parts(draft))) + "\n").encode()


def _parts(draft: Draft) -> Iterator[str]:
    where = f"{draft.sender.town}, le " if draft.sender.town else "Le "
    dated = where + day(draft.written_on)
    match draft.medium:
        case "sms":
            yield f"Sms à : {' '.join(draft.recipient)}"
        case "email":
            yield f"À : {' '.join(draft.recipient)}\nObjet : {draft.subject}"
        case "letter":
            yield "\n".join(draft.sender.header)
            yield "\n".join(draft.recipient)
            yield dated
            yield f"Objet : {draft.subject}"
        case "phone" | "quote":
            yield "\n".join(draft.sender.header)
            yield dated
            yield draft.subject
    for block in draft.blocks:
        yield _block(block)


def _block(block: Block) -> str:
    match block:
        case Table():
            lines = [f"– {row.text}" for row in block.rows]
            return "\n".join([*lines, f"Total : {block.total}"] if block.has_total else lines)
        case Signatures():
            return "\n\n".join(f"{place} (date et signature) : {_DOTS}" for place in block.places)
        case str():
            return block
