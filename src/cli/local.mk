# The program itself.
bin_PROGRAMS += tally
tally_SOURCES = \
	src/cli/cli_priv.h \
	src/cli/cmd_createblockchain.c \
	src/cli/cmd_createwallet.c \
	src/cli/cmd_getbalance.c \
	src/cli/cmd_invite.c \
	src/cli/cmd_listaddresses.c \
	src/cli/cmd_printchain.c \
	src/cli/cmd_reindex.c \
	src/cli/cmd_reindexutxo.c \
	src/cli/cmd_rpc.c \
	src/cli/cmd_send.c \
	src/cli/cmd_startnode.c \
	src/cli/commands.c \
	src/cli/commands_priv.h \
	src/cli/help.c \
	src/cli/help_priv.h \
	src/cli/invocation.c \
	src/cli/invocation_priv.h \
	src/cli/invoke.c \
	src/cli/invoke_priv.h \
	src/cli/main.c \
	src/cli/options.c \
	src/cli/options_priv.h \
	src/cli/output.c \
	src/cli/output_priv.h \
	src/cli/remote.c \
	src/cli/remote_priv.h
tally_LDADD = libtallytui.a $(LIBTALLY) $(NCURSES_LIBS)
