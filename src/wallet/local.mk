libtally_a_SOURCES += \
	include/tally/wallet/wallet.h \
	src/wallet/balance.c \
	src/wallet/follow.c \
	src/wallet/keys.c \
	src/wallet/pay.c \
	src/wallet/records.c \
	src/wallet/records_db.c \
	src/wallet/select.c \
	src/wallet/wallet.c \
	src/wallet/wallet_priv.h

if HAVE_CMOCKA
UNIT_TESTS += \
	tests/unit/test_wallet_follow \
	tests/unit/test_wallet_pay
WALLET_FIXTURE = tests/unit/wallet_fixture.h $(CHAIN_FIXTURE)
tests_unit_test_wallet_follow_SOURCES = tests/unit/test_wallet_follow.c $(WALLET_FIXTURE)
tests_unit_test_wallet_follow_LDADD = $(UNIT_LIBS)
tests_unit_test_wallet_pay_SOURCES = tests/unit/test_wallet_pay.c $(WALLET_FIXTURE)
tests_unit_test_wallet_pay_LDADD = $(UNIT_LIBS)
endif
