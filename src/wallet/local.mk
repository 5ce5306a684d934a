# libtally_a_SOURCES += include/tally/wallet/x.h src/wallet/x.c
