libtally_a_SOURCES += \
	include/tally/control/control.h \
	src/control/control_priv.h \
	src/control/cookie.c \
	src/control/http_admission.c \
	src/control/http_server.c
