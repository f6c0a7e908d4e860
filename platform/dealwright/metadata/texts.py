"""Whether translations belong to something that is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dealwright.errors import Problem
from dealwright.metadata import disabled
from dealwright.metadata.fold import Folded
from dealwright.metadata.layers import Layer
from dealwright.metadata.pointers import path, pointer, steps
from dealwright.metadata.schemas import near

#: Attributes that people read, and that a translation may therefore be of.
TRANSLATABLE = frozenset({"title", "plural", "description", "message", "placeholder", "section", "text", "body"})


def problems(folded: Folded, layers: Iterable[Layer]) -> Iterator[Problem]:
    """Yield each translation of a text that no document has; none while a pack is disabled, of which texts are gone."""
    layers = list(layers)
    if disabled.ids(layers):
        return
    there = {path(*key, at) for key, at in folded.provenance}
    # A field may leave its title to be made from its id; it can be translated all the same.
    there |= {f"{one.removesuffix('/field')}/title" for one in there if one.endswith("/field")}
    there = {one for one in there if one.rpartition("/")[2] in TRANSLATABLE}
    for layer in layers:
        for locale, texts in layer.translations.items():
            source = f"{layer.folder}/i18n/{locale}.json".lstrip("/")
            for where in texts:
                if where in there:
                    continue
                document, _, inner = where.partition("#")
                same = {one for one in there if one.startswith(f"{document}#")} or {
                    one.partition("#")[0] for one in there
                }
                message = f"this is the path of no text{near(where if inner else document, same)}"
                if inner and steps(inner)[-1:] and steps(inner)[-1] not in TRANSLATABLE:
                    message = f"“{steps(inner)[-1]}” is not read by people; only {', '.join(sorted(TRANSLATABLE))} are translated"
                yield Problem(pointer([where]), "unknown-path", message, source)
