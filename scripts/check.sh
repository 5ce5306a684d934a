#!/bin/sh
# Runs all checks: installs the packages that the tests need, builds, runs make check with and without sanitizers,
# runs each fuzz target for 2 s, make lint, and the demo. The last line is "N passed, N failed, N skipped", for all tests.
# TALLY_CHECK_DIR is the build directory (default: build-check). The exit status is 0 if nothing failed.
set -u
src=$(cd "$(dirname "$0")/.." && pwd)
cd "$src" || exit 1
build=${TALLY_CHECK_DIR:-$src/build-check}

step() {
	printf '\n== %s\n' "$*"
}

step "packages"
sh scripts/packages.sh build run test fuzz || exit 1

passed=0 failed=0 skipped=0

# count DIR: adds the results of the tests in a build directory to the totals.
count() {
	for trs in $(find "$1" -name '*.trs'); do
		passed=$((passed + $(grep -cE '^:test-result: (PASS|XFAIL)' "$trs")))
		failed=$((failed + $(grep -cE '^:test-result: (FAIL|ERROR|XPASS)' "$trs")))
		skipped=$((skipped + $(grep -c '^:test-result: SKIP' "$trs")))
	done
}

# run_tests NAME CONFIGURE-OPTION...: builds in the directory NAME and runs make check there.
run_tests() {
	name=$1
	shift
	step "build ($name)"
	rm -rf "${build:?}/$name"
	if ! sh scripts/build.sh "$build/$name" --enable-werror "$@"; then
		failed=$((failed + 1))
		return
	fi
	step "make check ($name)"
	log=$build/$name/check.out
	if ! make -C "$build/$name" -s -j"$(nproc)" check >"$log" 2>&1; then
		grep -E '^(FAIL|ERROR|XPASS|# )|rror' "$log" | head -60
		for trs in $(grep -lE '^:test-result: (FAIL|ERROR|XPASS)' $(find "$build/$name" -name '*.trs')); do
			printf '\n-- %s\n' "${trs%.trs}.log"
			tail -n 60 "${trs%.trs}.log"
		done
		[ -n "$(find "$build/$name" -name '*.trs' | head -n 1)" ] || {
			tail -n 40 "$log"
			failed=$((failed + 1))
		}
	fi
	grep -E '^# (TOTAL|PASS|FAIL|ERROR):' "$log" | tr '\n' ' '
	echo
	count "$build/$name"
}

run_tests normal
run_tests sanitizers --enable-sanitizers

step "fuzz"
mkdir -p "$build"
FUZZ_SECONDS=2 sh scripts/fuzz.sh "$build/fuzz" | tee "$build/fuzz.out" | grep -v ' runs$'
if grep -q ' runs$' "$build/fuzz.out"; then
	passed=$((passed + $(grep -c ' runs$' "$build/fuzz.out")))
	failed=$((failed + $(grep -c 'FOUND' "$build/fuzz.out")))
else
	failed=$((failed + 1))
fi

step "lint"
if make -C "$build/normal" -s lint; then
	passed=$((passed + 1))
else
	failed=$((failed + 1))
fi

step "demo"
if sh scripts/demo.sh --headless >"$build/demo.out" 2>&1; then
	passed=$((passed + 1))
else
	tail -n 20 "$build/demo.out"
	failed=$((failed + 1))
fi

printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 1 ]
