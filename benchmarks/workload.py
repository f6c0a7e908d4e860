"""The work both programs do: one entity of 25 fields with every usual limit, its pack, and reproducible records."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

ACCOUNTS = 2_000
#: From this amount on a deal is large; one rule of the pack and one ``if`` of the hand-written program say so.
LARGE = 100_000
REGIONS = ("emea", "amer", "apac", "latam")
PHASES = ("new", "qualified", "proposal", "negotiation", "won", "lost")
PRODUCTS = ("core", "plus", "pro", "mobile", "support", "training", "cloud", "edge")
WORDS = [
    "renewal",
    "of",
    "the",
    "regional",
    "support",
    "contract",
    "with",
    "extended",
    "cover",
    "rollout",
    "pilot",
    "licences",
    "migration",
    "audit",
    "quarterly",
    "review",
    "pricing",
    "volume",
    "partner",
    "channel",
    "delivery",
    "training",
]


@dataclass(frozen=True)
class Spec:
    """A field: its kind, and the limits that both programs hold it to."""

    name: str
    kind: str
    required: bool = False
    least: int | None = None
    most: int | None = None
    pattern: str | None = None
    options: tuple[str, ...] = ()
    indexed: bool = False


ACCOUNT = (
    Spec("name", "text", required=True, most=140),
    Spec("industry", "select", options=("energy", "finance", "health", "retail", "software", "transport")),
    Spec("region", "select", required=True, options=REGIONS, indexed=True),
    Spec("revenue", "money", least=0),
)
DEAL = (
    Spec("title", "text", required=True, least=3, most=140),
    Spec("description", "long_text", most=5_000),
    Spec("amount", "money", required=True, least=0, most=1_000_000_000),
    Spec("currency", "select", required=True, options=("USD", "EUR", "GBP", "JPY")),
    Spec("phase", "select", required=True, options=PHASES, indexed=True),
    Spec("priority", "select", options=("low", "medium", "high")),
    Spec("lead_source", "select", options=("web", "event", "partner", "referral", "cold_call")),
    Spec("products", "multi_select", options=PRODUCTS),
    Spec("probability", "integer", least=0, most=100),
    Spec("quantity", "integer", least=1, most=100_000),
    Spec("discount", "percent", least=0, most=100),
    Spec("close_date", "date", required=True, indexed=True),
    Spec("next_contact_at", "datetime"),
    Spec("signed_at", "datetime"),
    Spec("is_private", "boolean"),
    Spec("is_renewal", "boolean"),
    Spec("contact_name", "text", most=100),
    Spec("contact_email", "email", pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$"),
    Spec("contact_phone", "phone", pattern=r"^\+?[0-9 ()-]{5,20}$"),
    Spec("website", "url", pattern=r"^https?://[^\s]+$"),
    Spec("external_code", "text", pattern=r"^[A-Z]{2}-[0-9]{4}$", most=20),
    Spec("account", "reference", required=True, indexed=True),
    Spec("sales_rep", "user"),
    Spec("next_step", "text", most=255),
    Spec("deal_size", "select", options=("small", "large")),
)
_LENGTHS = {"text", "long_text"}
#: Kinds whose form the platform knows by itself; the hand-written program has a pattern for each.
_KNOWN_FORMS = {"email", "phone", "url"}


def accounts() -> Iterator[dict[str, Any]]:
    """Yield the accounts that deals refer to."""
    chance = random.Random(7)
    for i in range(ACCOUNTS):
        yield {
            "name": f"Account {i:05d}",
            "industry": chance.choice(ACCOUNT[1].options),
            "region": chance.choice(REGIONS),
            "revenue": f"{chance.uniform(1e5, 1e9):.2f}",
        }


def deals(count: int, seed: int = 11) -> Iterator[dict[str, Any]]:
    """Yield valid deals in API JSON; ``account`` is a number from 0, ``sales_rep`` is left to the program."""
    chance = random.Random(seed)
    for i in range(count):
        day = date(2026, 1, 1) + timedelta(days=chance.randrange(730))
        moment = datetime(2026, 1, 1, 8) + timedelta(minutes=chance.randrange(730 * 1440))
        yield {
            "title": f"Deal {i:06d} {chance.choice(WORDS)}",
            "description": " ".join(chance.choices(WORDS, k=40)),
            "amount": f"{chance.lognormvariate(10.5, 1.2):.2f}",
            "currency": chance.choice(("USD", "EUR", "GBP", "JPY")),
            "phase": chance.choice(PHASES),
            "priority": chance.choice(("low", "medium", "high")),
            "lead_source": chance.choice(("web", "event", "partner", "referral", "cold_call")),
            "products": chance.sample(PRODUCTS, chance.randint(1, 3)),
            "probability": chance.randrange(101),
            "quantity": chance.randint(1, 500),
            "discount": f"{chance.uniform(0, 40):.2f}",
            "close_date": day.isoformat(),
            "next_contact_at": f"{moment.isoformat()}Z",
            "signed_at": f"{(moment + timedelta(days=30)).isoformat()}Z",
            "is_private": chance.random() < 0.2,
            "is_renewal": chance.random() < 0.3,
            "contact_name": f"Contact {chance.randrange(9999)}",
            "contact_email": f"person{chance.randrange(99999)}@example.com",
            "contact_phone": f"+1 555 {chance.randrange(100, 999)} {chance.randrange(1000, 9999)}",
            "website": f"https://www.example{chance.randrange(999)}.com/deal",
            "external_code": f"{chance.choice('ABCDEFGH')}{chance.choice('ABCDEFGH')}-{chance.randrange(10000):04d}",
            "account": chance.randrange(ACCOUNTS),
            "next_step": " ".join(chance.choices(WORDS, k=6)),
        }


def questions(count: int = 20) -> list[dict[str, Any]]:
    """Return what pages are asked for: a phase, a range of amounts and the region of the account."""
    chance = random.Random(5)
    found = []
    for _ in range(count):
        low = chance.choice((5_000, 10_000, 20_000, 40_000))
        found.append({"phase": chance.choice(PHASES), "low": low, "high": low * 4, "region": chance.choice(REGIONS)})
    return found


def write_pack(folder: Path, *, extra: bool = False) -> Path:
    """Write the pack ``bench`` and return its folder; ``extra`` adds one field and counts its version up."""
    pack = folder / "bench"
    documents: dict[str, Any] = {
        "pack.json": {
            "format": 1,
            "id": "bench",
            "ns": "bench",
            "version": "0.2.0" if extra else "0.1.0",
            "title": {"en": "Benchmark"},
            "description": {"en": "One entity of 25 fields and one rule"},
            "license": "Apache-2.0",
            "platform": ">=0.1 <1",
            "permissions": {"entities": {"bench.*": ["read", "create", "update"]}, "grants_roles": ["bench.rep"]},
            "locales": ["en"],
            "default_locale": "en",
        },
        "entities/account.json": _entity("account", "name", ACCOUNT),
        "entities/deal.json": _entity("deal", "title", (*DEAL, Spec("remark", "text", most=200)) if extra else DEAL),
        "rules/size.json": {
            "kind": "rule",
            "id": "bench.size",
            "lang": 1,
            "title": "Size of a deal",
            "entity": "bench.deal",
            "on": {"record": {"events": ["created", "updated"], "fields": ["amount"]}},
            "if": "amount != null",
            "then": [{"do": "set_field", "field": "deal_size", "value": f"amount >= {LARGE} ? 'large' : 'small'"}],
            "once_per": "always",
            "priority": 200,
            "mode": "live",
        },
        "roles/rep.json": {
            "kind": "role",
            "id": "bench.rep",
            "lang": 1,
            "title": "Rep",
            "grants": [
                {"entity": f"bench.{name}", "ops": ["read", "create", "update", "import"]}
                for name in ("account", "deal")
            ]
            + [{"entity": "base.user", "ops": ["read"]}],
        },
    }
    for name, document in documents.items():
        file = pack / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(document), encoding="utf-8")
    return pack


def _entity(name: str, display: str, specs: tuple[Spec, ...]) -> dict[str, Any]:
    return {
        "kind": "entity",
        "id": f"bench.{name}",
        "lang": 1,
        "title": name.capitalize(),
        "plural": f"{name.capitalize()}s",
        "display": display,
        "properties": {spec.name: _field(spec) for spec in specs},
        "required": [spec.name for spec in specs if spec.required],
    }


def _field(spec: Spec) -> dict[str, Any]:
    field: dict[str, Any] = {"field": spec.kind, "title": spec.name.replace("_", " ").capitalize()}
    if spec.kind == "reference":
        field.update(to="bench.account", on_delete="restrict")
    if spec.options:
        field["options"] = [{"id": one, "title": one.capitalize()} for one in spec.options]
    least, most = ("minLength", "maxLength") if spec.kind in _LENGTHS else ("minimum", "maximum")
    if spec.least is not None:
        field[least] = spec.least
    if spec.most is not None:
        field[most] = spec.most
    if spec.pattern and spec.kind not in _KNOWN_FORMS:
        field["pattern"] = spec.pattern
    if spec.indexed and spec.kind != "reference":
        field["indexed"] = True
    return field
