"""Settings of a workspace: what there are, what they are until somebody sets them, and which values can be used.

    zone, locale, currency                       of the workspace: ``today()``, texts, amounts that name no currency
    requests_per_second, requests_at_once        how much one token or user may ask for, and how much in a burst
    strangers_per_second, strangers_at_once      the same for an address from which nobody is signed in
    address                                      where people open it, such as https://crm.example.com: links in mails
    rule_budget                                  how many actions a rule may ask for in an hour (``docs/rules.md``)
    require_signature                            of archives of packs: off, warn or enforce (``docs/pack-archives.md``)

A limit of 0 requests per second is no limit. Definitions depend on settings, so they belong to a revision.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dealwright.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What every catalog has.
DEFAULTS: Final[Mapping[str, str]] = {"zone": "UTC", "locale": "en", "currency": "EUR"}
#: Limits of requests; see ``docs/decisions/030-rate-limits.md`` for the figures.
LIMITS: Final[Mapping[str, str]] = {
    "requests_per_second": "100",
    "requests_at_once": "1000",
    "strangers_per_second": "20",
    "strangers_at_once": "600",
}
#: Actions that a rule may ask for in an hour of the clock.
BUDGET: Final[Mapping[str, str]] = {"rule_budget": "100000"}
#: Where the workspace is opened; links in mails begin with it, and without it they have none.
ADDRESS: Final[Mapping[str, str]] = {"address": ""}
#: What is asked of archives of packs that come in.
TRUST: Final[Mapping[str, str]] = {"require_signature": "warn"}
ALL: Final = {**DEFAULTS, **LIMITS, **BUDGET, **ADDRESS, **TRUST}

_FORMS: Final = {
    "locale": (re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z"), "en or zh-CN"),
    "currency": (re.compile(r"[A-Z]{3}\Z"), "EUR or CNY"),
    "requests_per_second": (re.compile(r"[0-9]{1,6}(\.[0-9]{1,3})?\Z"), "100, or 0 for no limit"),
    "requests_at_once": (re.compile(r"[1-9][0-9]{0,6}\Z"), "1000"),
    "strangers_per_second": (re.compile(r"[0-9]{1,6}(\.[0-9]{1,3})?\Z"), "20, or 0 for no limit"),
    "strangers_at_once": (re.compile(r"[1-9][0-9]{0,6}\Z"), "600"),
    "address": (re.compile(r"(https?://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?)?\Z"), "https://crm.example.com"),
    "require_signature": (re.compile(r"(off|warn|enforce)\Z"), "off, warn or enforce"),
    "rule_budget": (re.compile(r"[1-9][0-9]{0,8}\Z"), "100000"),
}


def problems(settings: Mapping[str, str]) -> list[Problem]:
    """Return what is wrong with settings: names that do not exist, and values that nothing could work with."""
    found = []
    for name, value in settings.items():
        if name not in ALL:
            text = f"there is no setting “{name}”; there are {', '.join(ALL)}"
            found.append(Problem(f"/{name}", "no-such-setting", text, "settings"))
        elif name == "zone":
            if not _is_zone(value):
                text = f"“{value}” is no time zone; write one such as Asia/Shanghai or UTC"
                found.append(Problem("/zone", "no-such-zone", text, "settings"))
        elif not _FORMS[name][0].match(value):
            text = f"“{value}” cannot be the {name}; write one such as {_FORMS[name][1]}"
            found.append(Problem(f"/{name}", f"no-such-{name.replace('_', '-')}", text, "settings"))
    return found


def _is_zone(value: str) -> bool:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
