# libtally_a_SOURCES += include/tally/consensus/x.h src/consensus/x.c
