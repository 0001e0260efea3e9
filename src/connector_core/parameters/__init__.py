"""Dated values of the law and the nomenclature, each with its reference.

`data/` holds one TOML file per parameter and the tariff table; `registry` loads and checks them; `resolver` answers
*known* or *undetermined* for a date.
"""
