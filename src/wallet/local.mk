libtally_a_SOURCES += \
	include/tally/wallet/create_tx.h \
	include/tally/wallet/drafts.h \
	include/tally/wallet/receiver.h \
	include/tally/wallet/wallet.h \
	src/wallet/balance.c \
	src/wallet/chain_sync.c \
	src/wallet/create_tx.c \
	src/wallet/drafts.c \
	src/wallet/drafts_priv.h \
	src/wallet/keys.c \
	src/wallet/tx_state.c \
	src/wallet/tx_db.c \
	src/wallet/receiver.c \
	src/wallet/select.c \
	src/wallet/wallet.c \
	src/wallet/wallet_priv.h

if HAVE_CMOCKA
UNIT_TESTS += \
	tests/unit/test_wallet_chain_sync \
	tests/unit/test_wallet_create_tx
WALLET_FIXTURE = tests/unit/wallet_fixture.h $(CHAIN_FIXTURE)
tests_unit_test_wallet_chain_sync_SOURCES = tests/unit/test_wallet_chain_sync.c $(WALLET_FIXTURE)
tests_unit_test_wallet_chain_sync_LDADD = $(UNIT_LIBS)
tests_unit_test_wallet_create_tx_SOURCES = tests/unit/test_wallet_create_tx.c $(WALLET_FIXTURE)
tests_unit_test_wallet_create_tx_LDADD = $(UNIT_LIBS)
endif
