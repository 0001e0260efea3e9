"""Shadow copies by WMI, under Wine, which has no such thing: what is asked of WMI is asked of objects that answer as it
is documented to, and what becomes of a file that is open in another program where there is no shadow is real."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import pywintypes
import win32file

from connector_core.diagnose.database_checks import database_checks
from connector_core.secrets import open_secrets
from connector_core.settings.model import Source
from connector_core.sources.database import file_in_use
from connector_core.sources.database.address import read_address
from connector_core.sources.database.file_in_use import Kept, copied
from connector_core.sources.database.passes import Known
from connector_core.sources.database.shadow import windows
from connector_core.sources.database.shadow.copies import Shadows, shadows_of_system
from connector_core.sources.database.shadow.exchange import NoShadow
from connector_core.sources.database.shadow.windows import Wmi, is_one_of, place_of
from connector_core.sources.database.write_attempts import proof_of_file
from connector_core.sources.rights import forbidden

pytestmark = pytest.mark.wine

STAND_IN = Path(__file__).parents[1] / "unit" / "sources" / "database" / "shadow_stand_in.py"
SHADOW = "{9F2E51C7-6B5D-4D0E-9A63-0123456789AB}"
DEVICE = "\\\\?\\GLOBALROOT\\Device\\HarddiskVolumeShadowCopy12"


class Properties:
    """What a thing of WMI's has, by name."""

    def __init__(self, **values: object) -> None:
        self.values = {name: SimpleNamespace(Value=value) for name, value in values.items()}

    def Item(self, name: str) -> SimpleNamespace:
        return self.values.setdefault(name, SimpleNamespace(Value=None))


class Service:
    """WMI with the class of shadow copies: what it is asked is in `asked`."""

    def __init__(self, code: int = 0, device: str = DEVICE, error: int | None = None) -> None:
        self.asked: list[object] = []
        self.code, self.device, self.error = code, device, error

    def Get(self, path: str) -> SimpleNamespace:
        self.asked.append(path)
        if self.error is not None:
            raise com_error(self.error)
        if path == "Win32_ShadowCopy":
            create = SimpleNamespace(InParameters=SimpleNamespace(SpawnInstance_=self._spawned))
            return SimpleNamespace(Methods_=SimpleNamespace(Item={"Create": create}.get), ExecMethod_=self._run)
        return SimpleNamespace(Properties_=Properties(DeviceObject=self.device), Delete_=self._delete)

    def _spawned(self) -> SimpleNamespace:
        return SimpleNamespace(Properties_=Properties())

    def _run(self, name: str, given: SimpleNamespace) -> SimpleNamespace:
        self.asked.append((name, {key: each.Value for key, each in given.Properties_.values.items()}))
        return SimpleNamespace(Properties_=Properties(ReturnValue=self.code, ShadowID=SHADOW))

    def _delete(self) -> None:
        self.asked.append("delete")


def com_error(code: int) -> pywintypes.com_error:
    """As a call that failed inside of what was called."""
    signed = code - (1 << 32)
    return pywintypes.com_error(-2147352567, "Exception occurred.", (0, None, None, None, 0, signed), None)


def wmi(service: Service) -> Wmi:
    return Wmi(service)


def why(ask, *arguments: object) -> str:
    with pytest.raises(NoShadow) as refused:
        ask(*arguments)
    return refused.value.why


def test_a_shadow_is_made_of_a_volume_found_and_deleted() -> None:
    service = Service()
    made = wmi(service).make("D:\\")
    assert (made, wmi(service).device(made)) == (SHADOW, DEVICE)
    wmi(service).delete(made)
    named = f"Win32_ShadowCopy.ID='{SHADOW}'"
    given = ("Create", {"Volume": "D:\\", "Context": "ClientAccessible"})
    assert service.asked == ["Win32_ShadowCopy", given, named, named, "delete"]


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (1, "rights"),
        (2, "failed"),
        (3, "unsupported"),
        (4, "unsupported"),
        (5, "unsupported"),
        (6, "room"),
        (7, "busy"),
        (8, "room"),
        (9, "busy"),
        (10, "failed"),
        (13, "failed"),
    ],
)
def test_what_create_returns_is_told(code: int, told: str) -> None:
    assert why(wmi(Service(code)).make, "D:\\") == told


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (0x80041003, "rights"),
        (0x80070005, "rights"),
        (0x80041014, "failed"),
        (0x80041010, "unsupported"),
        (0x80041002, "unsupported"),
        (0x80041001, "failed"),
        (0x80070422, "failed"),
    ],
)
def test_what_wmi_raises_is_told(error: int, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "is_one_of", lambda *groups: True)
    service = Service(error=error)
    assert why(wmi(service).make, "D:\\") == why(wmi(service).look) == why(wmi(service).device, SHADOW) == told


