# Tests speak TAP. Unit tests are cmocka programs on libtally.a only; the others are scripts
# that drive the real program.
UNIT_LIBS = $(LIBTALLY) $(CMOCKA_LIBS)

LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
TEST_EXTENSIONS = .py
PY_LOG_DRIVER = $(LOG_DRIVER)
PY_LOG_COMPILER = $(PYTHON)
AM_TESTS_ENVIRONMENT = CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT; \
	TALLY='$(abs_top_builddir)/tally'; export TALLY; \
	TALLY_SRC='$(abs_top_srcdir)'; export TALLY_SRC; \
	LSAN_OPTIONS='suppressions=$(abs_top_srcdir)/tests/lsan.supp:print_suppressions=0'; export LSAN_OPTIONS; \
	TALLY_SLOW_SYSTEM='$(abs_top_builddir)/tests/slow_system.so'; export TALLY_SLOW_SYSTEM; \
	PYTHONDONTWRITEBYTECODE=1; export PYTHONDONTWRITEBYTECODE;

if HAVE_CMOCKA
UNIT_TESTS += tests/tui/test_drawing tests/tui/test_input tests/tui/test_lists tests/tui/test_pages tests/tui/test_screens
tests_tui_test_drawing_SOURCES = tests/tui/test_drawing.c tests/tui/tui_fixture.c tests/tui/tui_fixture.h
tests_tui_test_drawing_LDADD = libtallytui.a $(UNIT_LIBS) $(NCURSES_LIBS)
tests_tui_test_input_SOURCES = tests/tui/test_input.c tests/tui/tui_fixture.c tests/tui/tui_fixture.h
tests_tui_test_input_LDADD = libtallytui.a $(UNIT_LIBS) $(NCURSES_LIBS)
tests_tui_test_lists_SOURCES = tests/tui/test_lists.c tests/tui/tui_fixture.c tests/tui/tui_fixture.h
tests_tui_test_lists_LDADD = libtallytui.a $(UNIT_LIBS) $(NCURSES_LIBS)
tests_tui_test_pages_SOURCES = tests/tui/test_pages.c tests/tui/tui_fixture.c tests/tui/tui_fixture.h
tests_tui_test_pages_LDADD = libtallytui.a $(UNIT_LIBS) $(NCURSES_LIBS)
tests_tui_test_screens_SOURCES = tests/tui/test_screens.c tests/tui/tui_fixture.c tests/tui/tui_fixture.h
tests_tui_test_screens_LDADD = libtallytui.a $(UNIT_LIBS) $(NCURSES_LIBS)
endif

check_PROGRAMS += $(UNIT_TESTS)
if HAVE_PYTHON
SCRIPT_TESTS += \
	tests/functional/example_test.py \
	tests/functional/test_addr_relay.py \
	tests/functional/test_bad_blocks.py \
	tests/functional/test_bad_headers.py \
	tests/functional/test_bad_messages.py \
	tests/functional/test_branches.py \
	tests/functional/test_bans.py \
	tests/functional/test_class.py \
	tests/functional/test_cli_errors.py \
	tests/functional/test_clock.py \
	tests/functional/test_crowd.py \
	tests/functional/test_dissector.py \
	tests/functional/test_full_disk.py \
	tests/functional/test_dialling.py \
	tests/functional/test_invite.py \
	tests/functional/test_lan.py \
	tests/functional/test_kills.py \
	tests/functional/test_lesson.py \
	tests/functional/test_limits.py \
	tests/functional/test_long_answers.py \
	tests/functional/test_malformed_fields.py \
	tests/functional/test_mempool_file.py \
	tests/functional/test_mempool_rules.py \
	tests/functional/test_sync.py \
	tests/functional/test_output.py \
	tests/functional/test_partition.py \
	tests/functional/test_payments.py \
	tests/functional/test_reindex.py \
	tests/functional/test_relay.py \
	tests/functional/test_restart.py \
	tests/functional/test_rpc.py \
	tests/functional/test_serving.py \
	tests/functional/test_signature_rule.py \
	tests/functional/test_six_messages.py \
	tests/functional/test_slow_system.py \
	tests/functional/test_timeouts.py \
	tests/functional/test_under_attack.py \
	tests/tui/test_console.py
endif
TESTS = $(UNIT_TESTS) $(SCRIPT_TESTS)
check_DATA = tests/slow_system.so
tests/slow_system.so: tests/functional/slow_system.c
	$(AM_V_CC)$(MKDIR_P) tests && $(CC) -shared -fPIC -O1 -o $@ $(srcdir)/tests/functional/slow_system.c -ldl
CLEANFILES += tests/slow_system.so
EXTRA_DIST += tests/README.md tests/functional/slow_system.c
EXTRA_DIST += $(SCRIPT_TESTS) tests/functional/netns.py tests/functional/framework.py tests/functional/chainlib.py tests/functional/coins.py tests/functional/ed25519.py tests/functional/p2p.py
EXTRA_DIST += tests/tui/golden tests/lsan.supp

# Draws the golden screens, and the parts of the man pages that are made from tables, again. Failed tests do not stop it:
# make check finds them.
.PHONY: golden
golden: tests/tui/test_screens tests/tui/test_input tests/unit/test_settings
	mkdir -p '$(top_srcdir)/tests/tui/golden'
	-TALLY_GOLDEN=1 TALLY_SRC='$(abs_top_srcdir)' ./tests/tui/test_screens >/dev/null
	-TALLY_GOLDEN=1 TALLY_SRC='$(abs_top_srcdir)' ./tests/tui/test_input >/dev/null
	-TALLY_GOLDEN=1 TALLY_SRC='$(abs_top_srcdir)' ./tests/unit/test_settings >/dev/null

# An hour or so: a thousand kills, and every fuzz target for minutes.
.PHONY: soak
soak: tally
	TALLY='$(abs_top_builddir)/tally' TALLY_KILLS=1000 PYTHONDONTWRITEBYTECODE=1 $(PYTHON) $(srcdir)/tests/functional/test_kills.py
	FUZZ_SECONDS=$${FUZZ_SECONDS:-240} sh $(top_srcdir)/scripts/fuzz.sh '$(abs_top_builddir)/fuzz-build'
