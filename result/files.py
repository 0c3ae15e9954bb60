"""Writes results as JSON files and reads them back; docs/result-schema.md describes the files.

Every report is made from a result that this module checked. So wrong types, unknown keys and names
that nothing describes are refused, with their place in the file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final, NoReturn

from cattrs import BaseValidationError, ForbiddenExtraKeysError, transform_error

from zonediff.corpus.problems import shortened
from zonediff.engine.bounds import RESULT_BYTES
from zonediff.engine.errors import ZonediffError
from zonediff.result.consistency import check
from zonediff.result.converter import from_json, to_json
from zonediff.result.packing import compact, lines, pack, unpack
from zonediff.result.result import SCHEMA, Result
from zonediff.result.writing import write_text

_LONG: Final = 40


class ResultFileError(ZonediffError):
    """A result file cannot be read; the message names the file, the place in it and the reason."""


def dumps(result: Result) -> str:
    """Return a result as JSON text: one line for each variant, scenario, run and judgement."""
    body = to_json(result)
    pack(body)
    parts = [f"{compact(key)}: {lines(value)}" for key, value in {"schema": SCHEMA, **body}.items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def loads(text: str, source: str) -> Result:
    """Read a result from the text that dumps() returned; `source` names the text in errors.

    Raises ResultFileError.
    """
    try:
        body = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ResultFileError(f"{source}: not a zonediff result: not valid JSON: {error}") from None
    if not isinstance(body, dict) or "schema" not in body:
        raise ResultFileError(f"{source}: not a zonediff result: it has no `schema` key")
    if body["schema"] != SCHEMA:
        raise ResultFileError(
            f"{source}: schema {body['schema']!r:.80} is not supported: this zonediff reads "
            f"{SCHEMA!r}"
        )
    try:
        unpack(body, len(text))
        result = from_json(body, Result)
        check(result)
    except BaseValidationError as error:
        first, *more = transform_error(error, format_exception=_explain)
        others = f" (and {len(more)} more)" if more else ""
        raise ResultFileError(f"{source}: not a valid result: {first}{others}") from None
    except RecursionError:
        raise ResultFileError(f"{source}: not a valid result: nested too deeply") from None
    except ValueError as error:
        raise ResultFileError(f"{source}: not a valid result: {error}") from None
    return result


def save(result: Result, path: Path) -> None:
    """Write a result to a file, all of it or nothing. Raises OSError."""
    write_text(path, dumps(result))


def load(path: Path) -> Result:
    """Read a result from a file. Raises ResultFileError."""
    try:
        with path.open("rb") as file:
            data = file.read(RESULT_BYTES + 1)
        text = data.decode()
    except OSError as error:
        raise ResultFileError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ResultFileError(f"{path}: not a zonediff result: not UTF-8 text") from None
    if len(data) > RESULT_BYTES:
        raise ResultFileError(f"{path}: larger than {RESULT_BYTES} bytes")
    return loads(text, str(path))


def _explain(error: BaseException, _: type | None) -> str:
    if isinstance(error, KeyError):
        return "this key is missing"
    if isinstance(error, ForbiddenExtraKeysError):
        return f"unknown key {', '.join(sorted(map(_key, error.extra_fields)))}"
    return str(error)


def _key(name: str) -> str:
    """A key of the file in a message, quoted where it is long or cannot be printed."""
    return name if len(name) < _LONG and name.isprintable() else shortened(name)


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number in JSON")
