"""Mutants are registered as operations; after each test they are gone."""

import pytest

from minivae.engine import FUNCTIONS, REGISTRY


@pytest.fixture(autouse=True)
def _the_registry_is_left_as_it_was():
    before = [(table, dict(table)) for table in (REGISTRY, FUNCTIONS)]
    yield
    for table, entries in before:
        table.clear()
        table.update(entries)