def test_a_look_asks_who_may_and_makes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service()
    own = {"S-1-5-32-551"}
    monkeypatch.setattr(windows, "is_one_of", lambda *groups: not own.isdisjoint(groups))
    wmi(service).look()
    own = {"S-1-5-32-545"}
    assert why(wmi(service).look) == "rights"
    assert service.asked == ["Win32_ShadowCopy"] * 2


def test_an_account_is_one_of_everybody_and_not_of_nobody() -> None:
    assert is_one_of("S-1-0-0", "S-1-1-0")
    assert not is_one_of("S-1-0-0")


def test_what_else_it_raises_is_a_want_of_rights_for_who_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "is_one_of", lambda *groups: False)
    assert why(wmi(Service(error=0x80041014)).make, "D:\\") == "rights"
    assert why(wmi(Service(error=0x80041010)).make, "D:\\") == "unsupported"


def test_one_that_is_not_there_is_none_to_delete() -> None:
    wmi(Service(error=0x80041002)).delete(SHADOW)
    assert why(wmi(Service(error=0x80041003)).delete, SHADOW) == "rights"


@pytest.mark.parametrize("device", ["C:\\", "", f"{DEVICE}\\..\\..", "\\\\server\\share"])
def test_only_the_device_of_a_shadow_is_one(device: str) -> None:
    assert why(wmi(Service(device=device)).device, SHADOW) == "failed"


@pytest.mark.parametrize("other", ["", "x' OR ID<>'", SHADOW[1:-1], f"{SHADOW}'"])
def test_only_the_id_of_a_shadow_is_one(other: str) -> None:
    service = Service()
    assert why(wmi(service).delete, other) == "failed"
    assert service.asked == []


def test_a_file_lies_on_a_volume(tmp_path: Path) -> None:
    base = tmp_path / "base.mdb"
    base.touch()
    volume, inside = place_of(base)
    assert volume == f"{base.drive}\\"
    assert os.path.join(volume, inside) == str(base)  # noqa: PTH118  # as the device and it are joined
    assert why(place_of, Path("\\\\serveur\\partage\\base.mdb")) == "share"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    path = tmp_path / "base.mdb"
    path.write_bytes(b"whole")
    return path


@pytest.fixture
def exclusively(base: Path, monkeypatch: pytest.MonkeyPatch):
    """A program has the file open and shares it with nobody."""
    monkeypatch.setattr(file_in_use, "LET_GO", 0.0)
    both = win32file.GENERIC_READ | win32file.GENERIC_WRITE
    handle = win32file.CreateFile(str(base), both, 0, None, win32file.OPEN_EXISTING, 0, None)
    yield
    handle.Close()


def test_a_file_that_opens_is_copied_without_a_shadow(base: Path) -> None:
    assert not forbidden(base)
    with copied(base, still=0.01) as (copy, _, way):
        assert (copy.read_bytes(), way) == (b"whole", "copie du fichier au repos")


def test_without_shadows_a_file_that_is_open_exclusively_is_told(base: Path, exclusively) -> None:
    assert not forbidden(base)
    with pytest.raises(Kept) as told, copied(base):
        pass
    assert told.value.shadow.why == "unsupported"


def test_with_shadows_a_file_that_is_open_exclusively_is_copied(base: Path, exclusively, tmp_path: Path) -> None:
    volume, kept, notes = (tmp_path / name for name in ("volume", "shadows", "notes"))
    volume.mkdir()
    kept.mkdir()
    (volume / base.name).write_bytes(b"at an instant")
    shadows = Shadows(
        (sys.executable, str(STAND_IN), str(notes), str(kept), "makes"), lambda path: (str(volume), path.name), notes
    )
    with copied(base, still=0.01, shadows=shadows) as (copy, _, _):
        assert copy.read_bytes() == b"at an instant"
    assert list(kept.glob("{*")) == list(notes.glob("*.json")) == []


def test_an_examination_tells_it_too(base: Path, exclusively) -> None:
    source = Source(id="kinemax", connector="kinemax", database=f"access:///{base.as_posix()}")
    checks = database_checks([source], lambda each: [], lambda: open_secrets("dpapi", base), lambda name: Known())
    (diagnosis,) = (each.run() for each in checks if each.id == "in-use-kinemax")
    assert diagnosis.status == "failed"
    assert "mode exclusif ; pas de cliché instantané : Windows n'en prend pas" in diagnosis.found


def test_a_file_that_is_open_exclusively_is_no_proof_of_rights(base: Path, exclusively) -> None:
    proof = proof_of_file(read_address(f"access:///{base.as_posix()}"))
    assert (proof.allowed, proof.refused) == ((), 0)
    assert proof.untried is not None


def test_there_are_no_shadows_to_clear_away() -> None:
    shadows = shadows_of_system()
    assert shadows is not None
    shadows.clear()
