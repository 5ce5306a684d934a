libtally_a_SOURCES += \
	include/tally/node/command.h \
	include/tally/node/config.h \
	include/tally/node/node.h \
	include/tally/node/snapshot.h \
	src/node/config.c \
	src/node/describe.c \
	src/node/find_tx.c \
	src/node/journal.c \
	src/node/logfile.c \
	src/node/loop.c \
	src/node/mine.c \
	src/node/miner.c \
	src/node/node.c \
	src/node/node_priv.h \
	src/node/observers.c \
	src/node/open.c \
	src/node/recent.c \
	src/node/snapshot.c \
	src/node/template.c
