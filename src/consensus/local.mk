libtally_a_SOURCES += \
	include/tally/consensus/params.h \
	include/tally/consensus/rules.h \
	include/tally/consensus/target.h \
	src/consensus/block_rules.c \
	src/consensus/difficulty.c \
	src/consensus/genesis.c \
	src/consensus/params.c \
	src/consensus/sighash.c \
	src/consensus/target.c \
	src/consensus/tx_rules.c

if HAVE_CMOCKA
UNIT_TESTS += \
	tests/unit/test_block_rules \
	tests/unit/test_difficulty \
	tests/unit/test_genesis \
	tests/unit/test_params \
	tests/unit/test_target \
	tests/unit/test_tx_coins \
	tests/unit/test_tx_rules
tests_unit_test_block_rules_SOURCES = tests/unit/test_block_rules.c tests/unit/consensus_build.h
tests_unit_test_block_rules_LDADD = $(UNIT_LIBS)
tests_unit_test_difficulty_SOURCES = tests/unit/test_difficulty.c
tests_unit_test_difficulty_LDADD = $(UNIT_LIBS)
tests_unit_test_genesis_SOURCES = tests/unit/test_genesis.c tests/unit/consensus_build.h
tests_unit_test_genesis_LDADD = $(UNIT_LIBS)
tests_unit_test_params_SOURCES = tests/unit/test_params.c
tests_unit_test_params_LDADD = $(UNIT_LIBS)
tests_unit_test_target_SOURCES = tests/unit/test_target.c
tests_unit_test_target_LDADD = $(UNIT_LIBS)
tests_unit_test_tx_coins_SOURCES = tests/unit/test_tx_coins.c tests/unit/consensus_build.h
tests_unit_test_tx_coins_LDADD = $(UNIT_LIBS)
tests_unit_test_tx_rules_SOURCES = tests/unit/test_tx_rules.c tests/unit/consensus_build.h
tests_unit_test_tx_rules_LDADD = $(UNIT_LIBS)
endif
