"""How the documentation's pages are read: blocks as files, commands, and what is left out and why."""

from __future__ import annotations

import pytest

from support.pages import Command, File, Step, Unchecked, pattern_of, steps_in


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ('```yaml title="a.yaml"\na: 1\n```', [File("a.yaml", "a: 1\n", 1)]),
        ("```console\n$ ls\na\n$ rm a\n```", [Command("ls\n", "a\n", 2), Command("rm a\n", None, 4)]),
        ("```console\n$ cat <<E\n> b\n> E\n```", [Command("cat <<E\nb\nE\n", None, 2)]),
        ("```go\npackage main\n```", [Unchecked("go", "", 1)]),
        ("<!-- not run: no Go here -->\n```go\npackage main\n```", [Unchecked("go", "no Go here", 2)]),
        ("<!-- needs: javac -->\n```console\n$ java -version\n```", [Command("java -version\n", None, 3, "javac")]),
        ('<!-- needs: node -->\n```js title="a.mjs"\n1\n```', [File("a.mjs", "1\n", 2, "node")]),
        ("<!-- needs: node -->\n\nwords\n\n```console\n$ ls\n```", [Command("ls\n", None, 6)]),
    ],
)
def test_a_block_means(text: str, steps: list[Step]) -> None:
    assert list(steps_in(text)) == steps


@pytest.mark.parametrize(
    ("shown", "printed", "fits"),
    [
        ("a b\n", "a   b\n", True),
        ("a b\n", "a c\n", False),
        ("10.244...\n", "10.244.0.7\n", True),
        ("...\nend\n", "one\ntwo\nend\n", True),
        ("...\nend\n", "end\n", True),
        ("begin\n", "begin\nend\n", False),
    ],
)
def test_what_is_printed_fits_what_is_shown(shown: str, printed: str, fits: bool) -> None:
    assert bool(pattern_of(shown).fullmatch(printed)) == fits
