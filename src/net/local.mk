libtally_a_SOURCES += \
	include/tally/net/addr.h \
	include/tally/net/addrbook.h \
	include/tally/net/bans.h \
	include/tally/net/evict.h \
	include/tally/net/frame.h \
	include/tally/net/invite.h \
	include/tally/net/local_addr.h \
	include/tally/net/net.h \
	include/tally/net/records.h \
	include/tally/net/subnet.h \
	include/tally/net/transport.h \
	src/net/addr.c \
	src/net/addrbook.c \
	src/net/addrbook_priv.h \
	src/net/addrbook_table.c \
	src/net/addrbook_table_priv.h \
	src/net/bans.c \
	src/net/conn.c \
	src/net/conn_close.c \
	src/net/conn_close_priv.h \
	src/net/conn_priv.h \
	src/net/dial.c \
	src/net/dial_priv.h \
	src/net/dial_state.c \
	src/net/dial_state_priv.h \
	src/net/evict.c \
	src/net/frame.c \
	src/net/invite.c \
	src/net/listen.c \
	src/net/listen_priv.h \
	src/net/local_addr.c \
	src/net/net.c \
	src/net/net_priv.h \
	src/net/net_state.c \
	src/net/net_state_priv.h \
	src/net/outbound.c \
	src/net/outbound_priv.h \
	src/net/reconnect_backoff.c \
	src/net/reconnect_backoff_priv.h \
	src/net/recv.c \
	src/net/recv_priv.h \
	src/net/send.c \
	src/net/send_priv.h \
	src/net/subnet.c

UNIT_TESTS += \
	tests/unit/test_addrbook \
	tests/unit/test_bans \
	tests/unit/test_evict \
	tests/unit/test_invite \
	tests/unit/test_net
tests_unit_test_addrbook_SOURCES = tests/unit/test_addrbook.c
tests_unit_test_addrbook_LDADD = $(UNIT_LIBS)
tests_unit_test_bans_SOURCES = tests/unit/test_bans.c
tests_unit_test_bans_LDADD = $(UNIT_LIBS)
tests_unit_test_evict_SOURCES = tests/unit/test_evict.c
tests_unit_test_evict_LDADD = $(UNIT_LIBS)
tests_unit_test_invite_SOURCES = tests/unit/test_invite.c
tests_unit_test_invite_LDADD = $(UNIT_LIBS)
tests_unit_test_net_SOURCES = tests/unit/test_net.c
tests_unit_test_net_LDADD = $(UNIT_LIBS)
