# libtally_a_SOURCES += include/tally/mempool/x.h src/mempool/x.c
