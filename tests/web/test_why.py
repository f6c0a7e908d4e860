"""“Why not?” at the page of a record: each rule, what it came to, and each part of its condition with its value."""

from __future__ import annotations

import re

from dealwright.records import Workspace
from pages import Person, deal, text


def test_a_rule_that_did_not_fire_shows_each_part_of_its_condition(
    admin: Person, clerk: Person, workspace: Workspace
) -> None:
    made = deal(workspace, name="Small", budget="70").id
    address = f"/records/t.deal/{made}/why"
    assert f'href="{address}"' in admin.get(f"/records/t.deal/{made}").text
    shown = admin.get(address)
    assert "Big deals did not fire" in text(shown)
    link = re.search(r'href="([^"]+rule=t.big[^"]*)"', shown.text)
    assert link is not None
    opened = text(admin.get(link[1].replace("&amp;", "&")))
    assert "When it was looked at last" in opened and "budget > 1000 : does not hold Budget: 70" in opened, opened
    assert "What its condition comes to now does not hold" in opened
    # As of a moment before it was made there is nothing to look at.
    assert "comes to on" not in text(admin.get(f"{address}?rule=t.big&at=2020-01-01T00:00"))
    assert admin.get(f"{address}?rule=t.none").status_code == 404
    assert admin.get(f"{address}?at=nonsense").status_code == 200
    assert clerk.get(address).status_code == 200
    assert clerk.get(f"/records/t.deal/{'0' * 8}/why").status_code == 404
