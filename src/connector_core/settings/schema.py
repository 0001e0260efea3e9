"""The JSON schema of the configuration, for editors and for `connector config schema`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import time, timedelta

from pydantic import JsonValue
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import ModelSchema

from connector_core.settings.duration import format_duration
from connector_core.settings.model import Settings

VERSION = 1
"""Raised when a key is removed or changes its meaning; new keys do not raise it."""


class _Schema(GenerateJsonSchema):
    """Descriptions from the fields alone, and defaults as a person writes them."""

    def model_schema(self, schema: ModelSchema) -> JsonSchemaValue:
        table = super().model_schema(schema)
        table.pop("description", None)  # the docstring, for developers
        return table

    def field_title_should_be_set(self, schema: object) -> bool:
        return False

    def encode_default(self, dft: object) -> JsonValue:
        if isinstance(dft, timedelta):
            return format_duration(dft)
        if isinstance(dft, time):
            return dft.isoformat("minutes")
        encoded: JsonValue = super().encode_default(dft)
        return encoded


def configuration_schema() -> Mapping[str, JsonValue]:
    """The schema (JSON Schema 2020-12): every key with its description, type and default."""
    schema: dict[str, JsonValue] = Settings.model_json_schema(by_alias=True, schema_generator=_Schema)
    return {
        "$schema": GenerateJsonSchema.schema_dialect,
        "$id": f"urn:connector:configuration:{VERSION}",
        **schema,
        "title": "Configuration de connector",
        "description": "Le fichier connector.toml. Hors des listes, toute clé a une valeur par défaut.",
    }


def configuration_schema_json() -> str:
    """The schema as text, the same for the same version of the program."""
    return json.dumps(configuration_schema(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"
