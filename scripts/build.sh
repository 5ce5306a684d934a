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
mkdir -p "$dir"
cd "$dir"
[ -f Makefile ] || "$src/configure" -q "$@"
make -s -j"$(nproc)"
