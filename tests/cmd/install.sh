#!/usr/bin/env bash
# What `make install` gives is enough for somebody else's program: the examples build against it by pkg-config and run.
. cmd/lib.sh
if nm "$tael" 2>/dev/null | grep -q '__asan_init\|__tsan_init'; then skip "a sanitizer's runtime can't be loaded into a plain program"; fi
prefix=$work/prefix
DESTDIR= cmake --install "$(dirname "$tael")" --prefix "$prefix" >/dev/null || fail "cmake --install failed"
export PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name tael.pc)") LD_LIBRARY_PATH=$(dirname "$(find "$prefix" -name libtael.so)")
for file in bin/tael include/tael/tael.h share/man/man1/tael.1 share/bash-completion/completions/tael share/zsh/site-functions/_tael; do
    [ -s "$prefix/$file" ] || fail "$file is not installed"
done
make -s -C ../examples OUT="$work/examples" || fail "the examples don't build against the installed library"
for program in generate guided import_and_ask categories habits next_item; do
    "$work/examples/$program" >/dev/null 2>"$work/said"
    status=$?
    [ $status -ne 0 ] && [ $status -lt 126 ] || fail "$program without arguments: exit status $status"
    [ -s "$work/said" ] || fail "$program without arguments says nothing"
done
"$prefix/bin/tael" --version >/dev/null || fail "the installed program doesn't run"
