"""Messages to plain data and back: dicts, lists, texts, numbers, booleans and None, nothing else.

Journal, replay and wire share this form. Each record says its version and its class; reading coerces nothing (a "5" is
not a 5), refuses fields it does not know, and refuses a version that is newer than this code.

    encode(bar)  ->  {"v": 1, "message": "Bar", "fields": {"symbol": "XBTUSD", ...}}
"""

import enum
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias, get_type_hints

import attrs
import cattrs
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn
from cattrs.v import format_exception

from messages import (
    ALL_MESSAGES,
    FillPart,
    FundingPart,
    Message,
    Order,
    OrderBook,
    Owner,
    Quote,
    Scalar,
    Sessions,
    Share,
    Tick,
    VenueSnapshot,
)
from messages.base import Envelope

VERSION = 1
Plain: TypeAlias = dict[str, Any]

_CLASSES: dict[str, type[Message]] = {cls.__name__: cls for cls in ALL_MESSAGES}
_PARTS: tuple[type[Any], ...] = (Order, Owner, Share, FillPart, FundingPart, Sessions, VenueSnapshot)
"""What occurs inside messages without being one."""


class CodecError(ValueError):
    """The data are not a message: the text says which class and field, and why."""


def encode(message: Message) -> Plain:
    """Plain data of one message. Key order is the field order, so equal messages give equal JSON."""
    return {"v": VERSION, "message": type(message).__name__, "fields": _converter.unstructure(message)}


def decode(data: Plain) -> Message:
    """The message again; CodecError names class, field and reason."""
    if not isinstance(data, dict) or data.keys() != {"v", "message", "fields"}:
        raise CodecError("a message is an object with v, message and fields, and nothing else")
    version, name, fields = data["v"], data["message"], data["fields"]
    if type(version) is not int or not 1 <= version <= VERSION:
        raise CodecError(f"version {version!r} of {name!r} is not one of 1..{VERSION}: written by a newer openoutcry?")
    cls = _CLASSES.get(name) if isinstance(name, str) else None
    if cls is None:
        raise CodecError(f"there is no message class {name!r}")
    try:
        return _converter.structure(fields, cls)
    except Exception as error:
        reasons = cattrs.transform_error(error, path=str(name), format_exception=_in_words)
        raise CodecError("; ".join(reasons)) from error


def encode_envelope(envelope: Envelope) -> Plain:
    """Plain data of a message with its envelope."""
    return {**dict(zip(Envelope._fields[:5], envelope[:5], strict=True)), "message": encode(envelope.message)}


def decode_envelope(data: Plain) -> Envelope:
    """The envelope again; CodecError when a field is missing, unknown or of the wrong kind."""
    kinds = {"id": int, "cause": int, "sender": str, "epoch": int, "posted": int}
    if not isinstance(data, dict) or data.keys() != {*kinds, "message"}:
        raise CodecError(f"an envelope has the fields {', '.join(kinds)} and message")
    for name, kind in kinds.items():
        if type(data[name]) is not kind:
            raise CodecError(f"Envelope.{name} must be of kind {kind.__name__}, not {data[name]!r}")
    return Envelope(message=decode(data["message"]), **{name: data[name] for name in kinds})


def _in_words(error: BaseException, expected: type | None) -> str:
    if isinstance(error, ValueError | TypeError):
        return str(error.args[0] if error.args else error)
    return format_exception(error, expected)


def _exactly(kind: type) -> Any:
    def structure(value: Any, target: Any) -> Any:
        if type(value) is not kind:
            raise ValueError(f"must be of kind {kind.__name__}, not {value!r}")
        # An enum of texts is a text too, and asks here.
        return value if target is kind else target(value)

    return structure


def _number(value: Any, _type: Any) -> float:
    if type(value) not in (int, float):
        raise ValueError(f"must be a number, not {value!r}")
    return float(value)


def _numbers(value: Any, _type: Any) -> Any:
    if not isinstance(value, list) or any(type(item) not in (int, float) for item in value):
        raise ValueError(f"must be a list of numbers, not {value!r}")
    return tuple(value)


def _decimal(value: Any, _type: Any) -> Decimal:
    if not isinstance(value, str):
        raise TypeError(f"must be a decimal number in text, not {value!r}")
    try:
        return Decimal(value)
    except InvalidOperation:
        raise ValueError(f"must be a decimal number in text, not {value!r}") from None


def _enums() -> set[type[enum.Enum]]:
    kinds = {hint for cls in (*ALL_MESSAGES, *_PARTS) for hint in get_type_hints(cls).values()}
    return {kind for kind in kinds if isinstance(kind, type) and issubclass(kind, enum.Enum)}


def _plain(member: enum.Enum) -> Any:
    return member.value


def _scalar(value: Any, _type: Any) -> Scalar:
    if value is not None and type(value) not in (str, int, float, bool):
        raise ValueError(f"must be a text, number, boolean or null, not {value!r}")
    return value  # type: ignore[no-any-return]


def _class_of(value: Any, _type: Any) -> type[Message]:
    if value not in _CLASSES:
        raise ValueError(f"there is no message class {value!r}")
    return _CLASSES[value]


def _item(value: Any, _type: Any) -> Message | None:
    if value is None:
        return None
    item = decode(value)
    if not isinstance(item, Tick | Quote | OrderBook):
        raise TypeError(f"must be a Tick, Quote or OrderBook, not {type(item).__name__}")
    return item


def _make_converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True, prefer_attrib_converters=False)
    for kind in (int, str, bool):
        converter.register_structure_hook(kind, _exactly(kind))
    converter.register_structure_hook(float, _number)
    converter.register_structure_hook(Decimal, _decimal)
    converter.register_unstructure_hook(Decimal, str)
    for each in sorted(_enums(), key=lambda kind: kind.__name__):
        # One by one: an enum of texts would otherwise pass for the text that it is too.
        converter.register_unstructure_hook(each, _plain)
    converter.register_unstructure_hook(tuple, lambda value: [converter.unstructure(item) for item in value])
    # The message itself makes a column of it, and refuses what is none.
    converter.register_structure_hook(memoryview, _numbers)
    converter.register_unstructure_hook(memoryview, memoryview.tolist)
    converter.register_structure_hook_func(lambda kind: kind == type[Message], _class_of)
    converter.register_unstructure_hook_func(lambda kind: kind == type[Message], lambda value: value.__name__)
    converter.register_structure_hook_func(lambda kind: kind == Scalar, _scalar)
    converter.register_unstructure_hook_func(lambda kind: kind == Scalar, lambda value: value)
    converter.register_structure_hook_func(lambda kind: kind == Tick | Quote | OrderBook | None, _item)
    converter.register_unstructure_hook_func(
        lambda kind: kind == Tick | Quote | OrderBook | None, lambda value: None if value is None else encode(value)
    )
    for cls in (*ALL_MESSAGES, *_PARTS):
        attrs.resolve_types(cls)
        converter.register_unstructure_hook(cls, make_dict_unstructure_fn(cls, converter))
        converter.register_structure_hook(cls, make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True))
    return converter


_converter = _make_converter()
