libtally_a_SOURCES += \
	include/tally/crypto/address.h \
	include/tally/crypto/hash.h \
	include/tally/crypto/key.h \
	include/tally/crypto/pow.h \
	include/tally/crypto/sigpool.h \
	src/crypto/address.c \
	src/crypto/bech32.c \
	src/crypto/hash.c \
	src/crypto/key.c \
	src/crypto/pow.c \
	src/crypto/sigpool.c \
	src/crypto/wake.c \
	src/crypto/wake_priv.h
