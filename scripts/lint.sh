#!/bin/sh
# make lint: layers, circles, names, wording, documents, clang-format, cppcheck, pyflakes, man pages.
# usage: scripts/lint.sh [BUILD-DIR]   with a finished build the calls between files are checked, too
set -u
build=${1:-}
[ -z "$build" ] || build=$(cd "$build" && pwd)
cd "$(dirname "$0")/.." || exit 1
bad=0
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
python3 scripts/lint/layers.py || bad=1
python3 scripts/lint/names.py || bad=1
python3 scripts/lint/style.py || bad=1
if [ -n "$build" ]; then
	python3 scripts/lint/circles.py "$build" || bad=1
fi
sh scripts/lint-docs.sh || bad=1

files=$(find include src tests bench -name '*.c' -o -name '*.h' | sort)
# shellcheck disable=SC2086
if ! clang-format --dry-run -Werror $files >/dev/null 2>&1; then
	# shellcheck disable=SC2086
	clang-format --dry-run $files 2>&1 | grep -E 'warning' | cut -d: -f1 | sort | uniq -c
	echo "not formatted: run make format"
	bad=1
fi
# The suppressed checks of cppcheck 2.10 report false errors for compound literals and out parameters. The compiler
# and the sanitizers find uninitialised variables anyway.
# shellcheck disable=SC2086
cppcheck -q -j"$(nproc)" --std=c11 --error-exitcode=1 --inline-suppr \
	--enable=warning --suppress=uninitvar --suppress=legacyUninitvar --suppress=internalAstError --suppress=preprocessorErrorDirective \
	-Iinclude -Isrc -DPACKAGE_VERSION='""' \
	'-Djson_array_foreach(a,i,v)=for(;;)' '-Djson_object_foreach(o,k,v)=for(;;)' src || bad=1
# shellcheck disable=SC2046
pyflakes3 $(find tests bench -name '*.py') || bad=1
for script in scripts/*.sh .ci/run; do
	sh -n "$script" || bad=1
done
# The markers that a conflict leaves, in every file of the repository.
if git rev-parse --git-dir >/dev/null 2>&1 && git grep -nE '^(<{7}|>{7}) '; then
	bad=1
fi
for page in man/*.[1-8]; do
	# groff prints a warning for each macro that is not used as mdoc(7) describes.
	out=$(groff -mdoc -Tutf8 -ww -z "$page" 2>&1)
	[ -z "$out" ] || { printf '%s\n' "$out"; bad=1; }
done
exit $bad
