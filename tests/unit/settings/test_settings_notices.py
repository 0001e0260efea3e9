"""Who is told what: defaults that keep everything on the PC and nameless, and two keys for what leaves it."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from connector_core.errors import ConfigurationError
from connector_core.settings.load import load
from connector_core.settings.model import Settings


@pytest.fixture
def loaded(tmp_path: Path):
    def load_text(text: str) -> Settings:
        path = tmp_path / "connector.toml"
        path.write_text(text, encoding="utf-8")
        return load(path, {})

    return load_text


def test_nobody_is_told_anything_by_default(loaded) -> None:
    settings = loaded("[data]\nfolder = '/srv/connector'\n")
    assert settings.notify == ()
    assert settings.notifications.leaves_the_pc is False
    assert settings.notices_folder() == Path("/srv/connector-avis")
    assert (settings.calendar.enabled, settings.calendar.names) == (True, False)
    assert settings.calendar_folder() == settings.report_folder()


def test_a_person_is_told_on_the_screen_in_the_day_by_a_digest_without_names(loaded) -> None:
    (notify,) = loaded('[[notify]]\nperson = "camille"\n').notify
    assert (notify.by, notify.send, notify.names) == ("desktop", "digest", False)
    assert (notify.start, notify.until) == (time(8), time(19))
    assert notify.days == ("lun", "mar", "mer", "jeu", "ven")


AWAY = '[[notify]]\nperson = "camille"\nby = "apprise"\naddress = "secret:telephone"\n'
CONSENT = "[notifications]\nleaves_the_pc = true\n"


def test_what_leaves_the_pc_takes_two_keys(loaded) -> None:
    assert loaded(CONSENT + AWAY).notify[0].address == "secret:telephone"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (AWAY, "cet avis sort de l'ordinateur"),
        ("[notifications]\nleaves_the_pc = false\n" + AWAY, "cet avis sort de l'ordinateur"),
        (CONSENT + AWAY + "names = true\n", "ne porte jamais de nom"),
        (CONSENT + AWAY.replace("secret:telephone", "tgram://SECRET/1"), "un secret ne s'écrit jamais"),
        (CONSENT + '[[notify]]\nperson = "camille"\nby = "apprise"\n', "l'adresse du service manque"),
        ('[[notify]]\nperson = "camille"\naddress = "secret:telephone"\n', "un avis à l'écran n'a pas d'adresse"),
        ('[[notify]]\nperson = "Camille D."\n', "identifiant invalide"),
        ('[[notify]]\nperson = "camille"\ndays = []\n', "days"),
        ('[[notify]]\nperson = "camille"\ndays = ["lundi"]\n', "days"),
        ('[[notify]]\nperson = "camille"\n' * 2, "le même avis est décrit deux fois"),
        ('[[notify]]\nperson = "camille"\nnames = 1\n', "names"),
        ("[notifications]\nmost_an_hour = 0\n", "trop petit"),
    ],
)
def test_what_is_refused(loaded, text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        loaded(text)
    assert said in str(caught.value)
    assert "SECRET" not in str(caught.value)


def test_the_same_person_may_have_a_digest_and_news(loaded) -> None:
    text = '[[notify]]\nperson = "camille"\n[[notify]]\nperson = "camille"\nsend = "immediate"\n'
    assert len(loaded(text).notify) == 2
