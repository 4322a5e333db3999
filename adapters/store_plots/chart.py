"""Panels of lines over a common time, as SVG: labelled axes, a legend, gaps that are seen as gaps."""

from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape
from math import ceil, floor, log10
from typing import Final

import attrs

from adapters.store_plots.thinning import Thinned
from messages import NS_PER_SECOND, UtcNs

WIDTH: Final = 1_100
LEFT: Final = 90
RIGHT: Final = 20
PANEL: Final = 210
TITLE: Final = 34
FOOT: Final = 48
PIXELS: Final = WIDTH - LEFT - RIGHT
_STEPS_S: Final = (
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400),
    *(172_800, 604_800, 1_209_600, 2_592_000, 7_776_000, 31_536_000),
)
_DAY_S: Final = 86_400


@attrs.frozen(kw_only=True)
class Line:
    """One line of a panel."""

    name: str
    """The column that is drawn."""
    label: str
    colour: str


@attrs.frozen(kw_only=True)
class Panel:
    """Lines with a common scale."""

    title: str
    unit: str
    lines: tuple[Line, ...]
    from_zero: bool = False


def draw(
    title: str,
    panels: tuple[Panel, ...],
    data: Thinned,
    notes: tuple[str, ...] = (),
    *,
    stale: tuple[tuple[UtcNs, UtcNs], ...] = (),
) -> str:
    """The picture, complete in itself. Every text in it is escaped. `stale`: times that are shaded as old."""
    height = 60 + len(panels) * (PANEL + TITLE) + FOOT + 18 * len(notes)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        'font-family="sans-serif" font-size="12" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="28" font-size="17" font-weight="bold">{escape(title)}</text>',
    ]
    bottom = 50 + len(panels) * (PANEL + TITLE)
    tops = range(50 + TITLE, bottom, PANEL + TITLE)
    for top in tops:
        parts += _shaded("gap", "#f3d9d9", data.gaps, data, top)
        parts += _shaded("stale", "#fbf3cf", stale, data, top)
    parts += _time_axis(data, 50 + TITLE, bottom)
    for panel, top in zip(panels, tops, strict=True):
        parts += _panel(panel, data, top)
    parts += [
        f'<text x="{LEFT}" y="{bottom + FOOT + 18 * place}" fill="#444444">{escape(note)}</text>'
        for place, note in enumerate(notes)
    ]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(panel: Panel, data: Thinned, top: int) -> list[str]:
    bottom = top + PANEL - 16
    parts = [f'<text x="{LEFT}" y="{top - 10}" font-weight="bold">{escape(panel.title)}</text>']
    at = LEFT + 9 * len(panel.title) + 30
    for line in panel.lines:
        parts.append(f'<rect x="{at}" y="{top - 16}" width="14" height="4" fill="{line.colour}"/>')
        parts.append(f'<text x="{at + 20}" y="{top - 10}">{escape(line.label)}</text>')
        at += 20 + 7 * len(line.label) + 24
    parts.append(f'<rect x="{LEFT}" y="{top}" width="{PIXELS}" height="{bottom - top}" fill="none" stroke="#888888"/>')
    span = data.range_of(*(line.name for line in panel.lines))
    if span is None:
        middle = (top + bottom) / 2
        return [*parts, f'<text x="{LEFT + 20}" y="{middle}" fill="#888888">nothing known in this time</text>']
    low, high, ticks = _scale(*span, from_zero=panel.from_zero)
    scale = (bottom - top) / (high - low)
    decimals = max(0, -floor(log10(ticks[1] - ticks[0]) + 1e-9))
    for value in ticks:
        y = bottom - (value - low) * scale
        parts.append(f'<line x1="{LEFT}" x2="{LEFT + PIXELS}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e4e4e4"/>')
        label = f"{value:,.{decimals}f}"
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{label}</text>')
    middle = (top + bottom) / 2
    turned = f'text-anchor="middle" transform="rotate(-90 16 {middle})"'
    parts.append(f'<text x="16" y="{middle}" {turned}>{escape(panel.unit)}</text>')
    for line in panel.lines:
        path = _path(data, line.name, bottom, low, scale)
        if path:
            parts.append(
                f'<path d="{path}" fill="none" stroke="{line.colour}" stroke-width="1.2" stroke-opacity="0.8"/>'
            )
    return parts


def _path(data: Thinned, name: str, bottom: float, low: float, scale: float) -> str:
    """From each column's lowest to its highest, and on to the next; a lone one is a point."""
    words: list[str] = []
    for piece in data.runs(name):
        command = "M"
        for column, lowest, highest in piece:
            x = LEFT + (column + 0.5) * PIXELS / data.columns
            y, other = bottom - (lowest - low) * scale, bottom - (highest - low) * scale
            words.append(f"{command}{x:.1f} {y:.1f}")
            if highest > lowest:
                words.append(f"L{x:.1f} {other:.1f}")
            command = "L"
        if len(piece) == 1:
            words.append("h0.8")
    return "".join(words)


def _shaded(kind: str, colour: str, spans: Iterable[tuple[UtcNs, UtcNs]], data: Thinned, top: float) -> list[str]:
    parts = []
    for begin, end in spans:
        x, right = _x(data, begin), _x(data, end)
        place = f'x="{x:.1f}" y="{top}" width="{right - x:.1f}" height="{PANEL - 16}"'
        parts.append(f'<rect class="{kind}" {place} fill="{colour}"/>')
    return parts


def _x(data: Thinned, at: UtcNs) -> float:
    return LEFT + (at - data.first) / (data.last - data.first) * PIXELS


def _scale(low: float, high: float, *, from_zero: bool) -> tuple[float, float, list[float]]:
    """(lowest, highest, the values that are labelled)"""
    low = min(low, 0.0) if from_zero else low
    room = (high - low) * 0.05 or abs(high) * 0.01 or 1.0
    low, high = (low if from_zero else low - room), high + room
    rough = (high - low) / 5
    power = 10.0 ** floor(log10(rough))
    step = next(power * each for each in (1, 2, 2.5, 5, 10) if power * each >= rough)
    return low, high, [number * step for number in range(ceil(low / step), floor(high / step) + 1)]


def _time_axis(data: Thinned, top: float, bottom: float) -> list[str]:
    seconds = (data.last - data.first) / NS_PER_SECOND
    step = next((each for each in _STEPS_S if seconds / each <= 8), _STEPS_S[-1])
    # Times of day and dates from midnight UTC on.
    first = -(-data.first // (step * NS_PER_SECOND)) * step
    parts, with_day = [], True
    for second in range(first, data.last // NS_PER_SECOND + 1, step):
        x = _x(data, second * NS_PER_SECOND)
        moment = datetime.fromtimestamp(second, UTC)
        with_day = with_day or second % _DAY_S == 0
        clock = moment.strftime("%H:%M:%S" if step < 60 else "%H:%M")
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{bottom - 16}" stroke="#eeeeee"/>')
        if step < _DAY_S:
            parts.append(f'<text x="{x:.1f}" y="{bottom}" text-anchor="middle">{clock}</text>')
        if with_day or step >= _DAY_S:
            y = bottom + (0 if step >= _DAY_S else 15)
            parts.append(f'<text x="{x:.1f}" y="{y}" text-anchor="middle">{moment:%Y-%m-%d}</text>')
        with_day = False
    parts.append(f'<text x="{LEFT + PIXELS}" y="{bottom + 15}" text-anchor="end" fill="#444444">UTC</text>')
    return parts
