"""Giving a day to every delivery: ours and the plugins'."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from connector_core.deliver.report_model import ReportData
from connector_core.errors import ConnectorError
from connector_core.plugins.contributions import Delivery

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Delivered:
    """The files that were written, and what went wrong with the deliveries that wrote none (French, without data)."""

    files: tuple[Path, ...]
    problems: tuple[str, ...]


def deliver(data: ReportData, folder: Path, deliveries: Iterable[Delivery]) -> Delivered:
    """Give a day to each delivery. One that fails stops none of the others."""
    files: list[Path] = []
    problems: list[str] = []
    for delivery in deliveries:
        try:
            files.extend(delivery.deliver(data, folder))
        except ConnectorError as error:
            problems.append(str(error))
        except Exception as failure:  # noqa: BLE001  # a plugin's delivery: its own failure stays its own
            problems.append(f"la livraison « {delivery.id} » a échoué ({type(failure).__name__}).")
    return Delivered(tuple(files), tuple(problems))


def deliver_apart(options: Sequence[str], day: date) -> None:
    """Deliver from a process of its own (`connector report`): what writing a report takes is given back when it ends.

    `options` are those the daemon was started with. A failure is logged by its code, and tried again after the next
    work.
    """
    command = [sys.executable, "-m", "connector_core", *options, "report", "--on", day.isoformat()]
    quiet = subprocess.DEVNULL
    done = subprocess.run(command, stdin=quiet, stdout=quiet, stderr=quiet, check=False)
    if done.returncode:
        log.warning("delivery", extra={"failure": f"code {done.returncode}"})
