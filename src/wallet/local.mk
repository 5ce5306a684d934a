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
