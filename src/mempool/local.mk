libtally_a_SOURCES += include/tally/mempool/mempool.h src/mempool/mempool_priv.h \
	src/mempool/pool.c src/mempool/accept.c src/mempool/queue.c src/mempool/orphans.c \
	src/mempool/assemble.c src/mempool/limits.c src/mempool/blocks.c src/mempool/verified.c
