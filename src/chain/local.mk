libtally_a_SOURCES += \
	include/tally/chain/block_accept.h \
	include/tally/chain/block_salvage.h \
	include/tally/chain/chain.h \
	include/tally/chain/chain_open.h \
	include/tally/chain/chain_state.h \
	include/tally/chain/coins_rebuild.h \
	include/tally/chain/connect.h \
	include/tally/chain/header_walk.h \
	include/tally/chain/query.h \
	src/chain/apply.c \
	src/chain/apply_priv.h \
	src/chain/block_accept.c \
	src/chain/block_accept_priv.h \
	src/chain/block_cache.c \
	src/chain/block_cache_priv.h \
	src/chain/block_salvage.c \
	src/chain/chain_open.c \
	src/chain/chain_priv.h \
	src/chain/chain_state.c \
	src/chain/chain_state_priv.h \
	src/chain/coins.c \
	src/chain/coins_priv.h \
	src/chain/coins_rebuild.c \
	src/chain/commit.c \
	src/chain/commit_priv.h \
	src/chain/connect.c \
	src/chain/connect_priv.h \
	src/chain/future_blocks.c \
	src/chain/future_blocks_priv.h \
	src/chain/header_walk.c \
	src/chain/header_writer.c \
	src/chain/header_writer_priv.h \
	src/chain/query.c \
	src/chain/query_priv.h \
	src/chain/tree.c \
	src/chain/tree_priv.h \
	src/chain/undo.c \
	src/chain/undo_priv.h

if HAVE_CMOCKA
CHAIN_FIXTURE = \
	tests/unit/chain_fixture.c \
	tests/unit/chain_fixture.h
CHAIN_LISTENER = \
	tests/unit/chain_listener.c \
	tests/unit/chain_listener.h
UNIT_TESTS += \
	tests/unit/test_chain_coins \
	tests/unit/test_chain_connect \
	tests/unit/test_chain_headers \
	tests/unit/test_chain_random \
	tests/unit/test_chain_reorg \
	tests/unit/test_chain_store \
	tests/unit/test_chain_sync \
	tests/unit/test_chain_tree
tests_unit_test_chain_coins_SOURCES = tests/unit/test_chain_coins.c $(CHAIN_FIXTURE)
tests_unit_test_chain_coins_LDADD = $(UNIT_LIBS)
tests_unit_test_chain_connect_SOURCES = tests/unit/test_chain_connect.c $(CHAIN_FIXTURE)
tests_unit_test_chain_connect_LDADD = $(UNIT_LIBS)
tests_unit_test_chain_headers_SOURCES = tests/unit/test_chain_headers.c $(CHAIN_FIXTURE)
tests_unit_test_chain_headers_LDADD = $(UNIT_LIBS)
tests_unit_test_chain_random_SOURCES = tests/unit/test_chain_random.c $(CHAIN_FIXTURE) $(CHAIN_LISTENER)
tests_unit_test_chain_random_LDADD = $(UNIT_LIBS)
tests_unit_test_chain_reorg_SOURCES = tests/unit/test_chain_reorg.c $(CHAIN_FIXTURE) $(CHAIN_LISTENER)
tests_unit_test_chain_reorg_LDADD = $(UNIT_LIBS)
tests_unit_test_chain_store_SOURCES = tests/unit/test_chain_store.c $(CHAIN_FIXTURE) $(CHAIN_LISTENER)
tests_unit_test_chain_store_LDADD = $(UNIT_LIBS)
tests_unit_test_chain_sync_SOURCES = tests/unit/test_chain_sync.c $(CHAIN_FIXTURE) $(CHAIN_LISTENER)
tests_unit_test_chain_sync_LDADD = $(UNIT_LIBS)
tests_unit_test_chain_tree_SOURCES = tests/unit/test_chain_tree.c
tests_unit_test_chain_tree_LDADD = $(UNIT_LIBS)
endif
