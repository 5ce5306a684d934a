libtally_a_SOURCES += \
	include/tally/net/addr.h \
	include/tally/net/addrbook.h \
	include/tally/net/bans.h \
	include/tally/net/evict.h \
	include/tally/net/frame.h \
	include/tally/net/invite.h \
	include/tally/net/net.h \
	include/tally/net/records.h \
	include/tally/net/subnet.h \
	include/tally/net/transport.h \
	src/net/addr.c \
	src/net/addrbook.c \
	src/net/addrbook_priv.h \
	src/net/addrbook_table.c \
	src/net/bans.c \
	src/net/conn.c \
	src/net/dial.c \
	src/net/evict.c \
	src/net/frame.c \
	src/net/invite.c \
	src/net/listen.c \
	src/net/local_addr.c \
	src/net/net.c \
	src/net/net_priv.h \
	src/net/recv.c \
	src/net/send.c \
	src/net/outbound.c \
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
