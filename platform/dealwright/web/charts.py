"""Charts as SVG, made on the server: no script, no inline style, colours by the names of the design.

Each chart has a title and a description for screen readers; the table beside it holds every figure, so nothing is told by
the drawing alone. Colours are the tokens of the pages, so a chart is right in light and dark and in print. Lengths are
units of a drawing 400 wide, which the page stretches: a phone and half a page show letters of a size to read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

WIDTH: Final = 400
#: Bars that are drawn; the table has the rest.
MOST_BARS: Final = 24
#: The same of a Pareto chart, whose line needs the tail.
MOST_UPRIGHT: Final = 120
_LABEL, _ROW, _BAR, _VALUE = 130, 30, 16, 68
#: About how wide a digit of a figure is, and how far it stays from its bar.
_DIGIT, _GAP = 7.2, 10
#: Characters of a label that fit; a Chinese one takes twice the room.
_LETTERS: Final = 17


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar.

    Attributes:
        value: Its length, 0 or more; None for no bar.
        text: The value for people.
        low, high: Ends of an interval around the value.
        goal: Where a target or benchmark lies.
        ghost: A longer bar behind it: the whole of which it is a part.
    """

    label: str
    value: float | None
    text: str
    low: float | None = None
    high: float | None = None
    goal: float | None = None
    ghost: float | None = None


def bars(title: str, described: str, rows: Sequence[Bar], *, most: float | None = None) -> Markup:
    """Return horizontal bars, with intervals, targets and wholes where they have them."""
    shown = rows[:MOST_BARS]
    lengths = [one for row in shown for one in (row.value, row.high, row.goal, row.ghost) if one is not None]
    figures = max(_VALUE, _GAP + _DIGIT * max((len(row.text) for row in shown), default=0))
    scale = (WIDTH - _LABEL - figures) / (most or max(lengths, default=0) or 1)
    parts = []
    for i, row in enumerate(shown):
        y = i * _ROW + 6
        parts.append(_text(_LABEL - 8, y + 12, _cut(row.label), anchor="end", full=row.label))
        if row.ghost is not None:
            parts.append(_rect(_LABEL, y, row.ghost * scale, _BAR, "var(--bg-active)"))
        if row.value is not None:
            parts.append(_rect(_LABEL, y, row.value * scale, _BAR, "var(--accent)"))
        if row.low is not None and row.high is not None:
            parts.append(_whisker(_LABEL + row.low * scale, _LABEL + row.high * scale, y + _BAR / 2))
        if row.goal is not None:
            parts.append(
                _line(_LABEL + row.goal * scale, y - 4, _LABEL + row.goal * scale, y + _BAR + 4, "var(--warn)", 2)
            )
        parts.append(_text(WIDTH, y + 12, row.text, anchor="end", strong=True))
    return _svg(title, described, len(shown) * _ROW + 8, parts)


def funnel(title: str, described: str, rows: Sequence[Bar]) -> Markup:
    """Return a funnel: centred bars that get shorter, each with its text, and with ``goal`` the share that went on."""
    longest = max((row.value or 0 for row in rows), default=0) or 1
    middle, room = _LABEL + (WIDTH - _LABEL) / 2, WIDTH - _LABEL
    parts = []
    for i, row in enumerate(rows):
        y, width = i * 40 + 4, max((row.value or 0) / longest * room, 2)
        parts.append(_text(_LABEL - 8, y + 19, _cut(row.label), anchor="end", full=row.label))
        parts.append(_rect(middle - width / 2, y, width, 28, "var(--accent-soft)", "var(--accent-line)"))
        parts.append(_text(middle, y + 19, row.text, anchor="middle", strong=True))
    return _svg(title, described, len(rows) * 40 + 4, parts)


