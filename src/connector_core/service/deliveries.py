"""Where a practice's findings are delivered: the report, the calendar, what plugins deliver, who is told, and the
software that flags are written into."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from connector_core.deliver.calendar import write_calendar
from connector_core.deliver.names import CALENDAR, DELIVERIES
from connector_core.deliver.report_model import ReportData
from connector_core.errors import ConnectorError
from connector_core.pipeline.given import Rules
from connector_core.plugins.contributions import Delivery
from connector_core.plugins.host import PluginHost
from connector_core.secrets import open_secrets, resolve
from connector_core.service.assembly import report_of
from connector_core.service.figures import kept_figures
from connector_core.service.messages import Trouble
from connector_core.service.outbox import Outgoing, Recipient, Target
from connector_core.service.places import utc_now
from connector_core.service.write_back import automatic_writings
from connector_core.settings.model import Settings
from connector_core.store.store import Store


@dataclass(frozen=True, slots=True)
class Delivered:
    """The files that were written, and what went wrong with the deliveries that wrote none (French, without data)."""

    files: tuple[Path, ...]
    problems: tuple[str, ...]


def targets_of(settings: Settings, host: PluginHost) -> tuple[Target, ...]:
    """Everything that is delivered as files, and where it goes."""
    targets = [Target(delivery, settings.report_folder()) for delivery in host.deliveries]
    if settings.calendar.enabled:
        names = settings.calendar.names
        delivery = Delivery(CALENDAR, DELIVERIES[CALENDAR], partial(write_calendar, names=names))
        targets.append(Target(delivery, settings.calendar_folder(), options=f"names={names}"))
    return tuple(targets)


def outgoing_of(settings: Settings, store: Store, rules: Rules, goes_on: Callable[[], None] = lambda: None) -> Outgoing:
    """The outbox of this practice; `goes_on` is called before each delivery."""

    def report(day: date) -> tuple[ReportData, Sequence[Trouble]]:
        made = kept_figures(settings, store, rules, day)
        return report_of(settings, store, rules, day, made.figures), [
            Trouble("figures", {"reason": problem}) for problem in made.problems
        ]

    def address(reference: str) -> str:
        return resolve(reference, open_secrets(settings.secrets.keyring, settings.secrets_folder()))

    zone = ZoneInfo(settings.practice.timezone)
    return Outgoing(
        store=store,
        targets=targets_of(settings, rules.host),
        recipients=[Recipient.of(each, zone) for each in settings.notify],
        report=report,
        notices=settings.notices_folder(),
        address=address,
        clock=utc_now,
        random=random.random,
        writers=automatic_writings(settings, store, rules.host),
        goes_on=goes_on,
    )


def deliver(data: ReportData, targets: Iterable[Target]) -> Delivered:
    """Give a day to each delivery now, past the outbox. One that fails stops none of the others; what several say alike
    is said once."""
    files: list[Path] = []
    problems: list[str] = []
    for target in targets:
        try:
            files.extend(target.delivery.deliver(data, target.folder))
        except ConnectorError as error:
            problems.append(str(error))
        except Exception as failure:  # noqa: BLE001  # a plugin's delivery: its own failure stays its own
            problems.append(f"la livraison « {target.delivery.id} » a échoué ({type(failure).__name__}).")
    return Delivered(tuple(files), tuple(dict.fromkeys(problems)))
