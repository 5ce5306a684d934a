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
