# libtally_a_SOURCES += include/tally/crypto/x.h src/crypto/x.c
