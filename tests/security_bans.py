"""What would run foreign code, trust strangers or tell secrets, as checks over syntax trees like those of `bans`."""

import ast
from collections.abc import Iterator

RUNS_WHAT_IT_READS = {
    "pickle", "cPickle", "_pickle", "pickletools", "shelve", "marshal", "dill", "cloudpickle", "jsonpickle", "joblib",
    "yaml", "ruamel", "code", "codeop", "runpy",
}  # fmt: skip
RUNS_TEXT = {"eval", "exec", "compile", "__import__"}
UNVERIFIED = {
    "CERT_NONE", "CERT_OPTIONAL", "_create_unverified_context", "_create_default_https_context",
    "_create_stdlib_context",
    "disable_warnings", "PROTOCOL_SSLv2", "PROTOCOL_SSLv3", "PROTOCOL_SSLv23", "PROTOCOL_TLSv1", "PROTOCOL_TLSv1_1",
}  # fmt: skip
VERIFYING = {"verify", "check_hostname", "assert_hostname", "verify_mode", "cert_reqs", "trust_env_verify"}


def _told(node: ast.AST, what: str) -> str:
    return f"line {node.lineno}: {what}"


def _modules(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node, node.module or ""
            yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)


def _is(node: ast.AST | None, *values: object) -> bool:
    """Whether it is one of these constants."""
    return isinstance(node, ast.Constant) and any(node.value is value for value in values)


def _called(node: ast.Call) -> str:
    """The last part of a function's name."""
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _settings(tree: ast.AST) -> Iterator[tuple[ast.AST, str, ast.AST]]:
    """(where, name, value) of what is given by a name: keyword, attribute, variable, key of a dict, item, setattr."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from ((node, keyword.arg, keyword.value) for keyword in node.keywords if keyword.arg)
            if _called(node) == "setattr" and len(node.args) == 3 and isinstance(node.args[1], ast.Constant):
                yield node, str(node.args[1].value), node.args[2]
        elif isinstance(node, ast.Dict):
            yield from (
                (key, str(key.value), value)
                for key, value in zip(node.keys, node.values, strict=True)
                if isinstance(key, ast.Constant)
            )
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                name = getattr(target, "attr", getattr(target, "id", ""))
                if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
                    name = str(target.slice.value)
                yield node, name, node.value


def runs_what_it_reads(source: str) -> list[str]:
    """S17: nothing that is read can be code: no pickle and its like, no eval, no exec."""
    tree = ast.parse(source)
    found = [_told(node, name) for node, name in _modules(tree) if name.partition(".")[0] in RUNS_WHAT_IT_READS]
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in RUNS_TEXT:
            found.append(_told(node, node.id))
        elif isinstance(node, ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else ""
            if node.attr.endswith("_pickle") or (node.attr in RUNS_TEXT and owner in {"builtins", "__builtins__"}):
                found.append(_told(node, node.attr))
        elif isinstance(node, ast.Call) and _called(node) == "import_module":
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Constant) and str(first.value).partition(".")[0] in RUNS_WHAT_IT_READS:
                found.append(_told(node, str(first.value)))
    found += [
        _told(node, "allow_pickle")
        for node, name, value in _settings(tree)
        if name == "allow_pickle" and not _is(value, False)
    ]
    return found


def loads_modules(source: str) -> list[str]:
    """Code by a name that is worked out: only where strategies are loaded."""
    return [
        _told(node, _called(node))
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and (
            _called(node) in {"exec_module", "spec_from_file_location", "load_module"}
            or (_called(node) == "import_module" and not (node.args and isinstance(node.args[0], ast.Constant)))
        )
    ]


def trusts_anybody(source: str) -> list[str]:
    """S12: a certificate is verified always; there is no setting that says otherwise."""
    tree = ast.parse(source)
    found = [
        _told(node, node.attr if isinstance(node, ast.Attribute) else node.id)
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr in UNVERIFIED)
        or (isinstance(node, ast.Name) and node.id in UNVERIFIED)
    ]
    found += [_told(node, name) for node, name in _modules(tree) if name.rpartition(".")[2] in UNVERIFIED]
    found += [
        _told(node, name)
        for node, name, value in _settings(tree)
        if name in VERIFYING and (_is(value, False, None, 0) or (isinstance(value, ast.Constant) and not value.value))
    ]
    return found


def tells(source: str) -> list[str]:
    """S03: no traces of libraries that print past the log, and no local variables in a traceback."""
    tree = ast.parse(source)
    found = [
        _told(node, name)
        for node, name, value in _settings(tree)
        if (name in {"debuglevel", "diagnose", "show_locals", "capture_locals"} and not _is(value, False, 0))
    ]
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        if _called(node) in {"enableTrace", "set_debuglevel"} and not (given and _is(given[0], False, 0)):
            found.append(_told(node, _called(node)))
        owner = (
            node.func.value.id if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name) else ""
        )
        if owner == "logger" and node.func.attr == "add" and not any(k.arg == "diagnose" for k in node.keywords):
            found.append(_told(node, "logger.add without diagnose=False"))
    return found


def asks_a_shell(source: str) -> list[str]:
    """A shell would read what somebody else wrote as commands."""
    tree = ast.parse(source)
    found = [_told(node, "shell") for node, name, value in _settings(tree) if name == "shell" and not _is(value, False)]
    shells = {
        "system": "os",
        "popen": "os",
        "getoutput": "subprocess",
        "getstatusoutput": "subprocess",
        "mktemp": "tempfile",
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and shells.get(node.attr) == node.value.id
        ):
            found.append(_told(node, f"{node.value.id}.{node.attr}"))
        elif isinstance(node, ast.ImportFrom):
            found += [_told(node, part.name) for part in node.names if shells.get(part.name) == node.module]
    return found
