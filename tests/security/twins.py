"""Two workspaces that differ only in what one person may not see, and requests of that person to both.

Whatever this person asks, both answer byte for byte alike, or something of what is hidden has been told: by a value, a
count, an order, a cursor, an error, a header. Ids, secrets and the clock are the same in both, so nothing is left out of
the comparison.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from urllib.parse import quote

from dealwright import access, clock
from dealwright.access.sign_in import digest
from dealwright.app import create_app
from dealwright.records import Change, Work, approving, save_one
from dealwright.storage import accounts
from security.site import Site, Visitor
from security.twin_definitions import REPORTS, SCORES
from worlds import DEAL, person, team
from worlds import opened as world

if TYPE_CHECKING:
    from pathlib import Path

    from dealwright.storage import Database

#: When everything happens.
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
#: Stands in every text, and as digits in every number, that the person may not see.
CANARIES = ("Zq9Hidden", "73019")

_HIDDEN_FIELDS: dict[str, Any] = {
    "note": {"field": "text", "title": "Wzsecretnote"},
    "guarded": {"field": "boolean", "title": "Wzsecretflag"},
    "friends": {"field": "references", "to": "t.account", "title": "Friends"},
    "lent": {"field": "lookup", "via": "account", "value": "credit", "title": "Wzsecretlent"},
    "double": {"field": "formula", "formula": "share * 2", "result": "decimal", "title": "Wzsecretdouble"},
    "heat": {"field": "decimal", "title": "Wzsecretheat"},
    "rank": {
        "field": "select",
        "title": "Wzsecretrank",
        "options": [{"id": "A", "title": "Wzsecretfirst"}, {"id": "B", "title": "Wzsecretlast"}],
    },
}
TWIN_DEAL = {**DEAL, "properties": {**DEAL["properties"], **_HIDDEN_FIELDS}}
ROLE = {
    "kind": "role", "id": "t.twin", "lang": 1, "title": "Twin", "grants": [
        {"entity": "t.deal", "ops": ["read", "create", "update", "move", "export", "delete"],
         "rows": "owner == user.id || (team == user.team && user.team != null)",
         "fields": {"*": "edit", "margin": "none", "note": "none", "guarded": "none", "tier": "see"}},
        {"entity": "t.deal", "ops": ["read"], "rows": 'tier == "C"', "fields": {"name": "see", "stage": "see", "amount": "see"}},
        {"entity": "t.account", "ops": ["read"], "fields": {"*": "see", "credit": "none"}},
        {"entity": "base.user", "ops": ["read"], "fields": {"*": "see", "email": "none"}},
    ]}  # fmt: skip
#: A part of a deal: seen where the deal is seen as a whole. The role does not name it.
MEMO = {
    "kind": "entity", "id": "t.memo", "lang": 1, "title": "Memo", "plural": "Memos", "display": "text", "part_of": "deal",
    "properties": {
        "deal": {"field": "reference", "to": "t.deal", "title": "Deal"},
        "text": {"field": "text", "title": "Text"},
        "hours": {"field": "integer", "title": "Hours"},
    },
    "required": ["deal"],
}  # fmt: skip
#: The owner agrees; it is about a field that may not be seen, too.
CONSENT = {
    "kind": "approval", "id": "t.consent", "lang": 1, "title": "Consent", "entity": "t.deal",
    "steps": [
        {"id": "owner", "title": "Owner", "approvers": [{"field": "owner"}]},
        {"id": "mate", "title": "Mate", "approvers": [{"role": "t.rep"}], "nobody": "block"},
    ],
    "rules": {"restart_on": ["discount", "margin"], "self_approval": "allowed"},
}  # fmt: skip
RULE = {
    "kind": "rule", "id": "t.watch", "lang": 1, "title": "Wzsecretrule", "entity": "t.deal",
    "on": {"record": {"events": ["created", "updated"], "fields": ["margin"]}}, "if": "margin > 7301950",
    "then": [{"do": "set_field", "field": "guarded", "value": "true"}],
}  # fmt: skip


@dataclass(frozen=True)
class Request:
    """One request of the person; ``form`` marks a body that goes as a form."""

    method: str
    address: str
    body: Any = None
    form: bool = False
    headers: tuple[tuple[str, str], ...] = ()


class Chance:
    """Ids and secrets that are the same in both worlds: a counter that each request sets."""

    def __init__(self) -> None:
        self.at = 0

    def ids(self, count: int) -> list[str]:
        """Return new ids in rising order."""
        found = []
        for _ in range(count):
            self.at += 1
            digits = f"01a20000{self.at:024x}"
            digits = f"{digits[:12]}7{digits[13:16]}8{digits[17:]}"
            found.append(f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}")
        return found

    def secret(self, length: int = 32) -> str:
        """Return a text that looks like a secret."""
        self.at += 1
        return f"s{self.at:0{length}d}"

    @contextmanager
    def ruling(self, start: int) -> Iterator[None]:
        """Make everything within the block by this chance, at :data:`NOW`."""
        self.at = start
        with patch.object(clock, "new_ids", self.ids), patch.object(clock, "secret", self.secret), clock.frozen(NOW):
            yield


def built(database: Database, folder: Path, seed: int, side: int) -> Site:
    """Return a served workspace; ``side`` 0 and 1 differ in what ``uma`` may not see, and in nothing else."""
    chance = Chance()
    with chance.ruling(1):
        workspace = world(database, TWIN_DEAL, MEMO, ROLE, RULE, CONSENT, *SCORES, *REPORTS, folder=folder)
        site = Site(workspace, create_app(workspace))
        east, west = team(workspace, "East"), team(workspace, "West")
        uma = site.people["uma"] = person(workspace, "Uma", ["t.twin"], team=east)
        others = {
            "mate": person(workspace, "Mate", ["t.rep"], team=east),
            "far": person(workspace, "Far", ["t.rep"], team=west),
        }
        with database.write() as connection:
            token = access.new_token(connection, uma.id or "", "test")
            session = clock.secret()
            accounts.begin_session(connection, digest(session), uma.id or "", NOW, NOW + timedelta(days=1), "", "test")
        site.visitors["uma"] = Visitor(token, session)
        site.people.update(others)
        _fill(site, chance, random.Random(seed), random.Random(seed * 2 + side), side)
    return site


def _fill(site: Site, chance: Chance, both: random.Random, own: random.Random, side: int) -> None:
    """Make the records. ``both`` draws what may be seen, ``own`` what may not."""
    people = {name: user.id for name, user in site.people.items()}
    with site.workspace.database.write() as connection:
        work = Work(site.workspace, connection, access.operator())

        def make(entity: str, **data: Any) -> str:
            return save_one(work, entity, Change(data)).id

        def hidden_text() -> str:
            return f"{CANARIES[0]}{own.randrange(10**6)}"

        def hidden_number() -> str:
            return f"{CANARIES[1]}{own.randrange(100):02d}.{own.randrange(100):02d}"

        account_ids = [
            make("t.account", name=f"Account {i}", region=both.choice(["east", "west", None]), credit=hidden_number())
            for i in range(4)
        ]
        for i in range(24):
            chance.at = 10_000 + 1000 * i  # what rules do with hidden fields must not shift the ids of what is seen
            kind = ("mine", "team", "tier", "hidden")[i % 4]
            owner = {"mine": "uma", "team": "mate"}.get(kind, "far")
            record: dict[str, Any] = {
                "name": f"Deal {i:02d}",
                "amount": str(both.randrange(1, 900)),
                "owner": people[owner],
            }
            inner = both if kind in ("mine", "team") else own
            more: dict[str, Any] = {
                "account": inner.choice([None, *account_ids]),
                "friends": inner.sample(account_ids, 2),
                "discount": str(inner.randrange(0, 15)),
                "opens_on": f"2026-0{inner.randrange(1, 6)}-01",
                "closes_on": inner.choice([None, "2026-08-01", "2026-09-09"]),
                "lines": [
                    {"what": "w" if inner is both else hidden_text(), "qty": inner.randrange(1, 9), "price": "2"}
                ],
            }
            if kind in ("mine", "team"):
                record.update(more, win=str(both.randrange(0, 100)))
            elif kind == "tier":
                record.update(more, tier="C")
            else:
                record.update(more, name=hidden_text(), amount=hidden_number(), win=str(own.randrange(0, 100)))
            record["team"] = None if kind == "mine" else site.people[owner].team
            deal = make("t.deal", **record, code=f"C{i}")
            for _ in range(1 + i % 2):
                change = {"margin": hidden_number(), "note": hidden_text(), "guarded": own.random() < 0.5}
                save_one(work, "t.deal", Change(change, deal))
            site.names[f"deal{i}"] = deal
            chance.at = 10_400 + 1000 * i
            asking = Work(site.workspace, connection, site.people[owner])
            words = "please" if kind in ("mine", "team") else hidden_text()
            site.names[f"approval{i}"] = approving.request(asking, "t.consent", "t.deal", deal, comment=words)
            shown = kind in ("mine", "team")
            chance.at = 10_500 + 1000 * i
            for number in range(2 if shown else 1 + side):
                text = f"Memo {i}-{number}" if shown else hidden_text()
                memo = make("t.memo", deal=deal, text=text, hours=inner.randrange(1, 9))
                site.names[f"memo{i}-{number}"] = memo
        site.names.update({f"account{i}": one for i, one in enumerate(account_ids)})
        for i in range(side * 5):  # one world has more of what is hidden
            chance.at = 100_000 + 1000 * i
            make(
                "t.deal",
                name=hidden_text(),
                amount=hidden_number(),
                owner=people["far"],
                team=site.people["far"].team,
                code=f"X{i}",
            )


_FIELDS = (
    *(
        "name",
        "amount",
        "stage",
        "tier",
        "account",
        "account.region",
        "account.name",
        "win",
        "weighted",
        "discount",
        "owner",
    ),
    *(
        "opens_on",
        "closes_on",
        "total",
        "created_at",
        "owner.name",
        "account_region",
        "code",
        "version",
        "id",
        "team",
        "status",
    ),
    *(
        "margin",
        "share",
        "double",
        "note",
        "guarded",
        "lent",
        "account.credit",
        "account.volume",
        "owner.email",
        "no_such",
    ),
)
_FILTERS = (
    "amount > 400",
    "amount < 73019",
    'tier == "C"',
    'name.contains("1")',
    "account != null",
    'account.region == "east"',
    "owner == user.id",
    "blank(closes_on)",
    "closes_on < date('2026-09-01')",
    "win >= 50 && amount > 100",
    "lines.exists(l, l.qty > 4)",
    "size(lines) > 0",
    "friends.exists(f, f.credit > 7301950)",
    "friends.exists(f, f.name == 'Account 1')",
    "margin > 7301950",
    "margin == 'x'",
    "share > 1",
    "double > 1",
    "note.contains('Zq9')",
    "guarded",
    "lent > 7301950",
    "account.credit > 7301950",
    "account.volume > 5",
    "owner.email == 'far@example.com'",
    "owner.name == 'Far'",
    "discount > 7",
    "total > 8",
    "days_in_stage > 1",
    "user.email == 'uma@example.com'",
    "weighted > 100",
    "no_such == 1",
    "amount >",
    "amount > margin",
    "!(discount > 7)",
    "discount == null",
    "lines.sum(l, l.qty) > 5",
    "size(friends) == 2",
    "account.deals > 2",
    'name == "Deal 03"',
    "coalesce(discount, 99) > 50",
)
_MEASURES = (
    "count",
    "sum:amount",
    "avg:amount",
    "min:discount",
    "max:win",
    "sum:margin",
    "max:total",
    "sum:weighted",
    "min:note",
)


class Asker:
    """Makes one random request after the other, the same for the same seed and the same answers."""

    def __init__(self, seed: int, names: dict[str, str]) -> None:
        self._chance = random.Random(seed)
        self._deals = [one for name, one in names.items() if name.startswith("deal")]
        self._accounts = [one for name, one in names.items() if name.startswith("account")]
        # One world has more of those that may not be seen: only what both have is asked for.
        self._memos = [one for name, one in names.items() if name.startswith("memo")]
        self._approvals = [one for name, one in names.items() if name.startswith("approval")]
        self._cursors: list[tuple[str, str]] = []
        self._decisions: list[str] = []
        kinds: list[tuple[int, Callable[[], Request]]] = [
            (26, self._list), (8, self._next), (10, self._one), (9, self._groups), (4, self._search), (5, self._history),
            (5, self._decided), (3, self._export), (6, self._check), (5, self._condition), (3, self._told), (3, self._gates),
            (6, self._change), (3, self._make), (2, self._move), (1, self._send), (1, self._bulk), (1, self._remove),
            (6, self._page), (1, self._lookup), (10, self._part), (8, self._approval),
        ]  # fmt: skip
        self._kinds = [make for weight, make in kinds for _ in range(weight)]

    def next(self) -> Request:
        """Return the next request."""
        return self._chance.choice(self._kinds)()

    def heard(self, request: Request, body: str) -> None:
        """Take from an answer what later requests use: cursors, decisions, new records."""
        try:
            answer = json.loads(body)
        except ValueError:
            return
        if not isinstance(answer, dict):
            return
        if answer.get("next_cursor"):
            self._cursors.append((request.address.partition("&cursor=")[0], answer["next_cursor"]))
        if request.address.endswith("/decisions"):
            self._decisions += [one["decision"] for one in answer.get("items", ())]
        if request.method == "POST" and request.address == "/api/v1/records/t.deal" and "id" in answer:
            self._deals.append(answer["id"])

    def _some(self, choices: Any, most: int) -> list[Any]:
        return self._chance.sample(list(choices), self._chance.randint(1, most))

    def _deal(self) -> str:
        return str(self._chance.choice(self._deals))

    def _query(self, **given: Any) -> str:
        return "&".join(f"{key}={quote(str(value), safe='')}" for key, value in given.items() if value is not None)

    def _maybe(self, likely: float, make: Callable[[], Any]) -> Any:
        return make() if self._chance.random() < likely else None

    def _filter(self) -> str:
        joint = self._chance.choice([" && ", " || "])
        return joint.join(self._some(_FILTERS, 2))

    def _sort(self) -> str:
        if self._chance.random() < 0.4:
            return "name"  # of every record that can be seen: sorts by other fields leave some out
        return ",".join(self._chance.choice(["", "-"]) + one for one in self._some(_FIELDS, 2))

    def _list(self) -> Request:
        entity = self._chance.choice(["t.deal"] * 6 + ["t.account", "base.user"])
        query = self._query(
            filter=self._maybe(0.5, self._filter), sort=self._maybe(0.6, self._sort), page_size=self._chance.choice([2, 5, 50]),
            fields=self._maybe(0.3, lambda: ",".join(self._some(_FIELDS, 3))), count=self._maybe(0.4, lambda: 1),
            archived=self._maybe(0.2, lambda: 1), q=self._maybe(0.2, lambda: self._chance.choice(["deal", "Zq9", "1", "Hid"])),
        )  # fmt: skip
        return Request("GET", f"/api/v1/records/{entity}?{query}")

    def _next(self) -> Request:
        if not self._cursors:
            return self._list()
        address, cursor = self._chance.choice(self._cursors[-20:])
        return Request("GET", f"{address}&cursor={quote(cursor)}")

    def _one(self) -> Request:
        if self._chance.random() < 0.3:
            return Request("GET", f"/api/v1/records/t.account/{self._chance.choice(self._accounts)}")
        return Request("GET", f"/api/v1/records/t.deal/{self._deal()}")

    def _groups(self) -> Request:
        query = self._query(
            group=self._maybe(0.8, lambda: ",".join(self._some(_FIELDS, 2))),
            measure=",".join(self._some(_MEASURES, 3)),
            filter=self._maybe(0.4, self._filter),
        )
        return Request("GET", f"/api/v1/records/t.deal/aggregate?{query}")

    def _search(self) -> Request:
        return Request("GET", f"/api/v1/search?q={self._chance.choice(['Deal', 'Zq9', 'Acc', '1', 'uma', 'Hidden'])}")

    def _history(self) -> Request:
        return Request("GET", f"/api/v1/records/t.deal/{self._deal()}/history")

    def _decided(self) -> Request:
        if self._decisions and self._chance.random() < 0.3:
            return Request("GET", f"/api/v1/decisions/{self._chance.choice(self._decisions)}")
        return Request("GET", f"/api/v1/records/t.deal/{self._deal()}/decisions")

    def _export(self) -> Request:
        kind = self._chance.choice(["csv", "jsonl"])
        query = self._query(format=kind, filter=self._maybe(0.5, self._filter), exact=self._maybe(0.5, lambda: 1))
        return Request("GET", f"/api/v1/records/t.deal/export?{query}")

    def _data(self) -> dict[str, Any]:
        values: dict[str, Any] = {
            "name": f"Deal {self._chance.randrange(99)}", "amount": str(self._chance.randrange(-5, 900)),
            "win": str(self._chance.randrange(100)), "discount": str(self._chance.randrange(30)), "reason": "because",
            "account": self._chance.choice([*self._accounts, "x"]), "margin": "5", "note": "n", "share": "1", "no_such": 1,
            "tier": "B", "lines": [{"what": "w", "qty": self._chance.randrange(3)}], "closes_on": "2026-03-03",
            "owner": self._chance.choice(["x", None]), "friends": self._some(self._accounts, 2), "guarded": True,
        }  # fmt: skip
        return {name: values[name] for name in self._some(values, 3)}

    def _version(self) -> tuple[tuple[str, str], ...]:
        return self._chance.choice(((), (), (("If-Match", '"1"'),), (("If-Match", '"2"'),)))

    def _check(self) -> Request:
        identifier = self._maybe(0.5, lambda: f"?id={self._deal()}") or ""
        return Request("POST", f"/api/v1/records/t.deal/check{identifier}", self._data())

    def _condition(self) -> Request:
        kind = self._chance.choice(["filter", "rule", "value", "gate", "check"])
        return Request("POST", "/api/v1/conditions/check", {"entity": "t.deal", "kind": kind, "source": self._filter()})

    def _told(self) -> Request:
        places = (
            *("openapi.json", "me", "metadata/entity", "metadata/entity/t.deal", "metadata/entity/t.deal/schema", "metadata/role"),
            *("metadata/rule", "metadata/rule/t.watch", "metadata/pipeline/t.sale", "metadata/entity/t.account/schema"),
        )  # fmt: skip
        return Request("GET", f"/api/v1/{self._chance.choice(places)}")

    def _gates(self) -> Request:
        asked = self._chance.choice(["checklist", "scores"])
        return Request("GET", f"/api/v1/records/t.deal/{self._deal()}/{asked}")

    def _change(self) -> Request:
        return Request("PATCH", f"/api/v1/records/t.deal/{self._deal()}", self._data(), headers=self._version())

    def _make(self) -> Request:
        if self._chance.random() < 0.3:
            return Request("PUT", f"/api/v1/records/t.deal/by/code/C{self._chance.randrange(30)}", self._data())
        return Request("POST", "/api/v1/records/t.deal", {"name": "New", **self._data()})

    def _move(self) -> Request:
        to = self._chance.choice(["offer", "lost", "won", "nowhere"])
        return Request("POST", f"/api/v1/records/t.deal/{self._deal()}/move", {"to": to}, headers=self._version())

    def _send(self) -> Request:
        event = {"type": "engagement.opened", "entity": "t.deal", "record": self._deal(), "data": {"asset": "quote"}}
        return Request("POST", "/api/v1/events", event)

    def _bulk(self) -> Request:
        updates = [{"id": self._deal(), **self._data()} for _ in range(3)]
        return Request(
            "POST", "/api/v1/records/t.deal/bulk", {"update": updates, "atomic": self._chance.random() < 0.5}
        )

    def _remove(self) -> Request:
        if self._chance.random() < 0.5:
            return Request("DELETE", f"/api/v1/records/t.deal/{self._deal()}")
        return Request("POST", f"/api/v1/records/t.deal/{self._deal()}/restore")

    def _page(self) -> Request:
        query = self._query(filter=self._maybe(0.4, self._filter), sort=self._maybe(0.5, self._sort))
        deal = self._deal()
        return Request(
            "GET",
            self._chance.choice(
                [
                    f"/records/t.deal?{query}",
                    f"/records/t.deal/{deal}",
                    f"/records/t.deal/{deal}/edit",
                    "/records/t.deal/new",
                ]
            ),
        )

    def _part(self) -> Request:
        memo, deal = self._chance.choice(self._memos), self._deal()
        one, query = f"/api/v1/records/t.memo/{memo}", self._query(
            filter=self._chance.choice(["hours > 3", 'text.contains("Memo")', "deal.margin > 5", "deal.amount > 400"]),
            sort=self._chance.choice(["text", "-hours", "deal.name", "deal.margin"]), page_size=self._chance.choice([3, 50]),
        )  # fmt: skip
        body = {"text": "Memo new", "deal": deal}
        return self._chance.choice(
            [
                Request("GET", f"/api/v1/records/t.memo?{query}&count=1"),
                Request("GET", "/api/v1/records/t.memo/aggregate?group=deal.name&measure=count,sum:hours"),
                Request("GET", "/api/v1/records/t.memo/aggregate?measure=count,sum:hours"),
                Request("GET", "/api/v1/records/t.memo/export?format=jsonl"),
                Request("GET", "/api/v1/search?q=Memo"),
                Request("GET", f"{one}{self._chance.choice(['', '/history', '/decisions', '/checklist', '/scores'])}"),
                Request("GET", f"/records/t.memo/{memo}"),
                Request("PATCH", one, {"text": "Memo changed", "hours": 2}),
                Request("PATCH", one, {"deal": deal}),
                Request("POST", "/api/v1/records/t.memo", body),
                Request(
                    "POST", "/api/v1/records/t.memo/bulk", {"create": [body], "update": [{"id": memo, "deal": deal}]}
                ),
                Request("DELETE", one),
                Request("POST", f"{one}/restore"),
            ]
        )

    def _approval(self) -> Request:
        one, deal = f"/api/v1/approvals/{self._chance.choice(self._approvals)}", self._deal()
        doing, body = self._chance.choice(
            [
                ("approve", {}),
                ("reject", {"comment": "no"}),
                ("return", {"comment": "again"}),
                ("recall", {}),
                ("delegate", {"to": self._chance.choice(self._accounts)}),
                ("add_approver", {"who": deal, "where": "after"}),
            ]
        )
        return self._chance.choice(
            [
                Request("GET", "/api/v1/approvals"),
                Request("GET", "/api/v1/approvals?mine=asked"),
                Request("GET", one),
                Request("GET", f"/api/v1/records/t.deal/{deal}/approvals"),
                Request("POST", f"/api/v1/records/t.deal/{deal}/approvals", {"approval": "t.consent"}),
                Request("POST", f"{one}/{doing}", body),
            ]
        )

    def _lookup(self) -> Request:
        return Request("GET", f"/lookup/t.deal/{self._chance.choice(['account', 'friends', 'owner', 'margin'])}?q=a")


@dataclass(frozen=True)
class Answer:
    """All that a response tells."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str


