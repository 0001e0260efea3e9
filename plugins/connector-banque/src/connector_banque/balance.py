"""The proof that a statement is whole: what it began with, plus its operations, is what it ends with."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from connector_core.errors import FileRefused

AGAIN = "Téléchargez le relevé à nouveau ; s'il est le même, comparez-le à celui de la banque"


@dataclass(slots=True)
class Proof:
    """What one statement says of its sums, and what its operations make. `where` is the statement's place.

    Nothing is proven where a balance is not given, or where an operation could not be read (`whole` is False then, and
    that is told for itself).
    """

    where: str
    opening: Decimal | None = None
    closing: Decimal | None = None
    announced: int | None = None
    """How many operations the statement says it holds."""
    total: Decimal = Decimal(0)
    count: int = 0
    whole: bool = True

    def add(self, amount: Decimal | None) -> None:
        """Count one booked operation; None for one that can't be read."""
        self.count += 1
        if amount is None:
            self.whole = False
        else:
            self.total += amount

    def failure(self) -> FileRefused | None:
        """Why the statement can't be whole; None where nothing says so. The amounts themselves are left out."""
        if self.announced is not None and self.announced != self.count:
            return FileRefused("le relevé n'a pas le nombre d'opérations qu'il annonce", where=self.where, remedy=AGAIN)
        known = self.whole and self.opening is not None and self.closing is not None
        if known and (self.opening or 0) + self.total != self.closing:
            return FileRefused(
                "les opérations ne mènent pas du solde initial au solde final : il en manque, ou l'une est fausse",
                where=self.where,
                remedy=AGAIN,
            )
        return None
