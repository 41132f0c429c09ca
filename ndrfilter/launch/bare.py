"""Code without what only people and type checkers want, and without the functions that judging seldom needs."""

from __future__ import annotations

import ast
import marshal
from collections import Counter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path
    from types import CodeType

    Function = ast.FunctionDef

_BY_CLASSES = {"__new__", "__init_subclass__", "__class_getitem__", "__set_name__"}
"""What a class takes for something else than other methods, if it is a function."""


def code_of(file: Path, *, ours: bool) -> CodeType:
    """The code of a module; of `ours` we know that nobody looks at its annotations, except for the names of fields."""
    return _compiled(_tree(file, ours), file)


def parted(file: Path, called: Collection[str], *, ours: bool) -> tuple[CodeType, dict[str, bytes]]:
    """The code of a module without the functions that are not `called`, and theirs, marshalled, by qualified name.

    In the place of such a function the module says `name = __cold__("Class.name")`.
    """
    tree = _tree(file, ours)
    at_once = {*called, *_looked_at(tree)}
    cold = {
        name: function
        for name, function in _functions(tree)
        if name not in at_once and function.name not in at_once and _may_be_late(name, function)
    }
    places = {id(function): name for name, function in cold.items()}
    tree.body = [_placed(part, places) for part in tree.body]
    codes = {name: marshal.dumps(_compiled(ast.Module([_undecorated(one)], []), file)) for name, one in cold.items()}
    return _compiled(tree, file), codes


def _tree(file: Path, ours: bool) -> ast.Module:
    tree = ast.parse(file.read_bytes(), str(file))
    if ours:
        _Bare().visit(tree)
    return tree


class _Bare(ast.NodeTransformer):
    """Drops annotations, and what is there under `if TYPE_CHECKING` alone."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """No type of what it gives."""
        node.returns = None
        return self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        """Likewise."""
        node.returns = None
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        """No type of an argument."""
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        """Without a value it may be the field of a noun: then the name counts, and where it stands."""
        node.annotation = ast.Constant("")
        return self.generic_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        """Only what is not for type checkers."""
        self.generic_visit(node)
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return node.orelse or ast.Pass()
        return node


def _functions(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    """The functions and methods that there are once only, by qualified name."""
    found = [(part.name, part) for part in tree.body if isinstance(part, ast.FunctionDef)]
    for kind in tree.body:
        if isinstance(kind, ast.ClassDef):
            found += [(f"{kind.name}.{part.name}", part) for part in kind.body if isinstance(part, ast.FunctionDef)]
    times = Counter(name for name, _ in found)
    return ((name, function) for name, function in found if times[name] == 1)


def _looked_at(part: ast.AST) -> Iterator[str]:
    """Every name that running the module looks at, outside of functions: it may be the type that is wanted."""
    if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        inner: list[ast.AST] = [*getattr(part, "decorator_list", ()), part.args]
    else:
        inner = list(ast.iter_child_nodes(part))
    yield from filter(None, (getattr(part, "id", ""), getattr(part, "attr", "")))
    for one in inner:
        yield from _looked_at(one)


def _may_be_late(name: str, function: Function) -> bool:
    """Whether it means the same outside of its class, and when it is made later."""
    wrappers = [getattr(one, "id", "") for one in function.decorator_list]  # others look at what they wrap
    if function.name in _BY_CLASSES or wrappers not in ([], ["property"]):
        return False
    defaults = (*function.args.defaults, *filter(None, function.args.kw_defaults))
    if not all(isinstance(value, ast.Constant) for value in defaults):
        return False
    said = {getattr(part, "id", "") or getattr(part, "attr", "") or getattr(part, "arg", "") or ""
            for part in ast.walk(function)}  # fmt: skip
    return "." not in name or not any(
        word in ("super", "__class__") or (word.startswith("__") and not word.endswith("__")) for word in said
    )


def _placed(part: ast.stmt, places: dict[int, str]) -> ast.stmt:
    """The statement with names in the places of functions."""
    if isinstance(part, ast.ClassDef):
        part.body = [_placed(one, places) for one in part.body]
    if not isinstance(part, ast.FunctionDef) or id(part) not in places:
        return part
    made: ast.expr = ast.Call(ast.Name("__cold__", ast.Load()), [ast.Constant(places[id(part)])], [])
    for wrapper in reversed(part.decorator_list):
        made = ast.Call(wrapper, [made], [])
    return ast.Assign([ast.Name(part.name, ast.Store())], made)


def _undecorated(function: Function) -> Function:
    function.decorator_list = []
    return function


def _compiled(tree: ast.Module, file: Path) -> CodeType:
    fixed = ast.fix_missing_locations(tree)
    return _without_lines(compile(fixed, str(file), "exec", dont_inherit=True, optimize=2))


def _without_lines(code: CodeType) -> CodeType:
    constants = tuple(_without_lines(one) if isinstance(one, type(code)) else one for one in code.co_consts)
    return code.replace(co_consts=constants, co_linetable=b"")
