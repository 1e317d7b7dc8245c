"""Shows whether two commits differ by more than names, for the review of a change that only renames.

    python -m tests.support.same_tree OLD NEW [paths]

Lists every changed Python file: its renamed names, each with the function or class that binds it, or the first place
where its syntax tree differs by more; then it exits with 1. Docstrings, comments, layout and the order of imports do
not count.

The names of parameters that `@pytest.mark.parametrize` has as text count as names.

Within a scope each name stands for one name, before and after, and it is bound by the same scope: no two names become
one, and none hides another. What is not bound in the file (attributes, keywords, imported names) is mapped by file, and
becomes only what a compared file defines: `.append` does not become `.extend`.

Not shown here: that everybody who uses a renamed name follows (mypy and the tests show it), and what reads the name of
a field as text, such as a model or a row of a table.
"""

from __future__ import annotations

import argparse
import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NAME_FIELDS: Mapping[type[ast.AST], str] = {
    ast.Name: "id",
    ast.Global: "names",
    ast.Nonlocal: "names",
    ast.ExceptHandler: "name",
    ast.MatchAs: "name",
    ast.MatchStar: "name",
    ast.MatchMapping: "rest",
}
"""Where a tree names what a scope binds; functions, classes and imports are treated on their own."""
PUBLIC_FIELDS: Mapping[type[ast.AST], str] = {ast.Attribute: "attr", ast.keyword: "arg", ast.MatchClass: "kwd_attrs"}
"""Where it names what something else defines."""
PUBLIC, BUILTIN, MODULE = -2, -1, 0
"""The numbers of the scopes: of what something else defines, of what Python binds, of the module; those in it count
from 1, in the order of the source."""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a syntax tree: a name where it has a scope, else structure."""

    text: str
    line: int
    scope: int | None = None
    defines: bool = False
    """Others may name it from now on: a function, a class, a parameter, an attribute, a name of a module or class."""


@dataclass(frozen=True, slots=True)
class Import:
    """One name that is imported."""

    scope: int
    place: int
    """The number of tokens before it, which is one for all imports of a block."""
    module: str
    """With its leading dots; empty for `import a.b`."""
    name: str
    alias: str | None
    line: int

    @property
    def bound(self) -> str:
        return self.alias or self.name.partition(".")[0]

    @property
    def path(self) -> str:
        """The dotted path that it is, if it is a module."""
        return f"{self.module}.{self.name}" if self.module else self.name


@dataclass(frozen=True, slots=True)
class Scope:
    number: int
    bound: frozenset[str]
    is_class: bool = False


class FlatTree:
    """A syntax tree as one sequence of tokens, its names resolved to the scopes that bind them. Raises SyntaxError."""

    def __init__(self, source: str) -> None:
        self.tokens: list[Token] = []
        self.imports: list[Import] = []
        self.scopes: list[str] = []
        """By number: the name of the function or class."""
        self._stack: list[Scope] = []
        self._line = 1
        tree = ast.parse(source)
        self._enter("module", _bound(tree.body))
        self._add_all(tree.body)

    def _add(self, node: ast.AST) -> None:
        self._line = getattr(node, "lineno", self._line)
        match node:
            case ast.Import() | ast.ImportFrom():
                self._add_imports(node)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                self._add_function(node)
            case ast.ClassDef():
                self._add_class(node)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                self._add_comprehension(node)
            case _:
                self._structure(type(node).__name__)
                for name, value in ast.iter_fields(node):
                    if name not in ("ctx", "kind", "type_comment"):
                        self._add_field(node, name, value)

    def _add_field(self, node: ast.AST, name: str, value: Any) -> None:
        is_public = name == PUBLIC_FIELDS.get(type(node))
        if value is not None and (is_public or name == NAME_FIELDS.get(type(node))):
            here = self._stack[-1]
            is_seen = is_public or here.is_class or here.number == MODULE
            defines = is_seen and isinstance(getattr(node, "ctx", None), ast.Store)
            for text in value if isinstance(value, list) else [value]:
                self._name(text, PUBLIC if is_public else self._scope_of(text), defines)
        elif isinstance(value, list):
            self._add_all(value)
        elif isinstance(value, ast.AST):
            self._add(value)
        else:
            self._structure(repr(value))

    def _add_imports(self, node: ast.Import | ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "") if isinstance(node, ast.ImportFrom) else ""
        scope, place = self._stack[-1].number, len(self.tokens)
        for alias in node.names:
            self.imports.append(Import(scope, place, module, alias.name, alias.asname, node.lineno))

    def _add_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> None:
        self._structure(type(node).__name__)
        arguments = node.args
        kinds = [arguments.posonlyargs, arguments.args, arguments.kwonlyargs]
        kinds += [[packed] if packed else [] for packed in (arguments.vararg, arguments.kwarg)]
        parameters = [parameter for kind in kinds for parameter in kind]
        self._structure(repr([len(kind) for kind in kinds]))
        self._add_all(
            [*arguments.defaults, *arguments.kw_defaults, *(parameter.annotation for parameter in parameters)]
        )
        body: Sequence[ast.AST]
        parametrized: list[str] = []
        if isinstance(node, ast.Lambda):
            name, body = self.scopes[self._stack[-1].number], [node.body]
        else:
            name, body = node.name, node.body
            parametrized = [name for decorator in node.decorator_list for name in _taken_parameters(decorator)]
            self._add_all(node.decorator_list)
            self._add_all([node.returns])
            self._name(name, self._scope_of(name), defines=True)
        self._enter(name, _bound(body) | {parameter.arg for parameter in parameters})
        for parameter in parameters:
            self._name(parameter.arg, self._scope_of(parameter.arg), defines=True)
        for parameter_name in parametrized:
            self._name(parameter_name, self._scope_of(parameter_name), defines=False)
        self._add_all(body)
        self._stack.pop()

    def _add_class(self, node: ast.ClassDef) -> None:
        self._structure(type(node).__name__)
        self._add_all(node.decorator_list)
        self._add_all(node.bases)
        self._add_all(node.keywords)
        self._name(node.name, self._scope_of(node.name), defines=True)
        self._enter(node.name, _bound(node.body), is_class=True)
        self._add_all(node.body)
        self._stack.pop()

    def _add_comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        self._structure(type(node).__name__)
        first, *others = node.generators
        self._add(first.iter)  # by the scope around
        bound = frozenset(_stored([generator.target for generator in node.generators]))
        self._enter(self.scopes[self._stack[-1].number], bound)
        self._structure(str(first.is_async))
        self._add_all([first.target, *first.ifs])
        self._add_all(others)
        self._add_all([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt])
        self._stack.pop()

    def _add_all(self, nodes: Sequence[ast.AST | None]) -> None:
        for node in nodes:
            if node is None:
                self._structure("nothing")
            elif not _is_docstring(node):
                self._add(node)
        self._structure("the end")

    def _enter(self, name: str, bound: frozenset[str], is_class: bool = False) -> None:
        self._stack.append(Scope(len(self.scopes), bound, is_class))
        self.scopes.append(name)

    def _structure(self, text: str) -> None:
        self.tokens.append(Token(text, self._line))

    def _name(self, name: str, scope: int, defines: bool) -> None:
        self.tokens.append(Token(name, self._line, scope, defines))

    def _scope_of(self, name: str) -> int:
        for scope in reversed(self._stack):
            if name in scope.bound and (not scope.is_class or scope is self._stack[-1]):
                return scope.number
        return BUILTIN


class Names:
    """Which name became which, in one scope: one to one."""

    def __init__(self) -> None:
        self._new: dict[str, str] = {}
        self._old: dict[str, str] = {}

    def agree(self, old: str, new: str) -> bool:
        """Whether this is so as well; if not, nothing is kept of it."""
        if self._new.get(old, new) != new or self._old.get(new, old) != old:
            return False
        self._new[old], self._old[new] = new, old
        return True

    @property
    def changed(self) -> list[tuple[str, str]]:
        return [(old, new) for old, new in self._new.items() if old != new]


class Compared:
    """A file before and after."""

    def __init__(self, before: str, after: str) -> None:
        self.old, self.new = FlatTree(before), FlatTree(after)
        self.defined: set[tuple[str, str]] = set()
        """Names that others may use, old and new."""
        self._names: dict[int, Names] = {}
        self._difference = self._compare()

    def _compare(self) -> str | None:
        # None is the beginning of another: each list of a tree has its end.
        for old, new in zip(self.old.tokens, self.new.tokens, strict=False):
            if old.scope != new.scope or not self._same(old, new):
                place = f"line {old.line}, now {new.line}"
                return f"{place}: {old.text} -> {new.text}" if old.text != new.text else f"{place}: another {old.text}"
            if old.defines:
                self.defined.add((old.text, new.text))
        return None

    def _same(self, old: Token, new: Token) -> bool:
        if old.scope is None or old.scope == BUILTIN:
            return old.text == new.text
        return self._names_of(old.scope).agree(old.text, new.text)

    def _names_of(self, scope: int) -> Names:
        return self._names.setdefault(scope, Names())

    def difference(self, defined: frozenset[tuple[str, str]], moved: Mapping[str, str]) -> str | None:
        """By more than names. `defined`: by all compared files; `moved`: modules, by their old path."""
        if self._difference:
            return self._difference
        for old_name, new_name in self._names_of(PUBLIC).changed:
            if (old_name, new_name) not in defined:
                return f"{old_name} -> {new_name}, which no compared file defines"
        imports = list(self.new.imports)
        for old in self.old.imports:
            likely = sorted(imports, key=lambda new: new.name != old.name)
            new = next((new for new in likely if self._is_import(old, new, defined, moved)), None)
            if new is None:
                return f"line {old.line}: the import of {old.name}"
            imports.remove(new)
        return f"line {imports[0].line} now: the import of {imports[0].name}" if imports else None

    def _is_import(
        self, old: Import, new: Import, defined: frozenset[tuple[str, str]], moved: Mapping[str, str]
    ) -> bool:
        if (old.scope, old.place, old.alias is None) != (new.scope, new.place, new.alias is None):
            return False
        is_same = moved.get(old.path, old.path) == new.path
        is_renamed = moved.get(old.module, old.module) == new.module and (
            old.name == new.name or (old.name, new.name) in defined
        )
        return (is_same or is_renamed) and self._names_of(old.scope).agree(old.bound, new.bound)

    @property
    def renamed(self) -> str:
        """The names that changed, each with what binds it."""
        lines = (
            f"{old} -> {new}" + (f" ({self.new.scopes[scope]})" if scope > MODULE else "")
            for scope, names in sorted(self._names.items())
            for old, new in names.changed
        )
        return ", ".join(dict.fromkeys(lines))


@dataclass(frozen=True, slots=True)
class Result:
    """Of one file."""

    difference: str | None
    """By more than names."""
    renamed: str

    def __str__(self) -> str:
        return f"DIFFERS: {self.difference}" if self.difference else self.renamed or "the same tree"


def compare(before: Mapping[str, str], after: Mapping[str, str], moved: Mapping[str, str]) -> dict[str, Result]:
    """By each path of `after`. `before` and `after`: sources by path; `moved`: paths of now, by those of before."""
    came_from = {new: old for old, new in moved.items()}
    files = {path: Compared(before[came_from.get(path, path)], source) for path, source in after.items()}
    defined = frozenset(pair for file in files.values() for pair in file.defined)
    modules = {_module(old): _module(new) for old, new in moved.items()}
    return {path: Result(file.difference(defined, modules), file.renamed) for path, file in files.items()}


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _is_docstring(node: ast.AST) -> bool:
    """Also one of an attribute."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _taken_parameters(decorator: ast.expr) -> list[str]:
    """The parameters that `@pytest.mark.parametrize` names, as text, in its first argument, which is taken out of the
    tree; of another decorator none."""
    match decorator:
        case ast.Call(func=ast.Attribute(attr="parametrize"), args=[ast.Constant(value=str(text)), *others]):
            names = [name.strip() for name in text.split(",")]
        case ast.Call(func=ast.Attribute(attr="parametrize"), args=[ast.Tuple() | ast.List() as listed, *others]):
            names = [str(part.value) for part in listed.elts if isinstance(part, ast.Constant)]
        case _:
            return []
    decorator.args = others
    return names


