libtallytui_a_SOURCES += \
	include/tally/tui/tui.h \
	src/tui/canvas.c \
	src/tui/canvas_priv.h \
	src/tui/format.c \
	src/tui/keys.c \
	src/tui/keys_priv.h \
	src/tui/layout.c \
	src/tui/layout_priv.h \
	src/tui/model.c \
	src/tui/model_priv.h \
	src/tui/prompt.c \
	src/tui/prompt_priv.h \
	src/tui/theme.c \
	src/tui/theme_priv.h \
	src/tui/view_header.c \
	src/tui/view_priv.h
