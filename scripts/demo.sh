#!/bin/sh
# A demonstration of Tally: two nodes and a shell in three tmux panes. With --headless it plays the scene by itself,
# without a terminal, and prints each step.
set -eu
src=$(cd "$(dirname "$0")/.." && pwd)
cd "$src"
build=$src/build
headless=no
case ${1:-} in
'') ;;
--headless) headless=yes ;;
*)
	echo "usage: sh scripts/demo.sh [--headless]" >&2
	exit 2
	;;
esac

if [ "$headless" = yes ]; then
	sh scripts/packages.sh build
else
	sh scripts/packages.sh build run
fi
echo "Building Tally in $build (takes a minute the first time)"
sh scripts/build.sh "$build" >"${TMPDIR:-/tmp}/tally-build.$$" 2>&1 || {
	tail -n 30 "${TMPDIR:-/tmp}/tally-build.$$"
	exit 1
}
rm -f "${TMPDIR:-/tmp}/tally-build.$$"
tally=$build/tally

# Chooses two ids whose ports (ID and ID + 10000) are free. All are below 32768, so that the system does not use them
# for outgoing connections.
listens() { grep -qiE "^ *[0-9]+: [0-9A-F]+:$(printf '%04X' "$1") [0-9A-F]+:[0-9A-F]+ 0A" /proc/net/tcp /proc/net/tcp6 2>/dev/null; }
one=$((11000 + $$ % 10000))
while listens "$one" || listens $((one + 1)) || listens $((one + 10000)) || listens $((one + 10001)); do
	one=$((11000 + (one - 10998) % 10000))
done
two=$((one + 1))
home=$(mktemp -d "${TMPDIR:-/tmp}/tally-demo.XXXXXX")

# Runs a command without its messages on stderr; if it fails, prints them.
quiet() {
	"$@" 2>"$home/err" || {
		code=$?
		cat "$home/err" >&2
		return "$code"
	}
}

if [ "$headless" = no ]; then
	session=tally-demo-$$
	TALLY_HOME=$home
	export TALLY_HOME
	quiet "$tally" --node-id "$one" createblockchain -address CENTRAL_NODE -name demo -spacing 5 >/dev/null
	cat >"$home/try.sh" <<-EOF
		alias tally='$tally'
		export NODE_ID=$one
		PS1='tally\$ '
		cat <<-TEXT
		The panes above show two nodes: node $one mines, node $two syncs from it. Try these commands
		here. They go to node $one unless --node-id names the other one.

		  tally getbalance -address CENTRAL_NODE               the balance of the miner
		  tally --node-id $two createwallet                   prints a new ADDRESS of node $two
		  tally send -from CENTRAL_NODE -to ADDRESS -amount 5  a payment from node $one to node $two
		  tally --node-id $two rpc getpeerinfo                the peers of node $two
		  tally printchain                                     the blocks, newest first

		Keys in a node's pane: ? help, S send, m mine on or off, q stop the node. Ctrl-b and an arrow
		key move between panes. Type exit here to end the demonstration.
		TEXT
	EOF
	# If a node fails, its pane stays open so that the error can be read.
	keep='|| { printf "\\n(the node has ended: press Enter to close this pane) "; read -r _; }'
	tmux new-session -d -s "$session" -x "$(tput cols 2>/dev/null || echo 120)" \
		-y "$(tput lines 2>/dev/null || echo 40)" \
		"'$tally' --home '$home' --node-id $one startnode -connect 0 -miner CENTRAL_NODE $keep"
	tmux split-window -h -t "$session" \
		"'$tally' --home '$home' --node-id $two startnode -connect 127.0.0.1:$one $keep"
	tmux split-window -f -v -l 16 -t "$session" \
		"TALLY_HOME='$home' bash --rcfile '$home/try.sh' -i; tmux kill-session -t '$session'"
	panes=$(tmux list-panes -s -t "$session" -F '#{pane_pid}')
	# The nodes stop when their terminals close. Their directory is removed after that.
	clean_up() {
		trap - EXIT HUP INT TERM
		tmux kill-session -t "$session" 2>/dev/null || :
		for pid in $panes; do
			tries=0
			while kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 100 ]; do
				tries=$((tries + 1))
				sleep 0.1
			done
		done
		rm -rf "$home"
	}
	trap clean_up EXIT
	trap 'exit 1' HUP INT TERM
	if [ -n "${TMUX:-}" ]; then
		tmux switch-client -t "$session" || echo "To see the nodes, run: tmux attach -t $session"
		while tmux has-session -t "$session" 2>/dev/null; do sleep 1; done
	else
		tmux attach-session -t "$session"
	fi
	exit 0
