libtally_a_SOURCES += \
	include/tally/protocol/msg_meaning.h \
	include/tally/protocol/msg_record.h \
	include/tally/protocol/protocol.h \
	src/protocol/context.c \
	src/protocol/context_priv.h \
	src/protocol/hashes.c \
	src/protocol/hashes_priv.h \
	src/protocol/part_priv.h \
	src/protocol/peer/addr_relay.c \
	src/protocol/peer/addr_relay_priv.h \
	src/protocol/peer/duplicates.c \
	src/protocol/peer/duplicates_priv.h \
	src/protocol/peer/handshake.c \
	src/protocol/peer/handshake_priv.h \
	src/protocol/peer/peer_info.c \
	src/protocol/peer/peers.c \
	src/protocol/peer/peers_priv.h \
	src/protocol/peer/ping.c \
	src/protocol/peer/ping_priv.h \
	src/protocol/peer_priv.h \
	src/protocol/protocol.c \
	src/protocol/relay/relay.c \
	src/protocol/relay/relay_priv.h \
	src/protocol/relay/tx_download.c \
	src/protocol/relay/tx_download_priv.h \
	src/protocol/serve/serve_getdata.c \
	src/protocol/serve/serve_getdata_priv.h \
	src/protocol/serve/serve_headers.c \
	src/protocol/sync/block_download.c \
	src/protocol/sync/block_download_priv.h \
	src/protocol/sync/block_intake.c \
	src/protocol/sync/block_intake_priv.h \
	src/protocol/sync/block_requests.c \
	src/protocol/sync/block_requests_priv.h \
	src/protocol/sync/chain_discovery.c \
	src/protocol/sync/chain_discovery_priv.h \
	src/protocol/sync/chain_offers.c \
	src/protocol/sync/chain_offers_priv.h \
	src/protocol/sync/headers_accept.c \
	src/protocol/sync/headers_accept_priv.h \
	src/protocol/sync/headers_first.c \
	src/protocol/sync/headers_first_priv.h \
	src/protocol/sync/headers_presync.c \
	src/protocol/sync/headers_presync_priv.h \
	src/protocol/sync/inv.c \
	src/protocol/sync/orphan_blocks.c \
	src/protocol/sync/orphan_blocks_priv.h \
	src/protocol/sync/progress.c \
	src/protocol/sync/progress_priv.h \
	src/protocol/sync/sync.c \
	src/protocol/sync/sync_getblocks.c \
	src/protocol/sync/sync_getblocks_priv.h \
	src/protocol/sync/sync_priv.h \
	src/protocol/sync/sync_state.c \
	src/protocol/sync/sync_state_priv.h \
	src/protocol/wire/codec.c \
	src/protocol/wire/codec_priv.h \
	src/protocol/wire/dispatch.c \
	src/protocol/wire/dispatch_priv.h \
	src/protocol/wire/messages.c \
	src/protocol/wire/messages_priv.h \
	src/protocol/wire/msg_describe.c \
	src/protocol/wire/msg_describe_priv.h \
	src/protocol/wire/msg_journal.c \
	src/protocol/wire/msg_journal_priv.h \
	src/protocol/wire/msg_send.c \
	src/protocol/wire/msg_send_priv.h \
	src/protocol/wire/shared_payload.c \
	src/protocol/wire/shared_payload_priv.h \
	src/protocol/wire/version.c \
	src/protocol/wire/version_priv.h

if HAVE_CMOCKA
UNIT_TESTS += \
	tests/unit/test_protocol_codec \
	tests/unit/test_protocol_headers \
	tests/unit/test_protocol_chain_discovery \
	tests/unit/test_protocol_peers \
	tests/unit/test_protocol_random \
	tests/unit/test_protocol_relay \
	tests/unit/test_protocol_sync \
	tests/unit/test_protocol_tx_download \
	tests/unit/test_protocol_block_download
tests_unit_test_protocol_codec_SOURCES = tests/unit/test_protocol_codec.c tests/unit/protocol_net.c tests/unit/protocol_net.h tests/unit/store_dir.h
tests_unit_test_protocol_codec_LDADD = $(UNIT_LIBS)
tests_unit_test_protocol_headers_SOURCES = tests/unit/test_protocol_headers.c tests/unit/protocol_server.c tests/unit/protocol_server.h tests/unit/protocol_net.c tests/unit/protocol_net.h tests/unit/store_dir.h
tests_unit_test_protocol_headers_LDADD = $(UNIT_LIBS)
tests_unit_test_protocol_chain_discovery_SOURCES = tests/unit/test_protocol_chain_discovery.c tests/unit/protocol_net.c tests/unit/protocol_net.h tests/unit/store_dir.h
tests_unit_test_protocol_chain_discovery_LDADD = $(UNIT_LIBS)
tests_unit_test_protocol_peers_SOURCES = tests/unit/test_protocol_peers.c tests/unit/protocol_net.c tests/unit/protocol_net.h tests/unit/store_dir.h
tests_unit_test_protocol_peers_LDADD = $(UNIT_LIBS)
tests_unit_test_protocol_random_SOURCES = tests/unit/test_protocol_random.c tests/unit/protocol_net.c tests/unit/protocol_net.h tests/unit/store_dir.h
tests_unit_test_protocol_random_LDADD = $(UNIT_LIBS)
tests_unit_test_protocol_relay_SOURCES = tests/unit/test_protocol_relay.c tests/unit/protocol_net.c tests/unit/protocol_net.h tests/unit/store_dir.h
tests_unit_test_protocol_relay_LDADD = $(UNIT_LIBS)
tests_unit_test_protocol_sync_SOURCES = tests/unit/test_protocol_sync.c tests/unit/protocol_net.c tests/unit/protocol_net.h tests/unit/store_dir.h
tests_unit_test_protocol_sync_LDADD = $(UNIT_LIBS)
tests_unit_test_protocol_tx_download_SOURCES = tests/unit/test_protocol_tx_download.c tests/unit/protocol_net.c tests/unit/protocol_net.h tests/unit/store_dir.h
tests_unit_test_protocol_tx_download_LDADD = $(UNIT_LIBS)
tests_unit_test_protocol_block_download_SOURCES = tests/unit/test_protocol_block_download.c tests/unit/protocol_server.c tests/unit/protocol_server.h tests/unit/protocol_net.c tests/unit/protocol_net.h tests/unit/store_dir.h
tests_unit_test_protocol_block_download_LDADD = $(UNIT_LIBS)
endif
