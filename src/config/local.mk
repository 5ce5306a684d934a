libtally_a_SOURCES += \
	include/tally/config/config.h \
	src/config/config.c \
	src/config/config_check.c \
	src/config/config_check_priv.h

if HAVE_CMOCKA
UNIT_TESTS += \
	tests/unit/test_config
tests_unit_test_config_SOURCES = tests/unit/test_config.c
tests_unit_test_config_LDADD = $(UNIT_LIBS)
endif
