libtally_a_SOURCES += \
	include/tally/config/config.h \
	include/tally/config/settings.h \
	src/config/config.c \
	src/config/config_check.c \
	src/config/config_check_priv.h \
	src/config/settings.c

if HAVE_CMOCKA
UNIT_TESTS += \
	tests/unit/test_config \
	tests/unit/test_settings
tests_unit_test_config_SOURCES = tests/unit/test_config.c
tests_unit_test_config_LDADD = $(UNIT_LIBS)
tests_unit_test_settings_SOURCES = tests/unit/test_settings.c
tests_unit_test_settings_LDADD = $(UNIT_LIBS)
endif
