#!/bin/sh
# Installs the Debian packages named that are missing; with sudo where not root. Says what
# it does; does nothing (and needs no network) where all are there.
# usage: scripts/packages.sh build|run|test|fuzz...
set -eu

missing=
for set in "$@"; do
	case $set in
	build) list="gcc make autoconf automake pkg-config libevent-dev libsodium-dev libncurses-dev libdb5.3-dev libjansson-dev" ;;
	run) list="tmux" ;;
	test) list="libcmocka-dev python3 python3-bitcoinlib python3-nacl python3-pyte clang-format cppcheck pyflakes3 groff-base man-db tshark" ;;
	fuzz) list="clang libclang-rt-14-dev" ;;
	*) echo "packages.sh: unknown set '$set': give build, run, test or fuzz" >&2; exit 2 ;;
	esac
	for p in $list; do
		dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
	done
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
	echo "packages.sh: missing:$missing: install them with your system's packages" >&2
	exit 1
fi
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
$sudo apt-get install -y -qq $missing >/dev/null 2>&1 || {
	$sudo apt-get update -qq
	$sudo apt-get install -y -qq $missing >/dev/null
}