def lines(title: str, described: str, labels: Sequence[str], rows: Sequence[Bar]) -> Markup:
    """Return one line over time, with its interval as a band and its target as a dashed line; gaps stay gaps."""
    high = [one for row in rows for one in (row.value, row.high, row.goal) if one is not None]
    top, floor, left = max(high, default=0) or 1, 150, 44
    step = (WIDTH - left - 12) / max(len(rows) - 1, 1)

    def at(i: int, value: float) -> tuple[float, float]:
        return left + i * step, floor - value / top * (floor - 14)

    parts = [_line(left, floor, WIDTH, floor, "var(--line-2)", 1), _line(left, 14, WIDTH, 14, "var(--line)", 1)]
    parts.append(_text(left - 6, 18, _short(top), anchor="end"))
    parts.append(_text(left - 6, floor + 4, "0", anchor="end"))
    banded = [(i, row) for i, row in enumerate(rows) if row.low is not None and row.high is not None]
    if len(banded) > 1:
        there = [at(i, row.high or 0) for i, row in banded] + [at(i, row.low or 0) for i, row in reversed(banded)]
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in there)
        parts.append(Markup('<polygon points="{}" fill="var(--accent-soft)"/>').format(points))
    goals = [at(i, row.goal) for i, row in enumerate(rows) if row.goal is not None]
    if goals:
        parts.append(_path(goals, "var(--warn)", dash="5 4"))
    run: list[tuple[float, float]] = []
    for i, row in enumerate(rows):
        if row.value is not None:
            run.append(at(i, row.value))
            x, y = run[-1]
            parts.append(
                Markup('<circle cx="{:.1f}" cy="{:.1f}" r="3" fill="var(--accent)"><title>{}</title></circle>').format(
                    x, y, f"{labels[i]}: {row.text}"
                )
            )
        if run and (row.value is None or i == len(rows) - 1):
            parts.append(_path(run, "var(--accent)"))
            run = []
    every = max(1, len(labels) // 6)
    for i in range(0, len(labels), every):
        parts.append(_text(at(i, 0)[0], floor + 18, labels[i], anchor="start" if i == 0 else "middle"))
    return _svg(title, described, floor + 26, parts)


def heat_map(
    title: str, described: str, down: Sequence[str], across: Sequence[str], cells: Sequence[Sequence[Bar | None]]
) -> Markup:
    """Return a grid whose cells are the darker the greater their value; each cell says its value too."""
    values = [cell.value for row in cells for cell in row if cell is not None and cell.value is not None]
    low, high = min(values, default=0.0), max(values, default=1.0)
    width = (WIDTH - _LABEL) / max(len(across), 1)
    parts = [
        _text(_LABEL + (i + 0.5) * width, 14, _cut(one, max(int(width / 7), 3)), anchor="middle", full=one)
        for i, one in enumerate(across)
    ]
    for y, row in enumerate(cells):
        top = 22 + y * 30
        parts.append(_text(_LABEL - 8, top + 19, _cut(down[y]), anchor="end", full=down[y]))
        for x, cell in enumerate(row):
            if cell is None or cell.value is None:
                continue
            share = (cell.value - low) / (high - low) if high > low else 0.5
            parts.append(
                Markup(
                    '<g><title>{}</title><rect x="{:.1f}" y="{}" width="{:.1f}" height="28" rx="3" fill="var(--accent)" '
                    'fill-opacity="{:.2f}"/>{}</g>'
                ).format(
                    f"{down[y]}, {across[x]}: {cell.text}",
                    _LABEL + x * width,
                    top,
                    max(width - 2, 1),
                    0.08 + 0.5 * share,
                    _text(_LABEL + (x + 0.5) * width - 1, top + 19, cell.text, anchor="middle") if width >= 34 else "",
                )
            )
    return _svg(title, described, 22 + len(cells) * 30, parts)


def pareto(title: str, described: str, rows: Sequence[Bar]) -> Markup:
    """Return upright bars by size and the line of their running share, which ``goal`` gives in percent."""
    shown = rows[:MOST_UPRIGHT]
    floor, top = 160, max((row.value or 0 for row in shown), default=0) or 1
    step = (WIDTH - 8) / max(len(shown), 1)
    parts = [_line(0, floor, WIDTH, floor, "var(--line-2)", 1)]
    eighty = floor - 0.8 * (floor - 14)
    parts.append(
        Markup('<g aria-hidden="true">{}{}</g>').format(
            _line(0, eighty, WIDTH, eighty, "var(--line-2)", 1, dash="3 4"),
            _text(WIDTH, eighty - 4, "80 %", anchor="end"),
        )
    )
    run = []
    for i, row in enumerate(shown):
        height = (row.value or 0) / top * (floor - 14)
        bar = _rect(4 + i * step, floor - height, max(step - min(step / 4, 4), 1), height, "var(--accent)")
        parts.append(Markup("<g><title>{}</title>{}</g>").format(f"{row.label}: {row.text}", bar))
        if step >= 40:
            parts.append(
                _text(4 + (i + 0.5) * step, floor + 16, _cut(row.label, max(int(step / 7), 3)), anchor="middle")
            )
        if row.goal is not None:
            run.append((4 + (i + 0.5) * step, floor - row.goal / 100 * (floor - 14)))
    parts.append(_path(run, "var(--warn)"))
    return _svg(title, described, floor + 24, parts)


def histogram(title: str, described: str, rows: Sequence[Bar]) -> Markup:
    """Return upright bars over a range that is cut into equal parts; ``ghost`` stands behind each as what it was before."""
    shown = rows[:MOST_UPRIGHT]
    floor, lengths = 120, [one for row in shown for one in (row.value, row.ghost) if one is not None]
    top, step = max(lengths, default=0) or 1, (WIDTH - 8) / max(len(shown), 1)
    parts = [_line(0, floor, WIDTH, floor, "var(--line-2)", 1)]
    for i, row in enumerate(shown):
        before, after = ((one or 0) / top * (floor - 10) for one in (row.ghost, row.value))
        x, width = 4 + i * step, max(step - 2, 1)
        drawn = [_rect(x, floor - before, width, before, "var(--bg-active)", "var(--line-2)")] if row.ghost else []
        drawn += [_rect(x + width / 4, floor - after, width / 2, after, "var(--accent)")] if row.value else []
        parts.append(Markup("<g><title>{}</title>{}</g>").format(f"{row.label}: {row.text}", Markup("").join(drawn)))
    for i in sorted({0, len(shown) // 2, len(shown) - 1} if shown else ()):
        anchor = "start" if i == 0 else "end" if i == len(shown) - 1 else "middle"
        x = 4 + (i + {"start": 0, "middle": 0.5, "end": 1}[anchor]) * step
        parts.append(_text(x, floor + 16, shown[i].label, anchor=anchor))
    return _svg(title, described, floor + 22, parts)


# Parts ----------------------------------------------------------------------------------------------------------------


def _svg(title: str, described: str, height: float, parts: Sequence[Markup]) -> Markup:
    return Markup(
        '<svg class="chart" role="img" viewBox="0 0 {} {:.0f}" width="100%" aria-label="{}"><desc>{}</desc>{}</svg>'
    ).format(WIDTH, height, title, described, Markup("").join(parts))


def _text(x: float, y: float, text: str, *, anchor: str, strong: bool = False, full: str = "") -> Markup:
    inside = Markup("<title>{}</title>{}").format(full, text) if full and full != text else escape(text)
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}" font-size="12" fill="{}"{}>{}</text>').format(
        x, y, anchor, "var(--fg)" if strong else "var(--fg-2)", Markup(' font-weight="600"') if strong else "", inside
    )


def _rect(x: float, y: float, width: float, height: float, fill: str, stroke: str = "none") -> Markup:
    return Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="3" fill="{}" stroke="{}"/>').format(
        x, y, max(width, 0.5), max(height, 0), fill, stroke
    )


