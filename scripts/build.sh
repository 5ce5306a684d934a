#!/bin/sh
# Builds in DIR, outside the source tree. Configures DIR first if it has no Makefile.
# usage: scripts/build.sh DIR [CONFIGURE-OPTION...]
set -eu
src=$(cd "$(dirname "$0")/.." && pwd)
dir=$1
shift
if [ ! -x "$src/configure" ] || [ "$src/configure.ac" -nt "$src/configure" ]; then
	(cd "$src" && autoreconf -i)
fi
if [ -f "$src/config.status" ]; then
	echo "build.sh: the source directory $src is configured itself: run make distclean there first" >&2
	exit 1
fi
mkdir -p "$dir"
cd "$dir"
[ -f Makefile ] || "$src/configure" -q "$@"
make -s -j"$(nproc)"
