#!/bin/sh
# Shows Tally: three tmux panes, or with --headless the same scene told step by step.
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
echo "building in $build"
sh scripts/build.sh "$build" >"${TMPDIR:-/tmp}/tally-build.$$" 2>&1 || {
	tail -n 30 "${TMPDIR:-/tmp}/tally-build.$$"
	exit 1
}
rm -f "${TMPDIR:-/tmp}/tally-build.$$"
tally=$build/tally

# Two ids whose ports (ID and ID + 10000) nobody listens at, below those that the system gives to connections
# going out.
listens() { grep -qiE "^ *[0-9]+: [0-9A-F]+:$(printf '%04X' "$1") [0-9A-F]+:[0-9A-F]+ 0A" /proc/net/tcp /proc/net/tcp6 2>/dev/null; }
one=$((11000 + $$ % 10000))
while listens "$one" || listens $((one + 1)) || listens $((one + 10000)) || listens $((one + 10001)); do
	one=$((11000 + (one - 10998) % 10000))
done
two=$((one + 1))
home=$(mktemp -d "${TMPDIR:-/tmp}/tally-demo.XXXXXX")

# Without the notes that are for a person at a terminal; an error is told all the same.
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
		Above: node $one, which mines, and node $two, which syncs from it. Commands to try here, where
		NODE_ID is $one:

		  tally getbalance -address CENTRAL_NODE
		  tally --node-id $two createwallet
		  tally send -from CENTRAL_NODE -to ADDRESS -amount 5
		  tally --node-id $two rpc getpeerinfo
		  tally printchain

		In a node's pane: ? for help, S to send, m to mine, q to stop it. Ctrl-b and an arrow moves
		between panes; exit here ends the demo.
		TEXT
	EOF
	# A pane whose node ended badly stays, so that one can read why.
	keep='|| { printf "\\n(ended: Enter closes this pane) "; read -r _; }'
	tmux new-session -d -s "$session" -x "$(tput cols 2>/dev/null || echo 120)" \
		-y "$(tput lines 2>/dev/null || echo 40)" \
		"'$tally' --home '$home' --node-id $one startnode -connect 0 -miner CENTRAL_NODE $keep"
	tmux split-window -h -t "$session" \
		"'$tally' --home '$home' --node-id $two startnode -connect 127.0.0.1:$one $keep"
	tmux split-window -f -v -l 16 -t "$session" \
		"TALLY_HOME='$home' bash --rcfile '$home/try.sh' -i; tmux kill-session -t '$session'"
	panes=$(tmux list-panes -s -t "$session" -F '#{pane_pid}')
	# The nodes end with their terminals; their directory goes when they are gone.
	leave() {
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
	trap leave EXIT
	trap 'exit 1' HUP INT TERM
	if [ -n "${TMUX:-}" ]; then
		tmux switch-client -t "$session" || echo "see it with: tmux attach -t $session"
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

# wait_for SECONDS WHAT COMMAND...: until the command succeeds.
wait_for() {
	left=$(($1 * 5)) what=$2
	shift 2
	while ! "$@" >/dev/null 2>&1; do
		left=$((left - 1))
		if [ "$left" -le 0 ]; then
			echo "did not happen in time: $what" >&2
			tail -n 20 "$home"/*.out >&2
			exit 1
		fi
		sleep 0.2
	done
}
height_is() { [ "$(node "$1" rpc getblockcount)" -ge "$2" ]; }
same_tip() { [ "$(node "$one" rpc getbestblockhash)" = "$(node "$two" rpc getbestblockhash)" ]; }
waits_at() { node "$1" rpc getrawmempool | grep -q "$2"; }
balance_is() { node "$1" getbalance -address "$2" | grep -q ": $3\$"; }

echo "1. node $one makes an instant chain for CENTRAL_NODE"
echo "   genesis $(node "$one" createblockchain -address CENTRAL_NODE -name demo -spacing 0)"

echo "2. node $one starts, and mines 12 blocks"
"$tally" --home "$home" --node-id "$one" startnode -headless -connect 0 >"$home/one.out" 2>&1 &
pids="$pids $!"
wait_for 10 "node $one answers" height_is "$one" 0
node "$one" rpc generatetoaddress 12 CENTRAL_NODE >/dev/null
echo "   height $(node "$one" rpc getblockcount)"

echo "3. node $two starts with nothing, and dials node $one"
"$tally" --home "$home" --node-id "$two" startnode -headless -connect "127.0.0.1:$one" >"$home/two.out" 2>&1 &
pids="$pids $!"
wait_for 20 "node $two syncs" height_is "$two" 12
echo "   it joined the chain and has synced to height $(node "$two" rpc getblockcount)"

address=$(node "$two" createwallet)
echo "4. node $one pays 12.5 coins to $address, an address of node $two"
txid=$(node "$one" send -from CENTRAL_NODE -to "$address" -amount 12.5)
wait_for 10 "the payment reaches node $two" waits_at "$two" "$txid"
echo "   transaction $txid waits in both mempools"

echo "5. node $one mines a block with it"
node "$one" rpc generatetoaddress 1 CENTRAL_NODE >/dev/null
wait_for 10 "node $two has the block" height_is "$two" 13
wait_for 10 "the balance is there" balance_is "$two" "$address" 12.5
wait_for 10 "both have the same tip" same_tip

echo "6. the end: both agree"
for id in "$one" "$two"; do
	echo "   node $id: height $(node "$id" rpc getblockcount), tip $(node "$id" rpc getbestblockhash)"
	echo "   node $id: $(node "$id" getbalance -address "$address")"
done
echo "   node $one: $(node "$one" getbalance -address CENTRAL_NODE)"
