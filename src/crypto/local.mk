libtally_a_SOURCES += \
	include/tally/crypto/address.h \
	include/tally/crypto/hash.h \
	include/tally/crypto/key.h \
	include/tally/crypto/label.h \
	include/tally/crypto/pow.h \
	include/tally/crypto/sigpool.h \
	src/crypto/address.c \
	src/crypto/bech32.c \
	src/crypto/hash.c \
	src/crypto/key.c \
	src/crypto/label.c \
	src/crypto/pow.c \
	src/crypto/sha256_avx2.c \
	src/crypto/sha256_avx512.c \
	src/crypto/sha256_engine.c \
	src/crypto/sha256_lanes_priv.h \
	src/crypto/sha256_ni.c \
	src/crypto/sha256_priv.h \
	src/crypto/sha256_sodium.c \
	src/crypto/sigpool.c

if HAVE_CMOCKA
UNIT_TESTS += \
	tests/unit/test_address \
	tests/unit/test_hash \
	tests/unit/test_key \
	tests/unit/test_pow \
	tests/unit/test_sha256 \
	tests/unit/test_sigpool
tests_unit_test_address_SOURCES = tests/unit/test_address.c
tests_unit_test_address_LDADD = $(UNIT_LIBS)
tests_unit_test_hash_SOURCES = tests/unit/test_hash.c
tests_unit_test_hash_LDADD = $(UNIT_LIBS)
tests_unit_test_key_SOURCES = tests/unit/test_key.c
tests_unit_test_key_LDADD = $(UNIT_LIBS)
tests_unit_test_pow_SOURCES = tests/unit/test_pow.c
tests_unit_test_pow_LDADD = $(UNIT_LIBS)
tests_unit_test_sha256_SOURCES = tests/unit/test_sha256.c
tests_unit_test_sha256_LDADD = $(UNIT_LIBS)
tests_unit_test_sigpool_SOURCES = tests/unit/test_sigpool.c
tests_unit_test_sigpool_LDADD = $(UNIT_LIBS)
endif
