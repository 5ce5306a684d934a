# libtally_a_SOURCES += include/tally/primitives/x.h src/primitives/x.c
