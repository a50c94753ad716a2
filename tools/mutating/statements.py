"""Refusals in Python, found in the syntax tree.

- ``raise``: nothing is raised and the next statement follows, as if its guard were false. Every
  ``raise`` counts, whatever its type, also one that raises again what was caught.
- A statement that only calls a function of the package which refuses by itself, as checks do: what
  it raises is passed over. It counts as reached where it raises something.
- What is kept of a caught refusal (``refusals[item] = refusal``, ``results.append(refusal)``,
  ``return refusal``): that statement is left out.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TextIO

from .site import KERNELS, Form

_ORDINARY = {*dir(list), *dir(set), *dir(dict), *dir(TextIO)}
Number = Callable[[ast.stmt, Form], int]
"""Gives a site its number."""


def refusing(trees: Iterable[ast.Module]) -> set[str]:
    """Names of the functions that raise, or only call one that does as a statement."""
    functions = [
        node
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    names: set[str] = set()
    while True:
        found = {one.name for one in functions if any(_refuses(node, names) for node in _own(one))}
        if found == names:
            return names
        names = found


def neutralised(tree: ast.Module, switch: str, checks: Collection[str], number: Number) -> None:
    """Put each site of a module behind a switch from the module named ``switch``."""
    _Neutralising(checks, number).visit(tree)
    if uses_kernels(tree):
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                node.body.insert(_first(node.body), ast.parse(f"_off({KERNELS})").body[0])
    lines = ast.parse(f"from {switch} import off as _off, passing as _passing").body
    at = _first(tree.body)
    tree.body[at:at] = lines


def uses_kernels(tree: ast.Module) -> bool:
    """Whether a module imports compiled code."""
    return any(
        isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[-1] == "kernels"
        for node in ast.walk(tree)
    )


class _Neutralising(ast.NodeTransformer):
    def __init__(self, checks: Collection[str], number: Number) -> None:
        self.checks = checks
        self.number = number
        self.caught: list[str | None] = [None]

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        self.caught.append(node.name)
        self.generic_visit(node)
        self.caught.pop()
        return node

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        return _behind(f"if _off({self.number(node, Form.RAISE)}): pass", node)

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        if isinstance(node.value, ast.Call) and self._is_caught(*node.value.args[:1]):
            return self._kept(node)
        if _called(node) in self.checks:
            return _behind(f"with _passing({self.number(node, Form.CALL)}): pass", node)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        return self._kept(node) if self._is_caught(node.value) else node

    def visit_Return(self, node: ast.Return) -> ast.AST:
        return self._kept(node) if node.value and self._is_caught(node.value) else node

    def _kept(self, node: ast.stmt) -> ast.AST:
        return _behind(f"if _off({self.number(node, Form.KEPT)}): pass", node)

    def _is_caught(self, *values: ast.expr) -> bool:
        name = self.caught[-1]
        return name is not None and [getattr(value, "id", None) for value in values] == [name]


def _behind(template: str, node: ast.stmt) -> ast.stmt:
    """The statement as the body of the one that the template is."""
    (outer,) = ast.parse(template).body
    assert isinstance(outer, ast.If | ast.With)
    outer.body = [node]
    return outer


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """What stands in a function, but for what it catches itself."""
    for name, value in ast.iter_fields(node):
        if name == "body" and isinstance(node, ast.Try) and node.handlers:
            continue
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, ast.AST):
                yield inner
                yield from _own(inner)


def _refuses(node: ast.AST, names: Collection[str]) -> bool:
    return isinstance(node, ast.Raise) or (isinstance(node, ast.Expr) and _called(node) in names)


def _called(node: ast.Expr) -> str | None:
    """The last name of the function that a statement calls; None for what is no check: the function
    of a base class, and what lists, sets, mappings and files do."""
    if not isinstance(node.value, ast.Call):
        return None
    function = node.value.func
    if isinstance(function, ast.Name):
        return function.id
    if not isinstance(function, ast.Attribute) or "super()" in ast.unparse(function.value):
        return None
    is_own = isinstance(function.value, ast.Name) and function.value.id == "self"
    return function.attr if is_own or function.attr not in _ORDINARY else None


def _first(body: list[ast.stmt]) -> int:
    """Where statements may be put: after a docstring and what is imported from the future."""
    at = 0
    while at < len(body) and ast.unparse(body[at]).startswith(("'", '"', "from __future__")):
        at += 1
    return at
