libtally_a_SOURCES += include/tally/mempool/mempool.h src/mempool/mempool_priv.h \
	src/mempool/pool.c src/mempool/accept.c src/mempool/queue.c src/mempool/orphans.c \
	src/mempool/assemble.c src/mempool/limits.c src/mempool/blocks.c src/mempool/verified.c

if HAVE_CMOCKA
UNIT_TESTS += tests/unit/test_mempool_accept
MEMPOOL_WRAP = $(AM_LDFLAGS) -Wl,--wrap=key_verify
tests_unit_test_mempool_accept_SOURCES = tests/unit/test_mempool_accept.c tests/unit/pool_fixture.h \
	$(CHAIN_FIXTURE)
tests_unit_test_mempool_accept_LDADD = $(UNIT_LIBS)
tests_unit_test_mempool_accept_LDFLAGS = $(MEMPOOL_WRAP)
endif
