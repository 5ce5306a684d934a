# Fuzz targets. In make check, tests/fuzz/test_corpus runs them with their corpus. make fuzz searches for new inputs with
# libFuzzer, in a build directory of its own made by clang. FUZZ_SECONDS is the time per target (default 10);
# FUZZ="tx block" selects targets.
FUZZ_SOURCES = \
	tests/fuzz/commands.c \
	tests/fuzz/fuzz.c \
	tests/fuzz/fuzz.h \
	tests/fuzz/fuzz_peer.c \
	tests/fuzz/fuzz_peer.h \
	tests/fuzz/messages.c \
	tests/fuzz/primitives.c \
	tests/fuzz/records.c \
	tests/fuzz/texts.c

if HAVE_CMOCKA
UNIT_TESTS += tests/fuzz/test_corpus
tests_fuzz_test_corpus_SOURCES = tests/fuzz/replay.c $(FUZZ_SOURCES)
tests_fuzz_test_corpus_LDADD = $(UNIT_LIBS)
endif
if FUZZ
noinst_PROGRAMS += tests/fuzz/fuzz
tests_fuzz_fuzz_SOURCES = tests/fuzz/engine.c $(FUZZ_SOURCES)
tests_fuzz_fuzz_LDADD = $(LIBTALLY)
tests_fuzz_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
endif
EXTRA_DIST += tests/fuzz/corpus tests/fuzz/make_corpus.py scripts/fuzz.sh

.PHONY: fuzz corpus
fuzz:
	@sh $(top_srcdir)/scripts/fuzz.sh '$(abs_top_builddir)/fuzz-build'
# Makes the first inputs of the corpus again, from a chain made by the program.
corpus: tally
	TALLY='$(abs_top_builddir)/tally' $(PYTHON) $(top_srcdir)/tests/fuzz/make_corpus.py $(top_srcdir)/tests/fuzz/corpus
