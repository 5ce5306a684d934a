libtally_a_SOURCES += \
	include/tally/primitives/amount.h \
	include/tally/primitives/block.h \
	include/tally/primitives/merkle.h \
	include/tally/primitives/script.h \
	include/tally/primitives/tx.h \
	src/primitives/amount.c \
	src/primitives/block.c \
	src/primitives/merkle.c \
	src/primitives/script.c \
	src/primitives/tx.c

if HAVE_CMOCKA
UNIT_TESTS += \
	tests/unit/test_amount \
	tests/unit/test_block \
	tests/unit/test_merkle \
	tests/unit/test_script \
	tests/unit/test_tx
tests_unit_test_amount_SOURCES = tests/unit/test_amount.c
tests_unit_test_amount_LDADD = $(UNIT_LIBS)
tests_unit_test_block_SOURCES = tests/unit/test_block.c tests/unit/bitcoin_blocks.h
tests_unit_test_block_LDADD = $(UNIT_LIBS)
tests_unit_test_merkle_SOURCES = tests/unit/test_merkle.c
tests_unit_test_merkle_LDADD = $(UNIT_LIBS)
tests_unit_test_script_SOURCES = tests/unit/test_script.c
tests_unit_test_script_LDADD = $(UNIT_LIBS)
tests_unit_test_tx_SOURCES = tests/unit/test_tx.c tests/unit/bitcoin_blocks.h
tests_unit_test_tx_LDADD = $(UNIT_LIBS)
endif
