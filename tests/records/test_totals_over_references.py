"""A condition reads the totals of the record that a reference leads to, also those that depend on the day."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dealwright import clock
from dealwright.errors import RecordError
from worlds import made, opened

HOLDER = {
    "kind": "entity", "id": "t.holder", "lang": 1, "title": "Holder", "plural": "Holders", "display": "name",
    "properties": {
        "name": {"field": "text"},
        "of_late": {"field": "rollup", "of": "t.gift", "via": "holder", "measure": "sum", "value": "worth",
                    "filter": "on_day >= today() - days(30)"},
    },
}  # fmt: skip
GIFT = {
    "kind": "entity", "id": "t.gift", "lang": 1, "title": "Gift", "plural": "Gifts",
    "properties": {
        "holder": {"field": "reference", "to": "t.holder"},
        "worth": {"field": "money"},
        "on_day": {"field": "date"},
    },
    "checks": [{"id": "enough", "at": "worth", "message": "That is enough",
                "error_when": "is_new && coalesce(holder.of_late, 0) + worth > 100"}],
}  # fmt: skip


def test_a_check_over_a_reference_sees_the_total_of_these_days(database, tmp_path):
    world = opened(database, HOLDER, GIFT, folder=tmp_path)
    with clock.frozen(datetime(2026, 11, 23, 9, tzinfo=UTC)):
        holder = made(world, "t.holder", name="Ada")
        made(world, "t.gift", holder=holder, worth="90", on_day="2026-10-23")  # a day too long ago
        made(world, "t.gift", holder=holder, worth="60", on_day="2026-10-24")
        made(world, "t.gift", holder=holder, worth="40", on_day="2026-11-23")
        with pytest.raises(RecordError, match="That is enough"):
            made(world, "t.gift", holder=holder, worth="0.01", on_day="2026-11-23")
    with clock.frozen(datetime(2026, 11, 24, 9, tzinfo=UTC)):
        made(world, "t.gift", holder=holder, worth="60", on_day="2026-11-24")
