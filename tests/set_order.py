"""Where the order of a set leaks: iteration over what the code itself says is a set, where order makes a difference.

A set of texts is walked in an order that follows from the hash seed, so whatever comes of it differs from run to run.
What is a set: a literal, a comprehension, `set()` and `frozenset()`, their algebra, and every name, attribute, function
or property that is annotated or assigned as one. Sorted, counted or only asked, a set is harmless.
"""

import ast
from collections.abc import Iterable, Iterator
from typing import Final

import attrs

FREE: Final = {"sorted", "min", "max", "sum", "len", "any", "all", "set", "frozenset", "bool", "isinstance"}
"""Calls whose result says nothing of an order."""
LEAKS: Final = {
    "list", "tuple", "iter", "enumerate", "map", "filter", "zip", "chain", "deque", "reversed", "join", "fromkeys",
    "extend", "array", "islice", "from_iterable", "Counter", "dict", "OrderedDict", "writerow", "writelines",
}  # fmt: skip
"""Calls whose result does."""
_SET_WORDS: Final = {"set", "frozenset", "Set", "AbstractSet", "MutableSet", "FrozenSet"}
_ALGEBRA: Final = {"union", "intersection", "difference", "symmetric_difference"}
_MAPS: Final = {"dict", "Mapping", "MutableMapping", "defaultdict", "OrderedDict"}
_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)


@attrs.frozen
class Known:
    """Names that stand for sets, and for maps of sets."""

    names: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()
    """Attributes and properties, of whatever object."""
    functions: frozenset[str] = frozenset()
    maps: frozenset[str] = frozenset()
    """Names and attributes whose values are sets."""


def _last(node: ast.AST | None) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _says_set(annotation: ast.AST | None) -> bool:
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        annotation = ast.parse(annotation.value, mode="eval").body
    if isinstance(annotation, ast.BinOp):
        return _says_set(annotation.left) or _says_set(annotation.right)
    if isinstance(annotation, ast.Subscript):
        if _last(annotation.value) == "Final":
            return _says_set(annotation.slice)
        return _last(annotation.value) in _SET_WORDS
    return _last(annotation) in _SET_WORDS


def _says_map(annotation: ast.AST | None) -> bool:
    if not (isinstance(annotation, ast.Subscript) and _last(annotation.value) in _MAPS):
        return False
    parts = annotation.slice
    return isinstance(parts, ast.Tuple) and len(parts.elts) == 2 and _says_set(parts.elts[1])


def index(sources: Iterable[str]) -> Known:
    """Fields, properties and functions that are sets wherever they are declared in these modules."""
    fields: dict[str, set[bool]] = {}
    functions: dict[str, set[bool]] = {}
    maps: set[str] = set()
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, _FUNCTIONS):
                is_property = any("property" in _last(each) for each in node.decorator_list)
                (fields if is_property else functions).setdefault(node.name, set()).add(_says_set(node.returns))
            elif isinstance(node, ast.AnnAssign) and not isinstance(node.target, ast.Subscript):
                says = _says_set(node.annotation) or is_set(node.value, Known())
                fields.setdefault(_last(node.target), set()).add(says)
                if _says_map(node.annotation):
                    maps.add(_last(node.target))
            elif isinstance(node, ast.Assign):
                # Of what is not annotated only what is plainly a set, or plainly something else, tells anything.
                is_plain = isinstance(node.value, (ast.List, ast.Tuple, ast.Dict, ast.ListComp, ast.DictComp))
                if is_plain or is_set(node.value, Known()):
                    for target in node.targets:
                        if isinstance(target, ast.Attribute):
                            fields.setdefault(target.attr, set()).add(not is_plain)

    # What is a set in one class and something else in another is not told apart by its name.
    def always(found: dict[str, set[bool]]) -> frozenset[str]:
        return frozenset(name for name, said in found.items() if said == {True})

    return Known(fields=always(fields), functions=always(functions), maps=frozenset(maps))


def leaks(source: str, known: Known | None = None) -> list[str]:
    """Each place in which the order of a set becomes the order of something else."""
    tree = ast.parse(source)
    known = known or index([source])
    return [f"line {line}: {what}" for line, what in sorted(set(_in_scope(tree, known)))]


def _in_scope(scope: ast.AST, known: Known) -> Iterator[tuple[int, str]]:
    """A module, class or function, and those within it, which see its names."""
    known = attrs.evolve(known, names=(known.names - _bound(scope)) | _sets_of(scope, known))
    for node in _own(scope):
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef, ast.Lambda)):
            yield from _in_scope(node, known)
        else:
            yield from _leaks_here(node, known)


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """Everything in a scope but what is within a scope of its own, which is given as one. Parents come first."""
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (*_FUNCTIONS, ast.ClassDef, ast.Lambda)):
            waiting += ast.iter_child_nodes(node)


