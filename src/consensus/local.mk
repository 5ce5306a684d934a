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
