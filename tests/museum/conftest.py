"""No wrong operation leaves the museum."""

import pytest

from minivae.engine import FUNCTIONS, REGISTRY


@pytest.fixture(autouse=True)
def _the_tables_are_left_as_they_were():
    tables = [(table, dict(table)) for table in (REGISTRY, FUNCTIONS)]
    for _, before in tables:
        assert not [name for name in before if name.startswith("wrong_")]
    yield
    for table, before in tables:
        table.clear()
        table.update(before)
