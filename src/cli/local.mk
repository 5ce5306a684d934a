# The program itself.
bin_PROGRAMS += tally
tally_SOURCES = \
	src/cli/invoke.c \
	src/cli/cli_priv.h \
	src/cli/commands.c \
	src/cli/main.c \
	src/cli/options.c \
	src/cli/remote.c \
	src/cli/startnode.c
tally_LDADD = libtallytui.a $(LIBTALLY) $(NCURSES_LIBS)
