"""Imported before Feast, by the tests and by the fork server: all have the import that our commands have."""

from ml_platform_runtime.features.feast_import import import_feast

import_feast()