def _bound(body: Sequence[ast.AST]) -> frozenset[str]:
    """The names that a function, class or module binds itself."""
    elsewhere = {name for node in _within(body) if isinstance(node, ast.Global | ast.Nonlocal) for name in node.names}
    return frozenset(_stored(body)) - elsewhere


def _stored(nodes: Sequence[ast.AST]) -> Iterator[str]:
    for node in _within(nodes):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name
            case ast.MatchMapping(rest=str(name)):
                yield name
            case ast.alias(name=path, asname=alias):
                yield alias or path.partition(".")[0]


def _within(nodes: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """All nodes in these that belong to the same scope; of a comprehension, whose scope is its own, what `:=` binds."""
    for node in nodes:
        yield node
        if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            yield from (inner.target for inner in ast.walk(node) if isinstance(inner, ast.NamedExpr))
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            yield from _within(list(ast.iter_child_nodes(node)))


def git(*arguments: str) -> str:
    command = ["git", "-c", "core.quotePath=off", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, encoding="utf-8").stdout


def main(arguments: Sequence[str]) -> int:
    """0 when no Python file differs by more than names, 1 otherwise."""
    parser = argparse.ArgumentParser(description="Shows whether two commits differ by more than names.")
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("paths", nargs="*")
    chosen = parser.parse_args(arguments)
    before, after, moved = {}, {}, {}
    alone = False
    for line in git(
        "diff", "--name-status", "--find-renames", chosen.old, chosen.new, "--", *chosen.paths
    ).splitlines():
        status, *paths = line.split("\t")
        old_path, new_path = paths[0], paths[-1]
        if not new_path.endswith(".py"):
            sys.stdout.write(f"{new_path}: no Python, to be read\n")
        elif status[0] not in "MR":
            alone = True
            sys.stdout.write(f"{new_path}: DIFFERS: {'added' if status == 'A' else 'deleted'}\n")
        else:
            before[old_path] = git("show", f"{chosen.old}:{old_path}")
            after[new_path] = git("show", f"{chosen.new}:{new_path}")
            if old_path != new_path:
                moved[old_path] = new_path
    results = compare(before, after, moved)
    for path, result in results.items():
        sys.stdout.write(f"{path}: {result}\n")
    return 1 if alone or any(result.difference for result in results.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
