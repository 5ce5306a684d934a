# make bench runs all benchmarks; make bench BENCH=sync runs those with "sync" in their name.
EXTRA_PROGRAMS += bench/tally-bench
CLEANFILES += bench/tally-bench
bench_tally_bench_SOURCES = \
	bench/bench.h \
	bench/bench_chain.c \
	bench/bench_crypto.c \
	bench/bench_pool.c \
	bench/blocks.c \
	bench/checks.c \
	bench/main.c \
	bench/report.c \
	tests/unit/chain_fixture.c \
	tests/unit/chain_fixture.h
bench_tally_bench_LDADD = $(LIBTALLY)
EXTRA_DIST += bench/bench.py

.PHONY: bench
bench: tally bench/tally-bench
	@test -n '$(PYTHON)' || { echo 'make bench needs python3'; exit 1; }
	@TALLY='$(abs_top_builddir)/tally' TALLY_BENCH='$(abs_top_builddir)/bench/tally-bench' \
	TALLY_SRC='$(abs_top_srcdir)' PYTHONDONTWRITEBYTECODE=1 \
	$(PYTHON) $(srcdir)/bench/bench.py $(BENCH)
