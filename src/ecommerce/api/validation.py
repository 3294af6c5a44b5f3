"""Finds everything that is wrong with a JSON body, not just the first thing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

import msgspec
from litestar import Request
from msgspec.structs import FieldInfo, fields

from ecommerce.api.fault_words import in_words
from ecommerce.api.problems import Fault, invalid, refused

MOST_FAULTS: Final = 100

NO_CONTROL: Final = r"^[^\x00-\x1f\x7f]*$(?!\n)"
"""Control characters no text needs: PostgreSQL stores no NUL, a line break could forge a mail."""

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_JSON: Final = re.compile(r"application/(json|[a-z0-9.+\-]+\+json)", re.IGNORECASE)
_ENCODED: Final = re.compile(rb"%(00|0[1-9a-f]|1[0-9a-f]|7f)", re.IGNORECASE)


async def check_body(request: Request[Any, Any, Any]) -> None:
    """Read the body and hold it against the type that the route takes, before the route runs.

    Litestar converts leniently (`"2"` is taken for 2) and stops at the first fault. Raises
    `Refused`: 400 for what is no JSON, 415 for what does not say that it is JSON, 422 for what is
    wrong with its fields.
    """
    request.state.body = body = await request.body()
    if _ENCODED.search(request.scope["raw_path"] + b"?" + request.scope["query_string"]):
        raise invalid([Fault("URL", "holds a control character")], 400)
    field = request.route_handler.parsed_data_field
    if b"null" in request.scope["query_string"] and (nulls := [*_nulls(request)]):
        raise invalid(nulls, 400)
    if field is None or (not body and field.is_optional):
        return
    if body:
        _expect_json(request.headers.get("content-type", ""))
    if found := [*_faults_of(body, field.raw)]:
        raise invalid(found)


def _faults_of(body: bytes, kind: Any) -> Iterator[Fault]:
    try:
        value = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise refused(400, f"The body is no JSON: {error}.", "NotJson") from None
    yield from islice(faults(value, kind), MOST_FAULTS)
    if b"\\" in body:  # JSON can hold a control character only where it is escaped
        yield from islice(_controls(value), MOST_FAULTS)


def _expect_json(content_type: str) -> None:
    """Refuse other types: a web page elsewhere can send those without having asked (CORS)."""
    if not _JSON.fullmatch(content_type.partition(";")[0].strip()):
        raise refused(
            415, "Send JSON, with `Content-Type: application/json`.", "UnsupportedMediaType"
        )


def _nulls(request: Request[Any, Any, Any]) -> Iterator[Fault]:
    """Find the word `null`: Litestar takes it for nothing where a parameter is not text."""
    texts = (str, list[str])
    for field in request.route_handler.parsed_fn_signature.parameters.values():
        name = getattr(field.kwarg_definition, "name", None) or field.name
        if request.query_params.get(name) == "null" and _plain(field.raw) not in texts:
            yield Fault(name, "is not `null`; leave it out")


def _number(text: str) -> int | float:
    """Read a number with a point or an exponent: in JSON `2.0` is the integer 2."""
    number = float(text)
    return int(number) if number.is_integer() else number


_DECODER: Final = msgspec.json.Decoder(float_hook=_number)


def _controls(value: Any, name: str = "") -> Iterator[Fault]:
    match value:
        case str() if _CONTROL.search(value):
            yield Fault(name or "body", "holds a control character")
        case dict():
            for field, inner in value.items():
                yield from _controls(inner, f"{name}.{field}" if name else field)
        case list():
            for number, item in enumerate(value):
                yield from _controls(item, f"{name}[{number}]")


def faults(value: Any, kind: Any, name: str = "") -> Iterator[Fault]:
    """Name the fields of a value that are not as its type says, and say how."""
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        inner = [*islice(_inside(value, _plain(kind), name), MOST_FAULTS)]
        message, _, _ = str(error).partition(" - at `$")
        yield from inner or [Fault(name or "body", in_words(message))]


def _inside(value: Any, kind: Any, name: str) -> Iterator[Fault]:
    if isinstance(value, dict) and isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield from _fields(value, kind, f"{name}." if name else "")
    elif isinstance(value, list) and get_origin(kind) in (tuple, list):
        for number, item in enumerate(value):
            yield from faults(item, get_args(kind)[0], f"{name}[{number}]")


def _fields(value: dict[str, Any], kind: type[msgspec.Struct], prefix: str) -> Iterator[Fault]:
    known = {field.encode_name: field for field in fields(kind)}
    for name, field in known.items():
        if name in value:
            yield from faults(value[name], field.type, prefix + name)
        elif _required(field):
            yield Fault(prefix + name, "is required")
    if kind.__struct_config__.forbid_unknown_fields:
        yield from (Fault(prefix + name, "is not a field") for name in value if name not in known)


def _required(field: FieldInfo) -> bool:
    return field.default is msgspec.NODEFAULT and field.default_factory is msgspec.NODEFAULT


def _plain(kind: Any) -> Any:
    """Take the limits and the `| None` off a type."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, UnionType):
        (kind, *others) = (one for one in get_args(kind) if one is not type(None))
        return object if others else _plain(kind)
    return kind
