#!/bin/sh
# Configures (once) and builds in DIR, out of the source tree.
# usage: scripts/build.sh DIR [CONFIGURE-OPTION...]
set -eu
src=$(cd "$(dirname "$0")/.." && pwd)
dir=$1
shift
if [ ! -x "$src/configure" ] || [ "$src/configure.ac" -nt "$src/configure" ]; then
	(cd "$src" && autoreconf -i)
fi
if [ -f "$src/config.status" ]; then
	echo "this directory is configured itself: make distclean here first, then it is built in $dir" >&2
	exit 1
fi
mkdir -p "$dir"
cd "$dir"
[ -f Makefile ] || "$src/configure" -q "$@"
make -s -j"$(nproc)"
