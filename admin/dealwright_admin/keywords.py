"""What the keywords of definitions are called on pages, and what they are for."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from dealwright.metadata import schemas
from dealwright.web.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Mapping


def label(keyword: str) -> str:
    """Return what a keyword is called: our word, else the title in the schema of its kind, else itself."""
    return _labels().get(keyword) or _titles().get(keyword, keyword)


def help_text(keyword: str) -> str:
    """Return what a keyword of a field is for; empty where its name says it."""
    return _helps().get(keyword, "")


def _labels() -> dict[str, str]:
    return {
        **{"title": gettext("Title"), "plural": gettext("Plural"), "description": gettext("Help text")},
        **{"placeholder": gettext("Placeholder"), "section": gettext("Section"), "width": gettext("Width")},
        **{"order": gettext("Order"), "required": gettext("Required"), "default": gettext("Default")},
        **{"required_when": gettext("Required when"), "visible_when": gettext("Shown when")},
        **{"readonly_when": gettext("Read-only when"), "immutable": gettext("Set once")},
        **{"unique": gettext("Unique"), "external_id": gettext("External id"), "indexed": gettext("Indexed")},
        **{"sensitivity": gettext("Sensitivity"), "minLength": gettext("Fewest characters")},
        **{"maxLength": gettext("Most characters"), "minimum": gettext("At least"), "maximum": gettext("At most")},
        **{"exclusiveMinimum": gettext("More than"), "exclusiveMaximum": gettext("Less than")},
        **{"multipleOf": gettext("Multiple of"), "pattern": gettext("Pattern"), "format": gettext("Format")},
        **{"enum": gettext("Allowed values"), "language": gettext("Language"), "scale": gettext("Decimal places")},
        **{"currency": gettext("Currency"), "options": gettext("Options"), "option_set": gettext("Option set")},
        **{"allow_new": gettext("Others may be typed"), "options_when": gettext("Options offered when")},
        **{"accept": gettext("Types of files"), "max_size": gettext("Largest size in bytes")},
        **{
            "multiple": gettext("Several files"),
            "to": gettext("Points to"),
            "on_delete": gettext("When that is deleted"),
        },
        **{
            "where": gettext("Offered records"),
            "prefill": gettext("Fills in"),
            "prefill_when": gettext("Fills in when"),
        },
        **{"items": gettext("Columns"), "minItems": gettext("Fewest entries"), "maxItems": gettext("Most entries")},
        **{"formula": gettext("Formula"), "result": gettext("Result"), "publish": gettext("Show to all")},
        **{"of": gettext("Records of"), "via": gettext("Linked by"), "measure": gettext("Measure")},
        **{"value": gettext("Value"), "filter": gettext("Only records where"), "reset": gettext("Starts again")},
        **{"text": gettext("Text"), "steps": gettext("Steps"), "when": gettext("Condition"), "due": gettext("Due")},
        **{"approvers": gettext("Who decides"), "need": gettext("How many"), "on_timeout": gettext("If late")},
        **{
            "icon": gettext("Icon"),
            "hue": gettext("Colour"),
            "display": gettext("Named by"),
            "start": gettext("Starts"),
        },
        **{"rules": gettext("Rules"), "lock": gettext("Lock"), "entity": gettext("Entity"), "field": gettext("Type")},
        **{"under": gettext("Stands under"), "show": gettext("Shown on"), "folded": gettext("Begins folded")},
        **{"by_hand": gettext("Asked for by people"), "checks": gettext("Checks"), "properties": gettext("Fields")},
    }


def _helps() -> dict[str, str]:
    return {
        "placeholder": gettext("Stands in the empty input."),
        "required_when": gettext("A condition, such as amount > 10000."),
        "visible_when": gettext("While it is false the field is hidden and empty."),
        "readonly_when": gettext("While it is true nobody can change the value."),
        "immutable": gettext("Once filled, the value stays."),
        "unique": gettext("No two records have the same value."),
        "external_id": gettext("Records can be found and updated by it, as in imports."),
        "indexed": gettext("Lists sort and search by it quickly."),
        "sensitivity": gettext("Personal data are marked; secrets can be written and never read."),
        "pattern": gettext("A regular expression that the whole value must match."),
        "options_when": gettext("One line each: id = condition."),
        "prefill": gettext("One line each: field = path, such as region = account.region."),
        "where": gettext("A condition over the records that can be chosen."),
        "formula": gettext("An expression over the fields of the record; it is worked out on each save."),
        "publish": gettext("Also to people who may not see what it is worked out from."),
        "via": gettext("The reference that leads from one record to the other."),
        "format": gettext("Such as OPP-{yyyy}-{seq:5}."),
        "enum": gettext("One value a line."),
        "accept": gettext("One a line, such as image/* or application/pdf."),
        "currency": gettext("Such as CNY; the workspace's when empty."),
        "items": gettext("The columns of the table."),
        "section": gettext("The heading under which it stands in the form."),
    }


@cache
def _titles() -> Mapping[str, str]:
    """Return the titles that the shipped schemas give to keywords, the first of each."""
    found: dict[str, str] = {}

    def walk(part: Any) -> None:
        if isinstance(part, dict):
            for key, one in part.get("properties", {}).items() if isinstance(part.get("properties"), dict) else ():
                if isinstance(one, dict) and isinstance(one.get("title"), str):
                    found.setdefault(key, one["title"])
            for inner in part.values():
                walk(inner)
        elif isinstance(part, list):
            for inner in part:
                walk(inner)

    for name, _ in schemas.KINDS.values():
        walk(schemas.schema(name))
    return found
