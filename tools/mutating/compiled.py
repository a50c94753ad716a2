"""Where compiled functions give up, found in the syntax tree.

Kernels refuse nothing themselves: they leave what is not regular to the plain path, which refuses.
Neutralised is each branch of an ``if`` that only gives up (``return IRREGULAR``, ``return -1``,
``return False``, tuples with one of these, ``break``, ``continue``, after constants for variables
if it has any): the next statement follows. In ``return begin if regular else -1`` the first value
is returned in both cases, and a comparison that a function of truth values returns counts as true.

The switch is a number of the module that the compiler takes for a constant, so a mutant is machine
code of its own, compiled anew and loaded from nowhere. Plain interpretation would prove less:
these functions read memory by instructions that Python does not have. Bounds of arrays are checked,
so that a mutant which reads behind a text is seen even where what it finds there does no harm.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from .site import Form

SWITCH = "_NEUTRAL"
Number = Callable[[ast.stmt, Form, str], int]
"""Gives a site its number, by its statement and a text: that with its guard and its function."""
_COMPILERS = {"compiled", "inlined"}
_GIVEN_UP = {"-1", "False", "IRREGULAR"}


def is_kernel(tree: ast.Module) -> bool:
    """Whether a module has compiled functions."""
    return any(_is_compiled(node) for node in tree.body)


def neutralised(tree: ast.Module, number: Number) -> None:
    """Put each place at which compiled functions give up behind the switch of the module."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and _is_compiled(node):
            _Neutralising(node, number).visit(node)
    # Before the first function, behind the imports.
    at = next(at for at, node in enumerate(tree.body) if isinstance(node, ast.FunctionDef))
    tree.body.insert(at, ast.parse(f"{SWITCH} = 0").body[0])


class _Neutralising(ast.NodeTransformer):
    def __init__(self, function: ast.FunctionDef, number: Number) -> None:
        self.number = number
        self.name = function.name
        self.is_truth = isinstance(function.returns, ast.Name) and function.returns.id == "bool"

    def visit_If(self, node: ast.If) -> ast.AST:
        self.generic_visit(node)
        test = ast.unparse(node.test)
        for body, when in ((node.body, f"if {test}"), (node.orelse, f"if {test} else")):
            if body and _gives_up(body[-1]) and all(map(_is_said, body[:-1])):
                guard = ast.parse(f"if {self._on(body[-1], f'{when}: ')}: pass").body[0]
                assert isinstance(guard, ast.If)
                guard.body, body[:] = list(body), [guard]
        return node

    def visit_Return(self, node: ast.Return) -> ast.AST:
        value = node.value
        if isinstance(value, ast.IfExp) and ast.unparse(value.orelse) in _GIVEN_UP:
            value.test = self._or(node, value.test)
        elif self.is_truth and isinstance(value, ast.Compare | ast.BoolOp):
            node.value = self._or(node, value)
        return node

    def _on(self, node: ast.stmt, when: str = "") -> str:
        text = f"{self.name}: {when}{ast.unparse(node)}"
        return f"{SWITCH} != {self.number(node, Form.GIVES_UP, text)}"

    def _or(self, node: ast.stmt, test: ast.expr) -> ast.expr:
        on = ast.parse(f"not ({self._on(node)})", mode="eval").body
        return ast.BoolOp(ast.Or(), [on, test])


def _is_compiled(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef) and any(
        isinstance(one, ast.Name) and one.id in _COMPILERS for one in node.decorator_list
    )


def _is_said(node: ast.stmt) -> bool:
    """Whether a constant, or what is called like one, is put into a variable."""
    if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
        return False
    value = node.value
    return isinstance(value, ast.Constant) or (isinstance(value, ast.Name) and value.id.isupper())


def _gives_up(node: ast.stmt) -> bool:
    if isinstance(node, ast.Break | ast.Continue):
        return True
    if not isinstance(node, ast.Return) or node.value is None:
        return False
    value = node.value
    parts = value.elts if isinstance(value, ast.Tuple) else [value]
    return any(ast.unparse(part) in _GIVEN_UP for part in parts)
