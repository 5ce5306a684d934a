libtally_a_SOURCES += \
	include/tally/mining/block_template.h \
	include/tally/mining/genesis_bits.h \
	include/tally/mining/mining.h \
	include/tally/mining/worker_pool.h \
	src/mining/block_template.c \
	src/mining/genesis_bits.c \
	src/mining/mining.c \
	src/mining/worker_pool.c

if HAVE_CMOCKA
UNIT_TESTS += \
	tests/unit/test_worker_pool
tests_unit_test_worker_pool_SOURCES = tests/unit/test_worker_pool.c
tests_unit_test_worker_pool_LDADD = $(UNIT_LIBS)
endif
