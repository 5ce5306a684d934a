libtally_a_SOURCES += \
	include/tally/chain/chain.h \
	src/chain/accept.c \
	src/chain/apply.c \
	src/chain/chain.c \
	src/chain/chain_priv.h \
	src/chain/coins.c \
	src/chain/coins_priv.h \
	src/chain/commit.c \
	src/chain/future.c \
	src/chain/headers.c \
	src/chain/query.c \
	src/chain/recent.c \
	src/chain/reindex.c \
	src/chain/tree.c \
	src/chain/tree_priv.h \
	src/chain/undo.c \
	src/chain/undo_priv.h \
	src/chain/work.c

if HAVE_CMOCKA
UNIT_TESTS += \
	tests/unit/test_chain_connect
CHAIN_FIXTURE = tests/unit/chain_fixture.c tests/unit/chain_fixture.h
tests_unit_test_chain_connect_SOURCES = tests/unit/test_chain_connect.c $(CHAIN_FIXTURE)
tests_unit_test_chain_connect_LDADD = $(UNIT_LIBS)
endif
