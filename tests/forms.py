"""What a browser without scripts would send of a form of a page: for tests that read a page and save it as it is."""

from __future__ import annotations

from html.parser import HTMLParser


class _Form(HTMLParser):
    def __init__(self, identifier: str) -> None:
        super().__init__()
        self.identifier, self.inside, self.away, self.off = identifier, False, 0, 0
        self.pairs: list[tuple[str, str]] = []
        self.area: tuple[str, list[str]] | None = None
        self.select: tuple[str, list[str], list[str]] | None = None
        self.fieldsets: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = given.get("id") == self.identifier
        if tag == "template":  # what stands in one is no part of the page
            self.away += 1
        if not self.inside or self.away:
            return
        if tag == "fieldset":
            self.fieldsets.append("disabled" in given)
        shut = "disabled" in given or any(self.fieldsets)
        name, kind = given.get("name", ""), given.get("type", "text")
        if tag == "option" and self.select is not None:
            self.select[1].append(given.get("value", ""))
            if "selected" in given:
                self.select[2].append(given.get("value", ""))
        elif shut or not name:
            return
        elif tag == "input" and (kind not in ("checkbox", "radio") or "checked" in given):
            self.pairs.append((name, given.get("value", "")))
        elif tag == "textarea":
            self.area = (name, [])
        elif tag == "select":
            self.select = (name, [], [])

    def handle_data(self, data: str) -> None:
        if self.area is not None:
            self.area[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "template":
            self.away -= 1
        elif tag == "form":
            self.inside = False
        elif tag == "fieldset" and self.inside:
            self.fieldsets.pop()
        elif tag == "textarea" and self.area is not None:
            self.pairs.append((self.area[0], "".join(self.area[1]).replace("\n", "\r\n")))
            self.area = None
        elif tag == "select" and self.select is not None:
            chosen = self.select[2] or self.select[1][:1]
            self.pairs += [(self.select[0], one) for one in chosen[-1:]]
            self.select = None


def sent(page: str, identifier: str = "design") -> dict[str, list[str]]:
    """Return names and values that the form with this id would send."""
    form = _Form(identifier)
    form.feed(page.replace("<noscript>", "<template>").replace("</noscript>", "</template>"))
    found: dict[str, list[str]] = {}
    for name, value in form.pairs:
        found.setdefault(name, []).append(value)
    return {name: values for name, values in found.items() if name != "csrf_token"}
