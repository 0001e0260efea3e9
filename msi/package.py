"""One .msi of a folder, by wixl.

An older version is removed only after the newer one has taken its service over (`connector service upgrade`): when that
fails, so does the installation, and Windows puts back what it had changed.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from connector_core import __version__

UPGRADE_CODE = "5f0d5a0e-8a3c-4c63-9a1e-7b1f0f5a2d41"
"""Says that two versions are the same product: never to be changed."""

_PRODUCT = """\
<?xml version="1.0" encoding="utf-8"?>
<Wix xmlns="http://schemas.microsoft.com/wix/2006/wi">
  <Product Id="*" Name="connector" Language="1036" Codepage="65001" Version="{version}" Manufacturer="connector"
           UpgradeCode="{upgrade}">
    <Package InstallerVersion="500" Compressed="yes" InstallScope="perMachine"/>
    <MajorUpgrade DowngradeErrorMessage="Une version plus récente est déjà installée."/>
    <MediaTemplate EmbedCab="yes"/>
    <Directory Id="TARGETDIR" Name="SourceDir">
      <Directory Id="ProgramFiles64Folder">
        <Directory Id="INSTALLDIR" Name="Connector"/>
      </Directory>
    </Directory>
    <CustomAction Id="TakeOver" FileKey="{python}" Execute="deferred" Impersonate="no" Return="check"
                  ExeCommand="-m connector_core service upgrade --if-installed"/>
    <CustomAction Id="StopService" FileKey="{python}" Execute="deferred" Impersonate="no" Return="ignore"
                  ExeCommand="-m connector_core service stop --own"/>
    <InstallExecuteSequence>
      <Custom Action="StopService" Before="RemoveFiles">REMOVE="ALL"</Custom>
      <Custom Action="TakeOver" After="PublishProduct">NOT REMOVE</Custom>
      <RemoveExistingProducts After="InstallFinalize"/>
    </InstallExecuteSequence>
    <Feature Id="Everything" Level="1">
      <ComponentGroupRef Id="Files"/>
    </Feature>
  </Product>
</Wix>
"""


def write_msi(folder: Path, msi: Path, version: str = __version__) -> None:
    """Pack a staged folder; a former file is replaced."""
    with TemporaryDirectory() as work:
        product, files = Path(work, "product.wxs"), Path(work, "files.wxs")
        paths = "".join(f"{path}\n" for path in sorted(folder.rglob("*")) if path.is_file())
        heat = ["--prefix", f"{folder}/", "--component-group", "Files", "--var", "var.Folder", "--win64"]
        listed = subprocess.run(
            ["wixl-heat", *heat, "--directory-ref", "INSTALLDIR"],
            input=paths,
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
        files.write_text(listed.stdout, encoding="utf-8")
        product.write_text(
            _PRODUCT.format(version=_numbers(version), upgrade=UPGRADE_CODE, python=_interpreter(listed.stdout)),
            encoding="utf-8",
        )
        # wixl takes paths of files from the folder that it is called in, and no absolute ones.
        defined = ["--define", f"Folder={folder.name}", "--define", "Win64=yes"]
        msi.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["wixl", "--arch", "x64", *defined, "--output", msi.resolve(), product, files],
            cwd=folder.parent,
            stdin=subprocess.DEVNULL,
            check=True,
        )


def _interpreter(listed: str) -> str:
    """The name that wixl-heat gave to the interpreter's file."""
    (found,) = re.findall(r'<File Id="([^"]+)"[^>]*/[^"/]+/python\.exe"', listed)
    return str(found)


def _numbers(version: str) -> str:
    """The three numbers that Windows compares versions by."""
    found = re.match(r"\d+\.\d+\.\d+", version)
    if found is None:
        raise SystemExit(f"no three numbers in the version {version}")
    return found[0]
