libtally_a_SOURCES += \
	include/tally/node/command.h \
	include/tally/node/config.h \
	include/tally/node/node.h \
	include/tally/node/reindex.h \
	include/tally/node/snapshot.h \
	src/node/clock_warn.c \
	src/node/command.c \
	src/node/config.c \
	src/node/config_check.c \
	src/node/control.c \
	src/node/control_cookie.c \
	src/node/control_door.c \
	src/node/control_priv.h \
	src/node/describe.c \
	src/node/find_tx.c \
	src/node/journal.c \
	src/node/json_out.c \
	src/node/line.c \
	src/node/logfile.c \
	src/node/lookup.c \
	src/node/loop.c \
	src/node/mine.c \
	src/node/miner.c \
	src/node/node.c \
	src/node/node_priv.h \
	src/node/observers.c \
	src/node/online.c \
	src/node/open.c \
	src/node/reindex.c \
	src/node/late.c \
	src/node/pieces.c \
	src/node/pool_file.c \
	src/node/printer.c \
	src/node/scan.c \
	src/node/snapshot.c \
	src/node/template.c \
	src/node/turns.c \
	src/node/verbs.c \
	src/node/verbs_addrs.c \
	src/node/verbs_bans.c \
	src/node/verbs_chain.c \
	src/node/verbs_coins.c \
	src/node/verbs_mempool.c \
	src/node/verbs_mining.c \
	src/node/verbs_net.c \
	src/node/verbs_node.c \
	src/node/verbs_pay.c \
	src/node/verbs_priv.h \
	src/node/verbs_wallet.c

if HAVE_CMOCKA
UNIT_TESTS += \
	tests/unit/test_config \
	tests/unit/test_describe \
	tests/unit/test_line \
	tests/unit/test_miner \
	tests/unit/test_printer
tests_unit_test_config_SOURCES = tests/unit/test_config.c
tests_unit_test_config_LDADD = $(UNIT_LIBS)
tests_unit_test_describe_SOURCES = tests/unit/test_describe.c $(WALLET_FIXTURE)
tests_unit_test_describe_LDADD = $(UNIT_LIBS)
tests_unit_test_describe_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=chain_read_block
tests_unit_test_line_SOURCES = tests/unit/test_line.c
tests_unit_test_line_LDADD = $(UNIT_LIBS)
tests_unit_test_miner_SOURCES = tests/unit/test_miner.c
tests_unit_test_miner_LDADD = $(UNIT_LIBS)
tests_unit_test_printer_SOURCES = tests/unit/test_printer.c
tests_unit_test_printer_LDADD = $(UNIT_LIBS)
endif