fi

pids=
finish() {
	status=$?
	trap - EXIT HUP INT TERM
	for pid in $pids; do kill "$pid" 2>/dev/null || :; done
	for pid in $pids; do wait "$pid" 2>/dev/null || :; done
	rm -rf "$home"
	exit "$status"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

node() {
	id=$1
	shift
	quiet "$tally" --home "$home" --node-id "$id" "$@"
}

# wait_for SECONDS CLAIM COMMAND...: waits until the command succeeds; if it does not within the time, the demo fails.
wait_for() {
	left=$(($1 * 5)) claim=$2
	shift 2
	while ! "$@" >/dev/null 2>&1; do
		left=$((left - 1))
		if [ "$left" -le 0 ]; then
			echo "demo.sh: timed out: $claim; last lines of the logs:" >&2
			tail -n 20 "$home"/*.out >&2
			exit 1
		fi
		sleep 0.2
	done
}
height_is() { [ "$(node "$1" rpc getblockcount)" -ge "$2" ]; }
same_tip() { [ "$(node "$one" rpc getbestblockhash)" = "$(node "$two" rpc getbestblockhash)" ]; }
in_mempool() { node "$1" rpc getrawmempool | grep -q "$2"; }
balance_is() { node "$1" getbalance -address "$2" | grep -q ": $3\$"; }

echo "1. Node $one creates a chain. The first 50 coins belong to its address with the label CENTRAL_NODE."
echo "   genesis block: $(node "$one" createblockchain -address CENTRAL_NODE -name demo -spacing 0)"

echo "2. Node $one starts and mines 12 blocks."
"$tally" --home "$home" --node-id "$one" startnode -headless -connect 0 >"$home/one.out" 2>&1 &
pids="$pids $!"
wait_for 10 "node $one answers" height_is "$one" 0
node "$one" rpc generatetoaddress 12 CENTRAL_NODE >/dev/null
echo "   height of node $one: $(node "$one" rpc getblockcount)"

echo "3. Node $two starts without a chain and connects to node $one."
"$tally" --home "$home" --node-id "$two" startnode -headless -connect "127.0.0.1:$one" >"$home/two.out" 2>&1 &
pids="$pids $!"
wait_for 20 "node $two has synced" height_is "$two" 12
echo "   node $two has joined the chain and downloaded its blocks; height: $(node "$two" rpc getblockcount)"

address=$(node "$two" createwallet)
echo "4. Node $one pays 12.5 coins to $address, an address of node $two."
txid=$(node "$one" send -from CENTRAL_NODE -to "$address" -amount 12.5)
wait_for 10 "the payment is in the mempool of node $two" in_mempool "$two" "$txid"
echo "   unconfirmed, in the mempools of both nodes: transaction $txid"

echo "5. Node $one mines a block that confirms the transaction."
node "$one" rpc generatetoaddress 1 CENTRAL_NODE >/dev/null
wait_for 10 "node $two has the block" height_is "$two" 13
wait_for 10 "the balance of $address is 12.5" balance_is "$two" "$address" 12.5
wait_for 10 "both nodes have the same tip" same_tip

echo "6. Both nodes agree on the chain and on the balances."
for id in "$one" "$two"; do
	echo "   node $id: height $(node "$id" rpc getblockcount), tip $(node "$id" rpc getbestblockhash)"
	echo "   node $id: $(node "$id" getbalance -address "$address")"
done
echo "   node $one: $(node "$one" getbalance -address CENTRAL_NODE)"
