libtally_a_SOURCES += \
	include/tally/store/lock.h \
	include/tally/store/env_replace.h \
	include/tally/store/salvage.h \
	include/tally/store/store.h \
	include/tally/store/wallet_db.h \
	src/store/db_refusal.c \
	src/store/db_refusal_priv.h \
	src/store/env.c \
	src/store/env_checkpoint.c \
	src/store/env_copy.c \
	src/store/env_dir.c \
	src/store/env_err.c \
	src/store/env_flush.c \
	src/store/env_priv.h \
	src/store/env_space.c \
	src/store/env_txn.c \
	src/store/lock.c \
	src/store/env_replace.c \
	src/store/salvage.c \
	src/store/store.c \
	src/store/store_blocks.c \
	src/store/store_coins.c \
	src/store/store_headers.c \
	src/store/store_meta.c \
	src/store/store_priv.h \
	src/store/wallet_db.c

if HAVE_CMOCKA
UNIT_TESTS += \
	tests/unit/test_lock \
	tests/unit/test_salvage \
	tests/unit/test_store \
	tests/unit/test_store_crash \
	tests/unit/test_store_open \
	tests/unit/test_wallet_db
tests_unit_test_lock_SOURCES = tests/unit/test_lock.c tests/unit/store_dir.h
tests_unit_test_lock_LDADD = $(UNIT_LIBS)
tests_unit_test_salvage_SOURCES = tests/unit/test_salvage.c tests/unit/store_dir.h
tests_unit_test_salvage_LDADD = $(UNIT_LIBS)
tests_unit_test_store_SOURCES = tests/unit/test_store.c tests/unit/store_dir.h
tests_unit_test_store_LDADD = $(UNIT_LIBS)
tests_unit_test_store_crash_SOURCES = tests/unit/test_store_crash.c tests/unit/store_dir.h
tests_unit_test_store_crash_LDADD = $(UNIT_LIBS)
tests_unit_test_store_open_SOURCES = tests/unit/test_store_open.c tests/unit/store_dir.h
tests_unit_test_store_open_LDADD = $(UNIT_LIBS)
tests_unit_test_wallet_db_SOURCES = tests/unit/test_wallet_db.c tests/unit/store_dir.h
tests_unit_test_wallet_db_LDADD = $(UNIT_LIBS)
endif
