dist_man_MANS += man/tally.1 man/tally.conf.5 man/tally-protocol.7
