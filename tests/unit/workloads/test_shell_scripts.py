"""What scripts do: the same as in dash, a shell that is at hand on every machine that has `sh`."""

from __future__ import annotations

import asyncio
import shutil
import subprocess

import pytest

from support.simulated_containers import Box

_DASH = shutil.which("dash")

_SCRIPTS = [
    # Words
    "echo a  b 'c  d' \"e  f\"",
    "echo 'a'\"b\"c\\ d",
    "x=1; echo $x ${x} \"$x\" '$x' \\$x ${x}y",
    'printf "%s|" "a\\"b" "a\\$b" "a\\\\b" "a\\nb"',
    "printf '%s|' a 'b c' \"\" d; echo",
    "x='a b  c'; printf '[%s]' $x; printf '[%s]' \"$x\"",
    "x=; printf '[%s]' $x end; printf '[%s]' \"$x\" end",
    "IFS=,; x=a,b,,c; printf '[%s]' $x",
    "IFS=' ,'; x='a , b c,d'; printf '[%s]' $x",
    "set -- a 'b c' d; printf '[%s]' \"$@\"; printf '[%s]' $@; printf '[%s]' \"$*\"; echo $#",
    "set --; printf '[%s]' x\"$@\"y; echo $#",
    'set -- \'x y\' z; for i in "$@"; do echo "<$i>"; done; for i; do echo "($i)"; done; shift; echo $1',
    # Parameters
    'echo ${x:-default} ${x-unset} ${x:+set}; x=; echo "[${x:-empty}]" "[${x-unset}]" "[${x+set}]"',
    "echo ${y:=given} $y",
    "x=abcabc; echo ${#x} ${x#a} ${x#*b} ${x##*b} ${x%c} ${x%b*} ${x%%b*}",
    "x=/usr/local/bin; echo ${x##*/} ${x%/*}",
    'x=a.b.c; echo ${x%.*} ${x#*.} "${x%%.*}"',
    'x=\'*\'; echo "$x" "${x#\\*}"',
    'echo "${x:-a b}" ${x:-"c  d"}',
    "x=5; echo $((x+1)) $((2*(3+4))) $((7/2)) $((-7/2)) $((7%3)) $((1<2)) $((x==5&&1)) $((0x10)) $((010))",
    "i=1; i=$((i+=2)); echo $i $((i>2?10:20)) $((!0)) $((~1)) $((1<<4|1))",
    'x=$(echo a; echo b); echo $x; echo "$x"; echo `echo c` "`echo \\"d\\"`"',
    'echo "$(echo "a $(echo \'b  c\')")"',
    "echo ~ | sed 's/^\\/.*/home/'; echo \"~\"",
    # Lists and statuses
    "true && echo a || echo b; false && echo c || echo d; false; echo $?",
    "! true; echo $?; ! false; echo $?",
    "(exit 3); echo $?; x=$(exit 4); echo $?; { false; true; }; echo $?",
    "false || false || echo z; true && true && echo y",
    "if true; then echo 1; else echo 2; fi; if false; then echo 1; elif true; then echo 3; else echo 2; fi",
    "if false; then :; fi; echo $?",
    "i=0; while [ $i -lt 3 ]; do echo $i; i=$((i+1)); done; until [ $i = 0 ]; do i=$((i-1)); done; echo $i",
    "for i in 1 2 3 4; do [ $i = 2 ] && continue; [ $i = 4 ] && break; echo $i; done; echo end",
    "for i in 1 2; do for j in a b; do [ $j = b ] && continue 2; echo $i$j; done; done",
    "for i in 1 2; do for j in a b; do echo $i$j; break 2; done; done",
    "for i in; do echo no; done; echo $?",
    "case abc in a) echo 1;; a*|b*) echo 2;; *) echo 3;; esac; case x in y) echo n;; esac; echo $?",
    "case 'a b' in 'a b') echo quoted;; esac; case '*' in \\*) echo star;; esac; case b in [!a]) echo not;; esac",
    'f() { echo "$1 $#"; return 5; }; f a b; echo $?; f() (echo sub); f; f() { x=in; }; x=out; f; echo $x',
    "f() { local v=1; echo $v; }; v=0; f; echo $v",
    "fact() { if [ $1 -le 1 ]; then echo 1; else echo $(( $1 * $(fact $(($1-1))) )); fi; }; fact 6",
    "set -e; false || true; if false; then :; fi; ! true; echo on; false; echo off",
    "set -e; (false); echo off",
    "set -e; f() { false; echo in; }; f || echo out; f; echo never",
    "set -u; echo ${x-}; echo ok",
    "x=1; (x=2; echo $x); echo $x; { x=3; }; echo $x; echo y | { read x; echo $x; }; echo $x",
    "x=1 env | grep '^x='; echo ${x-gone}; export y=2; sh -c 'echo $y'; unset y; sh -c 'echo ${y-none}'",
    "exec 2>&1; echo out; echo err >&2",
    "eval 'x=1; echo $x'; eval echo '$x'",
    "echo one; exit 7; echo two",
    # Pipes and redirections
    "echo a | cat | tr a b; printf 'c\\na\\nb\\n' | sort | head -n 2",
    'seq 5 | while read i; do echo "<$i>"; done; echo \'a b c\' | { read x y; echo "$x,$y"; }',
    "printf 'a\\\\b\\n' | { read x; printf %s \"$x\"; }; printf 'a\\\\b\\n' | { read -r x; printf %s \"$x\"; }",
    "false | true; echo $?; true | false; echo $?",
    "cat <<EOF\na $((1+1)) \\$x\n  b\nEOF\necho after",
    "cat <<'EOF'\n$x `y`\nEOF\ncat <<-EOF\n\t\tindented\n\tEOF",
    "cat <<A; cat <<B\n1\nA\n2\nB\necho end",
    "cat <<EOF | tr a-z A-Z\nx y\nEOF",
    'x=$(cat <<EOF\nin here\nEOF\n); echo "$x"',
    "{ echo out; echo err >&2; } 2>/dev/null; { echo out; echo err >&2; } >/dev/null 2>&1; echo done",
    "ls /nonexistent-folder 2>/dev/null || echo missing",
    "yes | head -n 3; seq 100000 | head -n 1",
    'while read l; do echo "$l"; done <<EOF\n1\n2\nEOF',
    "echo a >&2 2>/dev/null; (echo b; echo c >&2) 2>&1 | sort",
    # Programs
    "[ a = a ] && [ a != b ] && [ -n x ] && [ -z '' ] && [ 1 -lt 2 ] && ! [ 2 -lt 1 ] && echo all; test a = b; echo $?",
    "[ a = a -a b = b ] && echo and; [ a = b -o b = b ] && echo or; [ ! a = b ] && echo not; [ -d / ] && echo dir",
    "printf '%d %x %o %5s|%-5s|%05d %c %%\\n' 42 255 8 ab cd 7 xyz; printf '%s\\n' a b c; printf '%.2f\\n' 3.14159",
    "printf '\\101\\n'; printf '%b' 'a\\tb\\n'; printf 'x\\n%s' ''",
    "echo abc | cut -c2; echo a:b:c | cut -d: -f2,3; echo 'a b' | wc -w; printf 'a\\nb\\n' | wc -l",
    "printf 'b\\na\\nb\\n' | sort -u; printf '10\\n9\\n' | sort -n",
    "printf '1 b\\n2 a\\n' | sort -k2; printf 'a\\na\\n' | uniq",
    "printf 'foo\\nbar\\n' | grep o; echo $?; printf 'foo\\n' | grep -v o; echo $?; printf 'A\\nb\\n' | grep -ci a",
    "printf 'a1\\nb2\\n' | grep -o '[0-9]'; echo 'foo.bar' | grep -F '.'",
    "echo aab | grep -E '^a+b$'; echo 'a+b' | grep 'a+b'",
    "echo hello | sed 's/l/L/'; echo hello | sed 's/l/L/g'; echo hello | sed -n 's/h/j/p'; echo 'a/b' | sed 's|/|-|'",
    "echo 'ab' | sed 's/\\(a\\)\\(b\\)/\\2\\1/'; printf '1\\n2\\n3\\n' | sed '2d'",
    "printf '1\\n2\\n' | sed -n '$p'; echo x | sed 's/x/[&]/'",
    "echo hello | tr a-z A-Z; echo 'a  b' | tr -s ' '; echo abc | tr -d b; echo 'a b' | tr ' ' '\\n'",
    "seq 3; seq 2 4; seq 1 2 5; seq 3 -1 1; basename /a/b.c .c; dirname /a/b/c; expr 1 + 2; expr 5 \\* 4",
    "command -v nonexistent-command; echo $?; type true >/dev/null; echo $?",
    "echo -n a; echo b; echo '-x'",
    "x='a\nb'; echo \"$x\"; echo $x",
    "echo a#b # comment\necho c; # another\n# whole\necho d",
    "echo a \\\n  b; true &&\n echo c; if true\nthen\n echo d\nfi",
]


@pytest.mark.skipif(_DASH is None, reason="no dash here")
@pytest.mark.parametrize("script", _SCRIPTS)
def test_a_script_does_what_it_does_in_dash(script: str) -> None:
    assert _DASH is not None
    real = subprocess.run([_DASH, "-c", script], capture_output=True, text=True, cwd="/", timeout=20, check=False)
    ran = asyncio.run(Box().run("sh", "-c", script))
    assert (ran.out, ran.code) == (real.stdout, real.returncode)
