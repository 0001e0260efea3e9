"""A new plugin, from templates: a distribution whose conformance tests pass on samples that were generated for it."""
