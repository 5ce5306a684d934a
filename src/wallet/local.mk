libtally_a_SOURCES += \
	include/tally/wallet/balance.h \
	include/tally/wallet/chain_sync.h \
	include/tally/wallet/create_tx.h \
	include/tally/wallet/drafts.h \
	include/tally/wallet/history.h \
	include/tally/wallet/key_store.h \
	include/tally/wallet/receiver.h \
	include/tally/wallet/tx_db.h \
	include/tally/wallet/wallet.h \
	src/wallet/balance.c \
	src/wallet/balance_priv.h \
	src/wallet/chain_sync.c \
	src/wallet/create_tx.c \
	src/wallet/drafts.c \
	src/wallet/drafts_priv.h \
	src/wallet/history.c \
	src/wallet/key_store.c \
	src/wallet/key_store_priv.h \
	src/wallet/receiver.c \
	src/wallet/select.c \
	src/wallet/select_priv.h \
	src/wallet/tx_db.c \
	src/wallet/tx_db_priv.h \
	src/wallet/tx_state.c \
	src/wallet/tx_state_priv.h \
	src/wallet/wallet.c \
	src/wallet/wallet_priv.h

if HAVE_CMOCKA
UNIT_TESTS += \
	tests/unit/test_wallet_chain_sync \
	tests/unit/test_wallet_create_tx
WALLET_FIXTURE = tests/unit/wallet_fixture.c tests/unit/wallet_fixture.h $(CHAIN_FIXTURE)
tests_unit_test_wallet_chain_sync_SOURCES = tests/unit/test_wallet_chain_sync.c $(WALLET_FIXTURE)
tests_unit_test_wallet_chain_sync_LDADD = $(UNIT_LIBS)
tests_unit_test_wallet_create_tx_SOURCES = tests/unit/test_wallet_create_tx.c $(WALLET_FIXTURE)
tests_unit_test_wallet_create_tx_LDADD = $(UNIT_LIBS)
endif
