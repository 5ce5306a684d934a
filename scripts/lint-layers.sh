#!/bin/sh
# Checks that each layer includes only the layers allowed below, that only a few files include curses, and that the
# layers below node take time, randomness and network from outside. Prints each violation; exit status 1 if there is one.
set -u
cd "$(dirname "$0")/.." || exit 1
bad=0

# allow LAYER ALLOWED-LAYER...
allow() {
	layer=$1
	shift
	ok=$(printf '%s|' "$layer" "$@")
	hits=$(grep -rnE '#include [<"]tally/' "include/tally/$layer" "src/$layer" 2>/dev/null |
		grep -vE "tally/(${ok%|})/")
	if [ -n "$hits" ]; then
		printf '%s: includes a layer that it must not include:\n%s\n' "$layer" "$hits"
		bad=1
	fi
}

allow base
allow crypto base
allow primitives base crypto
allow consensus base crypto primitives
allow store base crypto primitives consensus
allow chain base crypto primitives consensus store
allow mempool base crypto primitives consensus store chain
allow wallet base crypto primitives consensus store chain
allow net base crypto
allow protocol base crypto primitives consensus store chain mempool net
allow config base crypto net wallet
allow mining base crypto primitives consensus store chain mempool net config protocol
allow node base crypto primitives consensus store chain mempool wallet net config protocol mining
allow rpc base crypto primitives consensus store chain mempool wallet net config protocol mining node
allow control base crypto primitives consensus store chain mempool wallet net config protocol mining node rpc
allow tui base crypto primitives config node rpc

# The layers below node must get time, randomness and network from outside.
hits=$(grep -nE '\b(time|gettimeofday|clock_gettime|rand|random|srand)\(' -r \
	src/consensus src/chain src/mempool src/wallet src/protocol 2>/dev/null | grep -vE '^\S+:[0-9]+:\s*(/?\*|//)')
hits=$hits$(grep -rnE '#include <(event|event2)' src/consensus src/chain src/mempool src/wallet src/protocol 2>/dev/null)
if [ -n "$hits" ]; then
	printf 'time, randomness or libevent used in a layer that must get it from outside:\n%s\n' "$hits"
	bad=1
fi
hits=$(grep -rlE '#include <(n?curses|ncursesw/)' src include | grep -vE '^src/tui/term/(canvas|terminal|theme|rescue)')
if [ -n "$hits" ]; then
	printf 'curses outside canvas, terminal and theme: %s\n' "$hits"
	bad=1
fi
exit $bad
