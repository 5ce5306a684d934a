libtally_a_SOURCES += \
	src/mining/block_template.c \
	src/mining/mining.c \
	src/mining/worker_pool.c

if HAVE_CMOCKA
UNIT_TESTS += \
	tests/unit/test_worker_pool
tests_unit_test_worker_pool_SOURCES = tests/unit/test_worker_pool.c
tests_unit_test_worker_pool_LDADD = $(UNIT_LIBS)
endif
