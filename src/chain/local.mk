# libtally_a_SOURCES += include/tally/chain/x.h src/chain/x.c
