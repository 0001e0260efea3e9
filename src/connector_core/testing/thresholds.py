"""When bilans are due, and where a course may stand without one near."""

_WARNED_BEFORE = 2
_TOLERATED = 3


def thresholds(neuro: bool, count: int) -> list[int]:
    """The sessions at which a bilan is due, up to a count."""
    first, step = (60, 50) if neuro else (30, 20)
    return list(range(first, count + 1, step))


def quiet_end(neuro: bool, count: int) -> bool:
    """Whether a course may stand at this count without a bilan to prepare, to do, or just done as the last thing."""
    first, step = (60, 50) if neuro else (30, 20)
    return not any(
        threshold - _WARNED_BEFORE <= count <= threshold + _TOLERATED for threshold in range(first, count + 10, step)
    )
