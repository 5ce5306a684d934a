# libtally_a_SOURCES += include/tally/node/x.h src/node/x.c
