"""What a reader tells of a file that it reads all the same."""

from __future__ import annotations

from dataclasses import dataclass, field

CUT = "la dernière fin de ligne manque : le fichier est peut-être coupé"


@dataclass(slots=True)
class Notes:
    """What a reader should know of a file that is read all the same, in French, without any value of it.

    `doubts` are signs of damage, each with the first place where it shows; they are told as well.
    """

    told: list[str] = field(default_factory=list)
    doubts: dict[str, str] = field(default_factory=dict)

    def tell(self, what: str) -> None:
        if what not in self.told:
            self.told.append(what)

    def doubt(self, what: str, place: str) -> None:
        if what not in self.doubts:
            self.doubts[what] = place
            self.tell(f"{place} : {what}")
