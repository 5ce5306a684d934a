#!/bin/sh
# Installs the missing Debian packages of the given sets, with sudo unless run as root. If all are installed, it does
# nothing and needs no network.
# usage: scripts/packages.sh build|run|test|fuzz...
set -eu

missing=
for set in "$@"; do
	case $set in
	build) list="gcc make autoconf automake pkg-config libevent-dev libsodium-dev libncurses-dev libdb5.3-dev libjansson-dev" ;;
	run) list="tmux" ;;
	test) list="libcmocka-dev python3 python3-bitcoinlib python3-nacl python3-pyte clang-format cppcheck pyflakes3 groff-base man-db tshark" ;;
	fuzz) list="clang libclang-rt-14-dev" ;;
	*) echo "packages.sh: unknown set '$set': the sets are build, run, test and fuzz" >&2; exit 2 ;;
	esac
	for p in $list; do
		dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
	done
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
	echo "packages.sh: missing packages:$missing: there is no apt-get here, so install them yourself" >&2
	exit 1
fi
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
echo "packages.sh: installing:$missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
$sudo apt-get install -y -qq $missing >/dev/null 2>&1 || {
	$sudo apt-get update -qq
	$sudo apt-get install -y -qq $missing >/dev/null
}
