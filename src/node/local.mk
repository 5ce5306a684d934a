libtally_a_SOURCES += \
	include/tally/node/describe.h \
	include/tally/node/mempool_file.h \
	include/tally/node/node.h \
	include/tally/node/observers.h \
	include/tally/node/reindex.h \
	include/tally/node/resolver.h \
	include/tally/node/snapshot.h \
	include/tally/node/tx_lookup.h \
	src/node/block_stats.c \
	src/node/block_stats_priv.h \
	src/node/clock_warning.c \
	src/node/clock_warning_priv.h \
	src/node/describe.c \
	src/node/journal.c \
	src/node/journal_priv.h \
	src/node/lifecycle.c \
	src/node/log_file.c \
	src/node/log_file_priv.h \
	src/node/log_format.c \
	src/node/log_format_priv.h \
	src/node/log_stdout.c \
	src/node/log_stdout_priv.h \
	src/node/loop.c \
	src/node/loop_priv.h \
	src/node/mempool_file.c \
	src/node/mempool_file_priv.h \
	src/node/mining_driver.c \
	src/node/mining_driver_priv.h \
	src/node/network.c \
	src/node/network_priv.h \
	src/node/node.c \
	src/node/node_priv.h \
	src/node/node_state.c \
	src/node/observers.c \
	src/node/observers_priv.h \
	src/node/rebroadcast.c \
	src/node/rebroadcast_priv.h \
	src/node/records.c \
	src/node/records_priv.h \
	src/node/reindex.c \
	src/node/resolver.c \
	src/node/resolver_priv.h \
	src/node/snapshot.c \
	src/node/snapshot_rows.c \
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
