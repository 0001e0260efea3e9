"""Giving a day to every delivery: ours and the plugins'."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from connector_core.deliver.report_model import ReportData
from connector_core.errors import ConnectorError
from connector_core.plugins.contributions import Delivery


@dataclass(frozen=True, slots=True)
class Delivered:
    """The files that were written, and what went wrong with the deliveries that wrote none (French, without data)."""

    files: tuple[Path, ...]
    problems: tuple[str, ...]


def deliver(data: ReportData, folder: Path, deliveries: Iterable[Delivery]) -> Delivered:
    """Give a day to each delivery. One that fails stops none of the others; what several say alike is said once."""
    files: list[Path] = []
    problems: list[str] = []
    for delivery in deliveries:
        try:
            files.extend(delivery.deliver(data, folder))
        except ConnectorError as error:
            problems.append(str(error))
        except Exception as failure:  # noqa: BLE001  # a plugin's delivery: its own failure stays its own
            problems.append(f"la livraison « {delivery.id} » a échoué ({type(failure).__name__}).")
    return Delivered(tuple(files), tuple(dict.fromkeys(problems)))
