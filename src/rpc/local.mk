libtally_a_SOURCES += \
	include/tally/rpc/call.h \
	include/tally/rpc/command.h \
	include/tally/rpc/command_line.h \
	include/tally/rpc/command_table.h \
	include/tally/rpc/completion.h \
	include/tally/rpc/json_amount.h \
	include/tally/rpc/json_result.h \
	include/tally/rpc/rpc.h \
	src/rpc/args.c \
	src/rpc/args_priv.h \
	src/rpc/async_call.c \
	src/rpc/async_call_priv.h \
	src/rpc/call.c \
	src/rpc/call_state.c \
	src/rpc/call_state_priv.h \
	src/rpc/coin_scan.c \
	src/rpc/coin_scan_priv.h \
	src/rpc/command_line.c \
	src/rpc/line_parser.c \
	src/rpc/line_parser_priv.h \
	src/rpc/command_table.c \
	src/rpc/commands_priv.h \
	src/rpc/completion.c \
	src/rpc/json_amount.c \
	src/rpc/json_chain.c \
	src/rpc/json_chain_priv.h \
	src/rpc/json_result.c \
	src/rpc/json_result_priv.h \
	src/rpc/json_stream.c \
	src/rpc/json_stream_priv.h \
	src/rpc/rpc.c \
	src/rpc/rpc_addrs.c \
	src/rpc/rpc_bans.c \
	src/rpc/rpc_block.c \
	src/rpc/rpc_chain.c \
	src/rpc/rpc_coins.c \
	src/rpc/rpc_connect.c \
	src/rpc/rpc_join.c \
	src/rpc/rpc_mempool.c \
	src/rpc/rpc_mining.c \
	src/rpc/rpc_mining_priv.h \
	src/rpc/rpc_net.c \
	src/rpc/rpc_net_priv.h \
	src/rpc/rpc_node.c \
	src/rpc/rpc_pay.c \
	src/rpc/rpc_priv.h \
	src/rpc/rpc_state_priv.h \
	src/rpc/rpc_wallet.c

if HAVE_CMOCKA
UNIT_TESTS += \
	tests/unit/test_command_line
tests_unit_test_command_line_SOURCES = tests/unit/test_command_line.c
tests_unit_test_command_line_LDADD = $(UNIT_LIBS)
endif
