libtally_a_SOURCES += \
	include/tally/mempool/assemble.h \
	include/tally/mempool/block_update.h \
	include/tally/mempool/eviction.h \
	include/tally/mempool/mempool.h \
	include/tally/mempool/orphans.h \
	include/tally/mempool/pool.h \
	include/tally/mempool/reorg.h \
	include/tally/mempool/verify_queue.h \
	src/mempool/assemble.c \
	src/mempool/block_update.c \
	src/mempool/eviction.c \
	src/mempool/eviction_heap.c \
	src/mempool/eviction_heap_priv.h \
	src/mempool/eviction_priv.h \
	src/mempool/mempool.c \
	src/mempool/mempool_priv.h \
	src/mempool/orphans.c \
	src/mempool/orphans_priv.h \
	src/mempool/pool.c \
	src/mempool/pool_priv.h \
	src/mempool/reorg.c \
	src/mempool/reorg_priv.h \
	src/mempool/sig_cache.c \
	src/mempool/sig_cache_priv.h \
	src/mempool/tx_accept.c \
	src/mempool/tx_accept_priv.h \
	src/mempool/verify_batch.c \
	src/mempool/verify_batch_priv.h \
	src/mempool/verify_queue.c \
	src/mempool/verify_queue_priv.h

if HAVE_CMOCKA
UNIT_TESTS += \
	tests/unit/test_mempool_accept \
	tests/unit/test_mempool_pool \
	tests/unit/test_mempool_verify_queue
MEMPOOL_FIXTURE = tests/unit/pool_fixture.c tests/unit/pool_fixture.h $(CHAIN_FIXTURE)
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
