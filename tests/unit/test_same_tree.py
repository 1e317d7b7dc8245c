"""What counts as a renaming alone."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.support.same_tree import compare, git, main

BEFORE = '''
"""Counts."""
from shop.goods import Goods, found

class Shelf:
    told: int = 0
    """How many."""

    def look(self, at, *, own=()):
        gone = [one for one in at if one.told]
        try:
            return len(gone), found(own=own), self.told, (lambda at: at)(0)
        except ValueError as fault:
            raise fault
'''
AFTER = '''
"""Counts goods."""

from shop.goods import count
from shop.goods import Goods

class Shelf:
    level: int = 0

    def look(self, places, *, stock=()):
        missing = [place for place in places if place.level]
        try:
            return (  # both
                len(missing), count(stock=stock), self.level, (lambda number: number)(0))
        except ValueError as error:
            raise error
'''
GOODS = "def found(own):\n    return own\n"
RENAMED_GOODS = "def count(stock):\n    return stock\n"


def differs(before: str, after: str) -> bool:
    return compare({"a.py": before}, {"a.py": after}, {})["a.py"].difference is not None


def test_names_docstrings_and_layout_may_change() -> None:
    before = {"a.py": BEFORE, "shop/goods.py": GOODS}
    results = compare(before, {"a.py": AFTER, "shop/goods.py": RENAMED_GOODS}, {})
    assert [result.difference for result in results.values()] == [None, None]
    assert results["shop/goods.py"].renamed == "found -> count, own -> stock (count)"
    assert "told -> level (Shelf)" in results["a.py"].renamed
    assert "at -> places (look), own -> stock (look), gone -> missing (look)" in results["a.py"].renamed
    assert "at -> number (look)" in results["a.py"].renamed


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("x = f(1)", "x = f(1)\nf(2)", id="an added call"),
        pytest.param("def f(a): return a", "def f(a=1): return a", id="a default"),
        pytest.param("def f(*a): return a", "def f(a): return a", id="another kind of parameter"),
        pytest.param("def f(a, b): return a - b", "def f(b, a): return a - b", id="another operand"),
        pytest.param("def f(a, b): return a - b", "def f(a, c): return a - a", id="one name for two"),
        pytest.param("def f(a): return a + a", "def f(b): return b + c", id="two names for one"),
        pytest.param("x = 'told'", "x = 'sent'", id="a string"),
        pytest.param("x = min(1, 2)", "x = max(1, 2)", id="another builtin"),
        pytest.param("def f(a): a.append(1)", "def f(a): a.extend(1)", id="an attribute that nothing here defines"),
        pytest.param("def f(a): g(told=a)", "def f(a): g(sent=a)", id="a keyword that nothing here defines"),
        pytest.param(
            "a = 1\ndef f(b): return a", "a = 1\ndef f(a): return a", id="a parameter hides the module's name"
        ),
        pytest.param("def f(a): return [b for b in a]", "def f(a): return [a for a in a][:1]", id="a slice"),
        pytest.param(
            "def f(a, c): return [c for b in a]", "def f(a, b): return [b for b in a]", id="a comprehension hides it"
        ),
        pytest.param(
            "x = 1\ndef f():\n    global x\n    x = 2",
            "x = 1\ndef f():\n    x = 2",
            id="a local one instead of a global",
        ),
        pytest.param("from a import b\nb()", "from a import c\nc()", id="an import that nothing here defines"),
        pytest.param("from a import b\nb()", "from c import b\nb()", id="an import from elsewhere"),
        pytest.param("import a\na()", "import a\nimport b\na()", id="another import"),
        pytest.param(
            "import a\nif x:\n    import b", "if x:\n    import a\n    import b", id="an import under a condition"
        ),
        pytest.param("async def f(): pass", "def f(): pass", id="no longer awaited"),
        pytest.param(
            "@pytest.mark.parametrize(('a', 'b'), [(1, 2)])\ndef f(a, b): return a - b",
            "@pytest.mark.parametrize(('b', 'a'), [(1, 2)])\ndef f(a, b): return a - b",
            id="another order of a test's values",
        ),
        pytest.param("m = mark.parametrize('a', [1])", "m = mark.parametrize('b', [1])", id="a name as text elsewhere"),
        pytest.param("match x:\n    case A(b=1): pass", "match x:\n    case A(c=1): pass", id="a pattern's attribute"),
        pytest.param("{a: b for a in c}", "{a: b async for a in c}", id="an asynchronous comprehension"),
    ],
)
def test_more_than_a_name_is_a_difference(before: str, after: str) -> None:
    assert differs(before, after)
    assert not differs(before, before)
    assert not differs(after, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            "class A:\n    told: int\ndef f(a): return a.told",
            "class A:\n    sent: int\ndef f(a): return a.sent",
            id="a field",
        ),
        pytest.param(
            "def f(a):\n    a.b = 1\n    return a.b", "def f(a):\n    a.c = 1\n    return a.c", id="an attribute"
        ),
        pytest.param(
            "def f(a):\n    def g():\n        nonlocal a\n        a = 1\n    return g",
            "def f(b):\n    def g():\n        nonlocal b\n        b = 1\n    return g",
            id="a name of the function around",
        ),
        pytest.param(
            "def f(a): return [(x, b) for x in a if (b := x)]",
            "def f(a): return [(y, c) for y in a if (c := y)]",
            id="walrus",
        ),
        pytest.param(
            "match x:\n    case [a, *b] | {'k': a, **b}: pass\n    case A() as c: c()",
            "match x:\n    case [d, *e] | {'k': d, **e}: pass\n    case A() as g: g()",
            id="patterns",
        ),
        pytest.param(
            "@mark.parametrize('a, b', [(1, 2)])\n@mark.parametrize(['c'], [1])\ndef f(a, b, c): return a - b",
            "@mark.parametrize('d,e', [(1, 2)])\n@mark.parametrize(['g'], [1])\ndef f(d, e, g): return d - e",
            id="a test's values",
        ),
        pytest.param("import a as b\nb()", "import a as c\nc()", id="an alias"),
        pytest.param("import b\nimport a", "import a\nimport b", id="the order of imports"),
        pytest.param("a, b = 1, 2\nx = a", "b, a = 1, 2\nx = b", id="names that change places"),
    ],
)
def test_names_are_followed_to_what_binds_them(before: str, after: str) -> None:
    assert not differs(before, after)


def test_a_module_that_moved_is_imported_from_its_new_place() -> None:
    before = {"p/own.py": "x = 1", "a.py": "from p.own import x\nfrom p import own\nown.x"}
    after = {"p/owner.py": "x = 1", "a.py": "from p.owner import x\nfrom p import owner\nowner.x"}
    moved = {"p/own.py": "p/owner.py"}
    assert [result.difference for result in compare(before, after, moved).values()] == [None, None]


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git here")
def test_two_commits_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)  # a hook's, of the repository that is tested
    monkeypatch.chdir(tmp_path)

    def commit(**files: str) -> None:
        for name, text in files.items():
            Path(f"{name}.py").write_text(text, encoding="utf-8")
        git("add", "--all")
        identity = ("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgSign=false")
        git(*identity, "commit", "--quiet", "--no-verify", "--message=x")

    git("init", "--quiet")
    commit(goods=GOODS, shelf=BEFORE)
    commit(goods=RENAMED_GOODS)
    commit(shelf=BEFORE + "look()\n", bare="")
    assert main(["HEAD~2", "HEAD~1"]) == 0
    assert capsys.readouterr().out == "goods.py: found -> count, own -> stock (count)\n"
    assert main(["HEAD~1", "HEAD"]) == 1
    assert capsys.readouterr().out == "bare.py: DIFFERS: added\nshelf.py: DIFFERS: line 14, now 15: the end -> Expr\n"
    assert main(["HEAD~1", "HEAD", "goods.py"]) == 0
