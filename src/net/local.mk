# libtally_a_SOURCES += include/tally/net/x.h src/net/x.c
