"""Docstrings below the fields of a model, read once for each file.

Pydantic's own `use_attribute_docstrings` looks through all modules and reads the source anew for every class: that
was half a second of every start. Derive from `Described` instead.
"""

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict


class Described(BaseModel):
    """A model whose fields are described by the docstrings below them."""

    # The schema is built when it is first needed, and so with the descriptions; many a process needs few.
    model_config = ConfigDict(defer_build=True)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Describe the fields of a new model."""
        super().__pydantic_init_subclass__(**kwargs)
        for name, words in docstrings_below(cls).items():
            field = cls.__pydantic_fields__.get(name)
            if field is not None and field.description is None:
                field.description = words


def docstrings_below(cls: type[object]) -> Mapping[str, str]:
    """Give the docstring of each annotated attribute of a class that has one; nothing where there is no source."""
    file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    return _classes_of(file).get(cls.__qualname__, {}) if file else {}


@cache
def _classes_of(file: str) -> Mapping[str, Mapping[str, str]]:
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError):
        return {}
    return dict(_classes_in(tree, ""))


def _classes_in(node: ast.AST, outside: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    for each in ast.iter_child_nodes(node):
        if isinstance(each, ast.ClassDef):
            yield f"{outside}{each.name}", dict(_described(each))
            yield from _classes_in(each, f"{outside}{each.name}.")
        elif isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _classes_in(each, f"{outside}{each.name}.<locals>.")


def _described(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, below in pairwise(node.body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
            and isinstance(below.value.value, str)
        ):
            yield field.target.id, inspect.cleandoc(below.value.value)
