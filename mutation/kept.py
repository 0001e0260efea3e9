"""Which of Cosmic Ray's mutants are kept: which operators, and where."""

from __future__ import annotations

import ast
import re

KEPT = re.compile(
    r"core/ReplaceComparisonOperator_("
    r"Eq_NotEq|NotEq_Eq|Is_IsNot|IsNot_Is|Lt_LtE|Lt_GtE|LtE_Lt|LtE_Gt|Gt_GtE|Gt_LtE|GtE_Gt|GtE_Lt)"
    r"|core/ReplaceBinaryOperator_("
    r"Add_Sub|Sub_Add|Mul_Div|Div_Mul|FloorDiv_Mul|Mod_FloorDiv|Pow_Mul|BitOr_BitAnd|BitAnd_BitOr|BitXor_BitOr)"
    r"|core/ReplaceUnaryOperator_(USub_UAdd|Delete_Not)"
    r"|core/(AddNot|NumberReplacer|ZeroIterationForLoop|ExceptionReplacer)"
    r"|core/Replace(True|False|And|Or|Break|Continue)With\w+"
    r"|connector/\w+"
)
"""One opposite and one neighbour of each operator. Cosmic Ray replaces each by every other; most of those (`a // b` of
two dates, `is` for `==`) fail at once or cannot fail, whatever the tests are worth."""


Place = tuple[int, int]
"""Line, from 1, and column."""
Span = tuple[Place, Place]


def is_kept(operator: str, start: Place, typing: list[Span]) -> bool:
    """Whether a mutant is tried: its operator says something of the tests, and its place is executed."""
    return KEPT.fullmatch(operator) is not None and not any(first <= start < end for first, end in typing)


def typing_places(source: str) -> list[Span]:
    """Where code speaks to the type checker alone: annotations, aliases of types, the `*` of a signature.

    With them what makes a dataclass frozen: that nothing is assigned to is the type checker's affair too.
    """
    tree = ast.parse(source)
    found: list[Span] = [
        ((number, star), (number, star + 1))
        for number, line in enumerate(source.splitlines(), 1)
        for star in (line.find("*,"),)
        if star >= 0
    ]
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="dataclass")):
                found.append(_span(node))
            case ast.AnnAssign(annotation=annotation):
                found.append(_span(annotation))
            case ast.FunctionDef(args=args, returns=returns):
                every = (*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg)
                found.extend(_span(each.annotation) for each in every if each is not None and each.annotation)
                if returns is not None:
                    found.append(_span(returns))
            case _:
                pass
    aliases = (each for each in tree.body if isinstance(each, ast.Assign) and isinstance(each.value, ast.BinOp))
    for each in aliases:
        if all(isinstance(target, ast.Name) and not target.id.isupper() for target in each.targets):
            found.append(_span(each.value))
    return found


def _span(node: ast.expr) -> Span:
    end_line, end_column = node.end_lineno, node.end_col_offset
    if end_line is None or end_column is None:
        raise ValueError("a node without an end")
    return (node.lineno, node.col_offset), (end_line, end_column)
