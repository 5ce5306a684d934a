libtally_a_SOURCES += \
	include/tally/net/addr.h \
	include/tally/net/addrbook.h \
	include/tally/net/frame.h \
	include/tally/net/net.h \
	include/tally/net/transport.h \
	src/net/addr.c \
	src/net/addrbook.c \
	src/net/conn.c \
	src/net/dial.c \
	src/net/frame.c \
	src/net/listen.c \
	src/net/net.c \
	src/net/net_priv.h \
	src/net/recv.c \
	src/net/send.c
