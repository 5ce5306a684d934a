libtally_a_SOURCES += \
	include/tally/control/http_server.h \
	src/control/cookie.c \
	src/control/cookie_priv.h \
	src/control/http_admission.c \
	src/control/http_admission_priv.h \
	src/control/http_server.c
