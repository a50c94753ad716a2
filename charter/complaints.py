"""pydantic's errors in our words: which key, what is wrong, what to write instead."""

from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from charter.errors import Problem
from charter.suggestions import close
from charter.venue import Venue

_NEEDED = {
    "string_type": "text in quotes is needed",
    "int_type": "a whole number without quotes is needed",
    "int_from_float": "a whole number is needed",
    "float_type": "a number without quotes is needed",
    "bool_type": "true or false is needed, without quotes",
    "list_type": "a list is needed",
    "dict_type": "a table is needed",
    "model_type": "a table is needed",
    "greater_than": "it must be greater than {gt:g}",
    "greater_than_equal": "it must not be below {ge}",
    "less_than": "it must be below {lt}",
    "less_than_equal": "it must not be above {le:g}",
    "string_too_long": "at most {max_length} characters are stored",
    "literal_error": "it must be {expected}",
    "finite_number": "a finite number is needed",
}


def problems(error: ValidationError) -> list[Problem]:
    """Every problem of a file that does not have the shape of a Venue."""
    return [_problem(details) for details in error.errors(include_url=False)]


def key_of(location: tuple[int | str, ...]) -> str:
    """A place in the file as one writes it in TOML, list positions counted from 0."""
    key = ""
    for part in location:
        if part == "[key]":
            continue
        if isinstance(part, int):
            key += f"[{part}]"
        else:
            bare = part.replace("-", "").replace("_", "").isalnum() and part.isascii()
            key += ("." if key else "") + (part if bare else f'"{part}"')
    return key


def _problem(details: ErrorDetails) -> Problem:
    location = details["loc"]
    context = details.get("ctx", {})
    key = key_of(location)
    match details["type"]:
        case "charter":
            return Problem(key, context["what"], context["instead"])
        case "missing":
            return Problem(key, "it is missing.", _add(location))
        case "extra_forbidden":
            known = list(_model_at(location[:-1]).model_fields)
            return Problem(
                key,
                f"this key is unknown.{close(str(location[-1]), known)}",
                f"Known here: {', '.join(known)}.",
            )
    needed = _NEEDED.get(details["type"], details["msg"]).format(**context)
    return Problem(key, f"{_shown(location, details['input'])}{needed}.", _write(location))


def _shown(location: tuple[int | str, ...], value: Any) -> str:
    """What stands there now, when it is short and cannot be a secret."""
    if location[-1] == "url" or not isinstance(value, str | int | float):
        return ""
    written = ("false", "true")[value] if isinstance(value, bool) else repr(value)
    return f"it is {written}, but " if len(written) <= 80 else ""


def _example(location: tuple[int | str, ...]) -> tuple[str, str]:
    name = str(location[-1])
    fields = _model_at(location[:-1]).model_fields
    examples = fields[name].examples if name in fields else None
    return name, str(examples[0]) if examples else ""


def _add(location: tuple[int | str, ...]) -> str:
    name, example = _example(location)
    if example and not example.startswith(("a ", "[")) and not example.endswith("tables"):
        return f"Add a line such as: {name} = {example}"
    return f"Add {example or f'a [{name}] table'}."


def _write(location: tuple[int | str, ...]) -> str:
    name, example = _example(location)
    if not example:
        return ""
    if example.startswith("a ") or example.endswith("tables"):
        return f"Write {example}."
    return f"Write, for example: {name} = {example}"


def _model_at(location: tuple[int | str, ...]) -> type[BaseModel]:
    """The model of the table at a place of the file; keys and positions are stepped over."""
    model: type[BaseModel] = Venue
    for part in location:
        if isinstance(part, str) and part in model.model_fields:
            model = _model_of(model.model_fields[part]) or model
    return model


def _model_of(field: FieldInfo) -> type[BaseModel] | None:
    annotation = field.annotation
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None
