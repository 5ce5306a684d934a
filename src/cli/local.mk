# The program itself: bin_PROGRAMS += tally
