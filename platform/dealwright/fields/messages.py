"""The sentences for people about a value that is refused: one per code, in every language of the product.

A sentence says what is, what was expected and what to do. The code never changes and is what a machine reads;
``docs/fields.md`` lists every one. ``{name}`` in a template is replaced by the value of that name; a :class:`Word`
is itself translated.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Language in which messages are made when none is named.
ENGLISH = "en"
#: Longest part of a value that a message repeats.
_SHOWN = 40

_LOCALE: ContextVar[str] = ContextVar("locale", default=ENGLISH)


@dataclass(frozen=True, slots=True)
class Word:
    """An entry of ``WORDS``, to be said in the language of the message it stands in."""

    name: str


#: Code to (English, Chinese).
TEMPLATES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        # The record as a whole
        "required": ("A value is required here; fill it in.", "此处必填，请填写。"),
        "unknown-field": (
            "There is no field “{name}”; check its name or leave it out.",
            "没有字段“{name}”，请检查名称或去掉它。",
        ),
        "read-only": ("This field cannot be set; leave it out.", "此字段不可填写，请去掉它。"),
        "locked": (
            "This cannot be changed while “{approval}” is open; wait for the decision or take it back.",
            "“{approval}”审批期间不能修改，请等待审批结果或先撤回。",
        ),
        "immutable": (
            "This field is set once and has a value already; leave it as it is.",
            "此字段只能填写一次且已有值，请保持原值。",
        ),
        "no-such-row": (
            "This record has no row with the id “{found}”; leave the id out to add a row.",
            "此记录没有 id 为“{found}”的行；新增行时请去掉 id。",
        ),
        # Kind of value
        "wrong-type": (
            "{found} was given, {expected} is expected; change it.",
            "给出的是{found}，应为{expected}，请修改。",
        ),
        "missing-key": ("The part “{name}” is missing; add it.", "缺少“{name}”，请补充。"),
        "unknown-key": ("There is no part “{name}” here; leave it out.", "此处没有“{name}”，请去掉它。"),
        # Text
        "too-long": (
            "The text has {length} characters and may have at most {limit}; shorten it.",
            "文本有 {length} 个字符，最多 {limit} 个，请缩短。",
        ),
        "too-short": (
            "The text has {length} characters and needs at least {limit}; make it longer.",
            "文本有 {length} 个字符，至少 {limit} 个，请补充。",
        ),
        "control-character": (
            "The text holds a character that cannot be shown ({code}); remove it.",
            "文本含有不可显示的字符（{code}），请删除。",
        ),
        "pattern": (
            "{found} does not have the expected form ({pattern}); correct it.",
            "{found}不符合要求的格式（{pattern}），请更正。",
        ),
        "not-in-enum": (
            "{found} is none of {choices}; choose one of them.",
            "{found}不在 {choices} 之中，请从中选择。",
        ),
        "not-in-format": (
            "{found} does not have the format “{format}”; correct it.",
            "{found}不符合格式“{format}”，请更正。",
        ),
        "wrong-check-digit": (
            "The check digit of {found} does not fit; look at the number once more.",
            "{found}的校验位不符，请核对号码。",
        ),
        "not-an-email": (
            "{found} is not an email address; write it as name@example.com.",
            "{found}不是电子邮件地址，请写成 name@example.com 的形式。",
        ),
        "not-a-phone": (
            "{found} is not a phone number; write it as +86 10 1234 5678.",
            "{found}不是电话号码，请写成 +86 10 1234 5678 的形式。",
        ),
        "not-a-url": (
            "{found} is not a web address; begin with https://, http:// or mailto:.",
            "{found}不是网址，请以 https://、http:// 或 mailto: 开头。",
        ),
        "not-a-colour": ("{found} is not a colour; write it as #1a2b3c.", "{found}不是颜色，请写成 #1a2b3c 的形式。"),
        # Numbers
        "not-a-number": (
            "{found} is not a decimal number; write it as -1234.50, without signs for thousands.",
            "{found}不是十进制数，请写成 -1234.50 的形式，不加千位分隔符。",
        ),
        "below-minimum": (
            "{found} is below {limit}; enter {limit} or more.",
            "{found}小于 {limit}，请输入不小于 {limit} 的值。",
        ),
        "above-maximum": (
            "{found} is above {limit}; enter {limit} or less.",
            "{found}大于 {limit}，请输入不大于 {limit} 的值。",
        ),
        "not-above": (
            "{found} is not above {limit}; enter more than {limit}.",
            "{found}不大于 {limit}，请输入大于 {limit} 的值。",
        ),
        "not-below": (
            "{found} is not below {limit}; enter less than {limit}.",
            "{found}不小于 {limit}，请输入小于 {limit} 的值。",
        ),
        "not-a-multiple": (
            "{found} is not a multiple of {limit}; enter one that is.",
            "{found}不是 {limit} 的倍数，请输入其倍数。",
        ),
        "too-precise": (
            "{found} has more than {limit} decimal places; round it.",
            "{found}的小数位多于 {limit} 位，请舍入。",
        ),
        "out-of-range": (
            "The result has more digits than can be kept; check the values it is worked out from.",
            "计算结果的位数超出可保存的范围，请检查参与计算的值。",
        ),
        "no-such-currency": (
            "{found} is not a currency; use a code of three capital letters such as CNY.",
            "{found}不是币种，请使用三个大写字母的代码，例如 CNY。",
        ),
        # Moments
        "not-a-date": ("{found} is not a date; write it as 2026-11-23.", "{found}不是日期，请写成 2026-11-23 的形式。"),
        "not-a-datetime": (
            "{found} is not a moment with a zone; write it as 2026-11-23T09:30:00Z or with +08:00.",
            "{found}不是带时区的时间，请写成 2026-11-23T09:30:00Z 或以 +08:00 结尾。",
        ),
        "not-a-time": (
            "{found} is not a time of day; write it as 09:30.",
            "{found}不是一天中的时间，请写成 09:30 的形式。",
        ),
        "not-a-duration": (
            "{found} is not a length of time; write it in weeks, days, hours, minutes and seconds, as P1DT2H30M.",
            "{found}不是时长，请用周、天、时、分、秒写成 P1DT2H30M 的形式。",
        ),
        # Choices and lists
        "no-such-option": (
            "{found} is none of the choices {choices}; choose one of them.",
            "{found}不在选项 {choices} 之中，请从中选择。",
        ),
        "option-not-offered": (
            "The choice “{found}” is not offered for this record; choose another one.",
            "此记录不能选择“{found}”，请选择其他选项。",
        ),
        "repeated": ("{found} stands more than once; keep one of them.", "{found}重复出现，请只保留一个。"),
        "too-many": (
            "There are {length} entries and at most {limit} are taken; remove some.",
            "共有 {length} 项，最多 {limit} 项，请删减。",
        ),
        "too-few": (
            "There are {length} entries and at least {limit} are needed; add some.",
            "共有 {length} 项，至少 {limit} 项，请补充。",
        ),
        # Links and files
        "not-an-id": (
            "{found} is not the id of a record; choose a record.",
            "{found}不是记录的 id，请选择一条记录。",
        ),
        "no-such-entity": (
            "There is no entity “{found}” to refer to; name one that exists.",
            "没有可引用的实体“{found}”，请使用已有的实体。",
        ),
        "wrong-file-type": (
            "A file of the type {found} is not taken; send one of {choices}.",
            "不接受 {found} 类型的文件，请发送 {choices}。",
        ),
        "too-large": (
            "This has {length} and may have at most {limit}; send less.",
            "大小为 {length}，最多 {limit}，请减小。",
        ),
        "too-deep": (
            "This is nested more than {limit} levels deep; make it flatter.",
            "嵌套超过 {limit} 层，请减少层级。",
        ),
        # Text typed into a form or a table
        "ambiguous-number": (
            "{found} can be read in more than one way; write it as 1234.50.",
            "{found}有多种读法，请写成 1234.50 的形式。",
        ),
        "not-yes-or-no": (
            "{found} is neither yes nor no; write yes or no.",
            "{found}既不是“是”也不是“否”，请填写是或否。",
        ),
        "not-json": ("{found} is not JSON; correct it.", "{found}不是 JSON，请更正。"),
        "not-in-a-cell": (
            "This kind of field cannot be read from one text; use the form or the API.",
            "此类字段不能由一段文本读入，请使用表单或接口。",
        ),
        # Definitions
        "unknown-type": (
            "There is no field type {found}; use one of {choices}.",
            "没有字段类型{found}，请使用 {choices} 之一。",
        ),
        "default-invalid": ("The default does not fit the field: {message}", "默认值不符合字段要求：{message}"),
        "bad-keyword": (
            "“{name}” is {found}, {expected} is expected; change it.",
            "“{name}”为{found}，应为{expected}，请修改。",
        ),
        "formula-cycle": (
            "The formulas {names} need each other; take one out of the circle.",
            "公式 {names} 相互依赖，请打破循环。",
        ),
        "formula-type": (
            "The formula gives {found} and the field promises {expected}; change “result” or the formula.",
            "公式结果为{found}，而字段声明为{expected}，请修改“result”或公式。",
        ),
        "formula-goes-stale": (
            "This formula is stored but reads “{name}”, which changes with time; use today() in it too, or do not read it.",
            "此公式会被存储，却读取随时间变化的“{name}”；请在其中也使用 today() 或 now()，或不要读取它。",
        ),
        "own-fields-only": (
            "Which records count as interactions may depend on their own stored fields only, not on {names}.",
            "哪些记录算作互动只能取决于其自身存储的字段，不能取决于{names}。",
        ),
        "moment-in-rows": (
            "A formula in rows is stored with its row, so it cannot use now() or today(); put it on the record.",
            "明细行中的公式随行存储，不能使用 now() 或 today()，请放到记录上。",
        ),
        "no-such-target": (
            "There is no field “{name}” to fill here; name a field that can be set.",
            "没有可填充的字段“{name}”，请使用可填写的字段。",
        ),
    }
)

#: Phrases that stand in messages: name to (English, Chinese).
WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "text": ("a text", "文本"),
        "integer": ("a whole number such as 12", "整数，例如 12"),
        "decimal": ('a decimal number such as "12.50"', '十进制数，例如 "12.50"'),
        "boolean": ("true or false", "true 或 false"),
        "number": ("a number", "数字"),
        "list": ("a list", "列表"),
        "object": ("an object", "对象"),
        "null": ("null", "空值"),
        "any": ("a value of JSON", "JSON 值"),
        "date": ("a date such as 2026-11-23", "日期，例如 2026-11-23"),
        "datetime": ("a moment such as 2026-11-23T09:30:00Z", "时间，例如 2026-11-23T09:30:00Z"),
        "time": ("a time such as 09:30", "时刻，例如 09:30"),
        "duration": ("a duration such as P1DT2H", "时长，例如 P1DT2H"),
        "id": ("the id of a record", "记录的 id"),
        "money": (
            'an object {"amount": "12.50", "currency": "EUR"}',
            '对象 {"amount": "12.50", "currency": "EUR"}',
        ),
        "hidden": ("the value", "该值"),
        "rating": ("a whole number from 1 to 100", "1 到 100 的整数"),
        "point": ("latitude and longitude such as 31.23, 121.47", "纬度和经度，例如 31.23, 121.47"),
    }
)


def message(code: str, locale: str | None = None, /, **values: Any) -> str:
    """Return the sentence for a code.

    Args:
        code: A key of ``TEMPLATES``.
        locale: Such as ``zh-CN``; without one it is that of :func:`speaking`. A language that the product does not
            speak is answered in English.
        values: What the template names. Texts in quotes and lists are cut to a length that can be read.

    Raises:
        KeyError: If the code, or a value that its template names, is unknown: a fault of the caller.
    """
    column = _column(_LOCALE.get() if locale is None else locale)
    told = {name: _told(value, column) for name, value in values.items()}
    return (TEMPLATES.get(code) or _ADDED[code])[column].format(**told)


def add(templates: Mapping[str, tuple[str, str]]) -> None:
    """Take in the sentences of a type of field that a plugin adds; a code of the platform keeps its own."""
    _ADDED.update({code: sentences for code, sentences in templates.items() if code not in TEMPLATES})


#: Code to (English, Chinese), of plugins.
_ADDED: dict[str, tuple[str, str]] = {}


def sized(count: int, *, limit: bool = False) -> str:
    """Return a number of bytes for people, such as ``1.3 MB`` (1 MB = 1024² bytes), with at most one decimal.

    Args:
        count: Bytes.
        limit: Whether it is the most that is taken. A size is rounded up and a limit down, so what is over a limit
            never reads like it.
    """
    for unit, size in (("MB", 2**20), ("KB", 2**10)):
        if count >= size:
            tenths = count * 10 // size if limit else -(-count * 10 // size)
            return f"{tenths / 10:g} {unit}" if tenths < 10**5 else f"{tenths // 10:,} {unit}"
    return f"{count} B"


def locale() -> str:
    """Return the language of messages in this thread (and context): English, or that of :func:`speaking`."""
    return _LOCALE.get()


@contextmanager
def speaking(locale: str) -> Iterator[None]:
    """Make messages in this language in this thread (and context) until the block ends."""
    token = _LOCALE.set(locale)
    try:
        yield
    finally:
        _LOCALE.reset(token)


def described(value: Any) -> str | Word:
    """Return how a message speaks of a value that was sent: itself when it is short, else its kind."""
    if value is None:
        return Word("null")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        text = value if len(value) <= _SHOWN else value[:_SHOWN] + "…"
        # A lone surrogate cannot be sent on as UTF-8, and a control character must not reach a terminal.
        return f"“{''.join(c if c.isprintable() else '�' for c in text)}”"
    if isinstance(value, int | float | Decimal):
        # Python refuses to print integers of more than 4,300 digits.
        huge = isinstance(value, int) and value.bit_length() > 200
        text = "" if huge else str(value)
        return text if 0 < len(text) <= _SHOWN else Word("number")
    if isinstance(value, list | tuple):
        return Word("list")
    return Word("object") if isinstance(value, dict) else Word("any")


def _column(locale: str) -> int:
    return 1 if locale.partition("-")[0].partition("_")[0] == "zh" else 0


def _told(value: Any, column: int) -> str:
    if isinstance(value, Word):
        return WORDS[value.name][column]
    if isinstance(value, list | tuple):
        shown = [str(one) for one in value[:10]]
        return ", ".join(shown) + (", …" if len(value) > 10 else "")
    return str(value)