def _bound(scope: ast.AST) -> frozenset[str]:
    """Names that this scope gives another meaning."""
    if not isinstance(scope, (*_FUNCTIONS, ast.Lambda)):
        return frozenset()
    stored = {node.id for node in _own(scope) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return frozenset(stored | {argument.arg for argument in _arguments(scope)})


def _arguments(scope: ast.AST) -> list[ast.arg]:
    if not isinstance(scope, (*_FUNCTIONS, ast.Lambda)):
        return []
    told = scope.args
    return [*told.posonlyargs, *told.args, *told.kwonlyargs]


def _sets_of(scope: ast.AST, known: Known) -> frozenset[str]:
    found = {argument.arg for argument in _arguments(scope) if _says_set(argument.annotation)}
    # Twice, for a name that is made of another that is found later.
    for _ in range(2):
        here = attrs.evolve(known, names=known.names | found)
        for node in _own(scope):
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                if _says_set(node.annotation) or is_set(node.value, here):
                    found.add(node.target.id)
            elif isinstance(node, ast.Assign):
                names = [target.id for target in node.targets if isinstance(target, ast.Name)]
                found.update(names if is_set(node.value, here) else ())
            elif isinstance(node, ast.NamedExpr) and is_set(node.value, here):
                found.add(node.target.id)
    return frozenset(found)


def is_set(node: ast.AST | None, known: Known) -> bool:
    """Whether an expression is a set, by what is known."""
    match node:
        case ast.Set() | ast.SetComp():
            return True
        case ast.Name():
            return node.id in known.names
        case ast.Attribute():
            return node.attr in known.fields
        case ast.Call():
            return _gives_set(node, known)
        case ast.Subscript():
            return _last(node.value) in known.maps
        case ast.BinOp(op=ast.BitOr() | ast.BitAnd() | ast.Sub() | ast.BitXor()):
            return any(is_set(side, known) or _is_keys(side) for side in (node.left, node.right))
        case ast.IfExp():
            return is_set(node.body, known) or is_set(node.orelse, known)
        case ast.BoolOp():
            return any(is_set(each, known) for each in node.values)
        case ast.Starred() | ast.NamedExpr():
            return is_set(node.value, known)
    return False


def _is_keys(node: ast.AST) -> bool:
    """Keys of a dict have its order; what is made of two of them has none."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("keys", "items")


def _gives_set(call: ast.Call, known: Known) -> bool:
    name = _last(call.func)
    if isinstance(call.func, ast.Name):
        return name in ("set", "frozenset") or name in known.functions
    if not isinstance(call.func, ast.Attribute):
        return False
    if name in _ALGEBRA or name == "copy":
        return is_set(call.func.value, known) or (name in _ALGEBRA and _last(call.func.value) in _SET_WORDS)
    if name in ("get", "setdefault", "pop"):
        return _last(call.func.value) in known.maps
    return name in known.functions


def _leaks_here(node: ast.AST, known: Known) -> Iterator[tuple[int, str]]:
    match node:
        case ast.For() | ast.AsyncFor() if is_set(node.iter, known):
            yield node.lineno, "a loop over a set"
        case ast.ListComp() | ast.DictComp() | ast.GeneratorExp():
            for part in node.generators:
                if is_set(part.iter, known) and not getattr(node, "is_free", False):
                    yield node.lineno, "a comprehension over a set"
        case ast.Call():
            yield from _leaks_of_call(node, known)
        case ast.List() | ast.Tuple() if isinstance(node.ctx, ast.Load):
            for each in node.elts:
                if isinstance(each, ast.Starred) and is_set(each.value, known):
                    yield node.lineno, "a set unpacked"
        case ast.YieldFrom() if is_set(node.value, known):
            yield node.lineno, "yield from a set"
        case ast.AugAssign(op=ast.Add()) if is_set(node.value, known):
            yield node.lineno, "a set appended"


def _leaks_of_call(call: ast.Call, known: Known) -> Iterator[tuple[int, str]]:
    name = _last(call.func)
    if name in FREE and isinstance(call.func, ast.Name):
        # Looked at before what stands in it.
        for each in call.args:
            each.is_free = True  # type: ignore[attr-defined]
        return
    if name in _ALGEBRA or name in ("update", "intersection_update", "difference_update", "issubset", "isdisjoint"):
        for each in call.args:
            each.is_free = True  # type: ignore[attr-defined]
    if name in LEAKS and any(is_set(each, known) for each in call.args):
        yield call.lineno, f"{name}() of a set"
    elif any(isinstance(each, ast.Starred) and is_set(each.value, known) for each in call.args):
        yield call.lineno, "a set unpacked"
    if name == "pop" and not call.args and isinstance(call.func, ast.Attribute) and is_set(call.func.value, known):
        yield call.lineno, "pop() of a set"
