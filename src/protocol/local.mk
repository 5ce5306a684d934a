libtally_a_SOURCES += \
	include/tally/protocol/gate.h \
	include/tally/protocol/protocol.h \
	src/protocol/accept.c \
	src/protocol/addrs.c \
	src/protocol/blocks.c \
	src/protocol/codec.c \
	src/protocol/codec_priv.h \
	src/protocol/describe.c \
	src/protocol/gate.c \
	src/protocol/handshake.c \
	src/protocol/hashes.c \
	src/protocol/hashes_priv.h \
	src/protocol/headers_low.c \
	src/protocol/hold.c \
	src/protocol/inv.c \
	src/protocol/join.c \
	src/protocol/lend.c \
	src/protocol/peers.c \
	src/protocol/ping.c \
	src/protocol/progress.c \
	src/protocol/protocol.c \
	src/protocol/protocol_priv.h \
	src/protocol/relay.c \
	src/protocol/requests.c \
	src/protocol/serve.c \
	src/protocol/sync.c \
	src/protocol/sync_classic.c \
	src/protocol/sync_headers.c \
	src/protocol/table.c \
	src/protocol/table_priv.h \
	src/protocol/txs.c \
	src/protocol/window.c

if HAVE_CMOCKA
UNIT_TESTS += \
	tests/unit/test_protocol_codec \
	tests/unit/test_protocol_headers \
	tests/unit/test_protocol_join \
	tests/unit/test_protocol_peers \
	tests/unit/test_protocol_random \
	tests/unit/test_protocol_relay \
	tests/unit/test_protocol_sync \
	tests/unit/test_protocol_txs \
	tests/unit/test_protocol_window
tests_unit_test_protocol_codec_SOURCES = tests/unit/test_protocol_codec.c tests/unit/protocol_net.h tests/unit/store_dir.h
tests_unit_test_protocol_codec_LDADD = $(UNIT_LIBS)
tests_unit_test_protocol_headers_SOURCES = tests/unit/test_protocol_headers.c tests/unit/protocol_server.h tests/unit/protocol_net.h tests/unit/store_dir.h
tests_unit_test_protocol_headers_LDADD = $(UNIT_LIBS)
tests_unit_test_protocol_join_SOURCES = tests/unit/test_protocol_join.c tests/unit/protocol_net.h tests/unit/store_dir.h
tests_unit_test_protocol_join_LDADD = $(UNIT_LIBS)
tests_unit_test_protocol_peers_SOURCES = tests/unit/test_protocol_peers.c tests/unit/protocol_net.h tests/unit/store_dir.h
tests_unit_test_protocol_peers_LDADD = $(UNIT_LIBS)
tests_unit_test_protocol_random_SOURCES = tests/unit/test_protocol_random.c tests/unit/protocol_net.h tests/unit/store_dir.h
tests_unit_test_protocol_random_LDADD = $(UNIT_LIBS)
tests_unit_test_protocol_relay_SOURCES = tests/unit/test_protocol_relay.c tests/unit/protocol_net.h tests/unit/store_dir.h
tests_unit_test_protocol_relay_LDADD = $(UNIT_LIBS)
tests_unit_test_protocol_sync_SOURCES = tests/unit/test_protocol_sync.c tests/unit/protocol_net.h tests/unit/store_dir.h
tests_unit_test_protocol_sync_LDADD = $(UNIT_LIBS)
tests_unit_test_protocol_txs_SOURCES = tests/unit/test_protocol_txs.c tests/unit/protocol_net.h tests/unit/store_dir.h
tests_unit_test_protocol_txs_LDADD = $(UNIT_LIBS)
tests_unit_test_protocol_window_SOURCES = tests/unit/test_protocol_window.c tests/unit/protocol_server.h tests/unit/protocol_net.h tests/unit/store_dir.h
tests_unit_test_protocol_window_LDADD = $(UNIT_LIBS)
endif