def asked(site: Site, request: Request, number: int) -> Answer:
    """Send a request as the person, under the same chance in both worlds."""
    with Chance().ruling(1_000_000 + number * 1000):
        response = site.ask(
            "uma", request.method, request.address, None if request.form else request.body,
            form=request.body if request.form else None, headers=dict(request.headers),
        )  # fmt: skip
        return Answer(response.status_code, tuple(response.headers), response.get_data(as_text=True))


def play(sites: tuple[Site, Site], seed: int, count: int) -> tuple[list[str], dict[int, int]]:
    """Send ``count`` requests to both; return what differs or shows a canary, and how often each status came."""
    asker = Asker(seed, sites[0].names)
    told: list[str] = []
    statuses: dict[int, int] = {}
    for number in range(count):
        request = asker.next()
        one, other = (asked(site, request, number) for site in sites)
        statuses[one.status] = statuses.get(one.status, 0) + 1
        line = f"{request.method} {request.address} {request.body} {dict(request.headers)}"
        if one != other:
            told.append(
                f"{line}\n  {one.status} {_around(one.body, other.body)}\n  {other.status} {_around(other.body, one.body)}"
            )
        for answer in (one, other):
            whole = f"{answer.headers}{answer.body}"
            echoed = any(canary in request.address or canary in str(request.body) for canary in CANARIES)
            if not echoed and any(canary in whole for canary in (*CANARIES, "Wzsecret")):
                told.append(f"CANARY {line}\n  {whole[:3000]}")
        asker.heard(request, one.body)
    return told, statuses


def _around(text: str, other: str) -> str:
    place = next((i for i, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), min(len(text), len(other)))
    return text[max(place - 150, 0) : place + 250]
