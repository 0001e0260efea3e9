"""What a worker holds in memory on a day that passes without a file."""

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
from datetime import date
from pathlib import Path

from connector_core.service.assembly import decisions_of, open_sound_store, pipeline_of, plugin_host, rules_of
from connector_core.settings.load import load

configuration = Path(sys.argv[1])
settings = load(configuration, {})
rules = rules_of(settings, plugin_host(settings, configuration.parent))
store, key, _ = open_sound_store(settings, look_closely=False)
with store:
    assert decisions_of(settings, key).newest() == []
    pipeline_of(settings, store, rules).day_passes(date(2026, 3, 2))
    assert store.fact("as_of") == "2026-03-02"
print(*(name for name in ("cryptography", "lxml") if name in sys.modules))
"""


def test_neither_ciphers_nor_xml_are_loaded(tmp_path: Path) -> None:
    configuration = tmp_path / "connector.toml"
    configuration.write_text(
        f"[data]\nfolder = '{tmp_path / 'data'}'\n[secrets]\nkeyring = \"file\"\n", encoding="utf-8"
    )
    asked = [sys.executable, "-c", PROGRAM, str(configuration)]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n", "")
