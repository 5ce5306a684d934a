libtally_a_SOURCES += include/tally/mempool/mempool.h src/mempool/mempool_priv.h \
	src/mempool/pool.c src/mempool/tx_accept.c src/mempool/verify_queue.c src/mempool/orphans.c \
	src/mempool/assemble.c src/mempool/eviction.c src/mempool/block_update.c src/mempool/reorg.c src/mempool/sig_cache.c

if HAVE_CMOCKA
UNIT_TESTS += \
	tests/unit/test_mempool_accept \
	tests/unit/test_mempool_pool \
	tests/unit/test_mempool_verify_queue
MEMPOOL_FIXTURE = tests/unit/pool_fixture.h $(CHAIN_FIXTURE)
MEMPOOL_WRAP = $(AM_LDFLAGS) -Wl,--wrap=key_verify
tests_unit_test_mempool_accept_SOURCES = tests/unit/test_mempool_accept.c $(MEMPOOL_FIXTURE)
tests_unit_test_mempool_accept_LDADD = $(UNIT_LIBS)
tests_unit_test_mempool_accept_LDFLAGS = $(MEMPOOL_WRAP)
tests_unit_test_mempool_pool_SOURCES = tests/unit/test_mempool_pool.c $(MEMPOOL_FIXTURE)
tests_unit_test_mempool_pool_LDADD = $(UNIT_LIBS)
tests_unit_test_mempool_pool_LDFLAGS = $(MEMPOOL_WRAP)
tests_unit_test_mempool_verify_queue_SOURCES = tests/unit/test_mempool_verify_queue.c $(MEMPOOL_FIXTURE)
tests_unit_test_mempool_verify_queue_LDADD = $(UNIT_LIBS)
tests_unit_test_mempool_verify_queue_LDFLAGS = $(MEMPOOL_WRAP)
endif