def _line(x1: float, y1: float, x2: float, y2: float, stroke: str, width: float, dash: str = "none") -> Markup:
    return Markup(
        '<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" stroke="{}" stroke-width="{}" stroke-dasharray="{}"/>'
    ).format(x1, y1, x2, y2, stroke, width, dash)


def _path(points: Sequence[tuple[float, float]], stroke: str, dash: str = "none") -> Markup:
    there = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return Markup('<polyline points="{}" fill="none" stroke="{}" stroke-width="2" stroke-dasharray="{}"/>').format(
        there, stroke, dash
    )


def _whisker(low: float, high: float, y: float) -> Markup:
    return Markup("").join(
        [
            _line(low, y, high, y, "var(--fg)", 1),
            _line(low, y - 4, low, y + 4, "var(--fg)", 1),
            _line(high, y - 4, high, y + 4, "var(--fg)", 1),
        ]
    )


def _cut(text: str, room: int = _LETTERS) -> str:
    """Return as much of a text as fits; a letter beyond Latin and its like takes twice the room."""
    taken = 0
    for i, letter in enumerate(text):
        taken += 2 if ord(letter) > 0x2E7F else 1
        if taken > room:
            return text[: max(i - 1, 1)] + "…"
    return text


def _short(value: float) -> str:
    for limit, sign in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if value >= limit:
            return f"{value / (1e3 if sign == 'k' else limit):.0f}{sign}"
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"
