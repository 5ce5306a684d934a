libtally_a_SOURCES += \
	include/tally/rpc/command.h \
	src/rpc/async_call.c \
	src/rpc/call.c \
	src/rpc/coin_scan.c \
	src/rpc/command_line.c \
	src/rpc/command_table.c \
	src/rpc/json_chain.c \
	src/rpc/json_stream.c \
	src/rpc/rpc_addrs.c \
	src/rpc/rpc_bans.c \
	src/rpc/rpc_chain.c \
	src/rpc/rpc_coins.c \
	src/rpc/rpc_mempool.c \
	src/rpc/rpc_mining.c \
	src/rpc/rpc_net.c \
	src/rpc/rpc_node.c \
	src/rpc/rpc_pay.c \
	src/rpc/rpc_priv.h \
	src/rpc/rpc_wallet.c

if HAVE_CMOCKA
UNIT_TESTS += \
	tests/unit/test_command_line
tests_unit_test_command_line_SOURCES = tests/unit/test_command_line.c
tests_unit_test_command_line_LDADD = $(UNIT_LIBS)
endif
