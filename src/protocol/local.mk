# libtally_a_SOURCES += include/tally/protocol/x.h src/protocol/x.c
