libtally_a_SOURCES += \
	include/tally/base/bytes.h \
	include/tally/base/checked.h \
	include/tally/base/clock.h \
	include/tally/base/err.h \
	include/tally/base/list.h \
	include/tally/base/log.h \
	include/tally/base/map.h \
	include/tally/base/mem.h \
	include/tally/base/rng.h \
	include/tally/base/sys_err.h \
	include/tally/base/text.h \
	include/tally/base/thread.h \
	include/tally/base/wake.h \
	src/base/bytes.c \
	src/base/clock.c \
	src/base/err.c \
	src/base/log.c \
	src/base/map.c \
	src/base/mem.c \
	src/base/rng.c \
	src/base/sys_err.c \
	src/base/text.c \
	src/base/thread.c \
	src/base/wake.c

if HAVE_CMOCKA
UNIT_TESTS += \
	tests/unit/test_bytes \
	tests/unit/test_map \
	tests/unit/test_base \
	tests/unit/test_text \
	tests/unit/test_thread
tests_unit_test_bytes_SOURCES = tests/unit/test_bytes.c
tests_unit_test_bytes_LDADD = $(UNIT_LIBS)
tests_unit_test_map_SOURCES = tests/unit/test_map.c
tests_unit_test_map_LDADD = $(UNIT_LIBS)
tests_unit_test_base_SOURCES = tests/unit/test_base.c
tests_unit_test_base_LDADD = $(UNIT_LIBS)
tests_unit_test_text_SOURCES = tests/unit/test_text.c
tests_unit_test_text_LDADD = $(UNIT_LIBS)
tests_unit_test_thread_SOURCES = tests/unit/test_thread.c
tests_unit_test_thread_LDADD = $(UNIT_LIBS)
endif
