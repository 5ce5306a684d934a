# libtally_a_SOURCES += include/tally/store/x.h src/store/x.c
