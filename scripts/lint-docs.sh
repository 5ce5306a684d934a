#!/bin/sh
# Checks that every path of the repository and every function that the documents name exists. Exit status 1 if one is
# missing. A path may contain *; a function is a name followed by () in backquotes.
set -u
cd "$(dirname "$0")/.." || exit 1
bad=0
docs="README.md CONTRIBUTING.md CHANGELOG.md SECURITY.md docs/*.md tests/README.md"

# shellcheck disable=SC2086
for hit in $(grep -noE '\b(src|include|tests|scripts|bench|man|docs)/[A-Za-z0-9_./*-]*[A-Za-z0-9_/*]' /dev/null $docs 2>/dev/null); do
	path=${hit#*:}
	path=${path#*:}
	# A placeholder in capitals stands for any name.
	case $path in *README.md|*CONTRIBUTING.md) ;; *[A-Z][A-Z]*|*foo*|*.log) continue ;; esac
	# shellcheck disable=SC2086
	ls -d $path >/dev/null 2>&1 || ls -d "$path.c" >/dev/null 2>&1 && continue
	echo "$hit: this path does not exist"
	bad=1
done

# shellcheck disable=SC2086
for hit in $(grep -noE '`[a-z_0-9]+\(\)`|\b[a-z_0-9]+\(\)' /dev/null $docs 2>/dev/null | tr -d '`' | sort -u -t: -k3); do
	name=${hit##*:}
	name=${name%()}
	grep -rqE "\b$name\(" include src tests && continue
	echo "$hit: this function does not exist"
	bad=1
done
exit $bad
