#!/bin/sh
# Builds the fuzz targets with clang in DIR and runs each with libFuzzer for FUZZ_SECONDS (default 10), two at a time.
# FUZZ="tx block" selects targets; CLANG names the compiler. Prints one line per target. An input that makes a target
# fail is kept in DIR/found, new inputs of interest in DIR/grown.
# usage: scripts/fuzz.sh DIR
set -eu
src=$(cd "$(dirname "$0")/.." && pwd)
dir=$1
seconds=${FUZZ_SECONDS:-10}
clang=${CLANG:-clang}
command -v "$clang" >/dev/null || {
	echo "fuzz.sh: $clang is not installed: install it with sh scripts/packages.sh fuzz" >&2
	exit 1
}
sh "$src/scripts/build.sh" "$dir" CC="$clang" CFLAGS='-O1 -g' --enable-fuzz >"$dir.log" 2>&1 || {
	tail -n 30 "$dir.log"
	exit 1
}
mkdir -p "$dir/found" "$dir/grown"

# fuzz_one TARGET: runs it with the corpus of the repository and with the inputs that earlier runs added.
fuzz_one() {
	mkdir -p "$dir/grown/$1"
	if (cd "$dir" && FUZZ_TARGET=$1 nice ./tests/fuzz/fuzz -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 \
		-artifact_prefix="$dir/found/$1-" "$dir/grown/$1" "$src/tests/fuzz/corpus/$1") >"$dir/$1.out" 2>&1; then
		echo "fuzz $1: $(grep -oE '^Done [0-9]+ runs' "$dir/$1.out" | grep -oE '[0-9]+') runs"
	else
		echo "fuzz $1: FOUND a failure: see $dir/$1.out; input: $(find "$dir/found" -name "$1-*" | head -n 1)"
		grep -E 'requirement failed|ERROR|runtime error|SUMMARY' "$dir/$1.out" | head -n 5
		: >"$dir/failed.$1"
	fi
}

rm -f "$dir"/failed.*
all=${FUZZ:-$("$dir/tests/fuzz/fuzz" 2>&1 | sed -n 's/^FUZZ_TARGET must be one of: //p')}
# shellcheck disable=SC2086
set -- $all
while [ $# -gt 0 ]; do
	fuzz_one "$1" &
	[ $# -lt 2 ] || fuzz_one "$2"
	wait
	shift
	[ $# -eq 0 ] || shift
done
[ -z "$(find "$dir" -maxdepth 1 -name 'failed.*')" ]
