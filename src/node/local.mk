libtally_a_SOURCES += \
	include/tally/node/node.h \
	include/tally/node/reindex.h \
	include/tally/node/snapshot.h \
	src/node/block_stats.c \
	src/node/clock_warning.c \
	src/node/describe.c \
	src/node/journal.c \
	src/node/lifecycle.c \
	src/node/log_file.c \
	src/node/log_stdout.c \
	src/node/loop.c \
	src/node/mempool_file.c \
	src/node/network.c \
	src/node/node.c \
	src/node/node_priv.h \
	src/node/observers.c \
	src/node/reindex.c \
	src/node/resolver.c \
	src/node/snapshot.c \
	src/node/tx_lookup.c

if HAVE_CMOCKA
UNIT_TESTS += \
	tests/unit/test_describe \
	tests/unit/test_log_stdout
tests_unit_test_describe_SOURCES = tests/unit/test_describe.c $(WALLET_FIXTURE)
tests_unit_test_describe_LDADD = $(UNIT_LIBS)
tests_unit_test_describe_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=chain_read_block
tests_unit_test_log_stdout_SOURCES = tests/unit/test_log_stdout.c
tests_unit_test_log_stdout_LDADD = $(UNIT_LIBS)
endif
