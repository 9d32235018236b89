# SPDX-License-Identifier: Apache-2.0

# Fuzz targets (see tests/fuzz/hwv-fuzz.h): programs that "make check" lets
# replay their corpus.
FUZZ_TARGETS = \
	tests/fuzz/fuzz-actions \
	tests/fuzz/fuzz-commands \
	tests/fuzz/fuzz-config \
	tests/fuzz/fuzz-match \
	tests/fuzz/fuzz-uplink \
	tests/fuzz/fuzz-vf
FUZZ_COMMON = \
	tests/fuzz/hwv-fuzz-main.c \
	tests/fuzz/hwv-fuzz.c \
	tests/fuzz/hwv-fuzz.h \
	tests/hwv-test-frames.c \
	tests/hwv-test-frames.h
FUZZ_WORLD = \
	tests/fuzz/hwv-fuzz-world.c \
	tests/hwv-burst.c \
	tests/hwv-burst.h \
	tests/hwv-codec-ovs.c \
	tests/hwv-codec-ovs.h \
	tests/hwv-frame-ovs.c \
	tests/hwv-frame-ovs.h \
	tests/hwv-random-world.c \
	tests/hwv-random-world.h \
	tests/hwv-reference.c \
	tests/hwv-reference.h \
	tests/hwv-unit.h

# For what they share with unit tests.
AM_CPPFLAGS += -I $(top_srcdir)/tests

# hwv-fuzz.c takes the place of libcheck.
FUZZ_LIBS = \
	netdev-hwvxlan/libhwvnetdev.la \
	lib/libhwv.la \
	$(OVS_LDADD) \
	$(HWV_EXTERNAL_LIBS)
check_PROGRAMS += $(FUZZ_TARGETS)
TESTS += $(FUZZ_TARGETS)

tests_fuzz_fuzz_actions_SOURCES = \
	$(FUZZ_COMMON) \
	tests/fuzz/fuzz-actions.c \
	tests/hwv-codec-ovs.c \
	tests/hwv-codec-ovs.h \
	tests/hwv-lossless.c \
	tests/hwv-lossless.h \
	tests/hwv-odp-string.c \
	tests/hwv-odp-string.h
tests_fuzz_fuzz_actions_LDADD = $(FUZZ_LIBS)

tests_fuzz_fuzz_commands_SOURCES = \
	$(FUZZ_COMMON) \
	tests/fuzz/fuzz-commands.c \
	tests/hwv-odp-string.c \
	tests/hwv-odp-string.h \
	tests/hwv-test-port.c \
	tests/hwv-test-port.h \
	tests/hwv-unit.h
tests_fuzz_fuzz_commands_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_commands_LDFLAGS = $(AM_LDFLAGS) $(fuzz_commands_wraps)
fuzz_commands_wraps = \
	-Wl,--wrap=unixctl_command_register \
	-Wl,--wrap=unixctl_command_reply \
	-Wl,--wrap=unixctl_command_reply_error

tests_fuzz_fuzz_config_SOURCES = \
	$(FUZZ_COMMON) \
	tests/fuzz/fuzz-config.c
tests_fuzz_fuzz_config_LDADD = $(FUZZ_LIBS)

tests_fuzz_fuzz_match_SOURCES = \
	$(FUZZ_COMMON) \
	tests/fuzz/fuzz-match.c \
	tests/hwv-agreement.c \
	tests/hwv-agreement.h \
	tests/hwv-odp-string.c \
	tests/hwv-odp-string.h \
	tests/hwv-samples.c \
	tests/hwv-samples.h
tests_fuzz_fuzz_match_LDADD = $(FUZZ_LIBS)

tests_fuzz_fuzz_uplink_SOURCES = \
	$(FUZZ_COMMON) \
	$(FUZZ_WORLD) \
	tests/fuzz/fuzz-uplink.c
tests_fuzz_fuzz_uplink_LDADD = $(FUZZ_LIBS)

tests_fuzz_fuzz_vf_SOURCES = \
	$(FUZZ_COMMON) \
	$(FUZZ_WORLD) \
	tests/fuzz/fuzz-vf.c
tests_fuzz_fuzz_vf_LDADD = $(FUZZ_LIBS)

# "make check-fuzz FUZZ_SECONDS=60" lets libFuzzer make up inputs for each
# target, that long.  All of ours is compiled again, with clang and in
# tests/fuzz/build, for the fuzzer to see what an input reaches and for the
# sanitizers; OVS's libraries are what they are.
FUZZ_CC = clang
FUZZ_SECONDS = 60
FUZZ_BUILD = tests/fuzz/build
FUZZ_CFLAGS = -g -O1 -fno-omit-frame-pointer \
	-fsanitize=fuzzer-no-link,address,undefined
FUZZ_COMPILE = $(FUZZ_CC) $(DEFS) $(DEFAULT_INCLUDES) $(AM_CPPFLAGS) \
	$(CHECK_CFLAGS) $(OVS_CFLAGS) $(FUZZ_CFLAGS)
FUZZ_LINK = $(LIBTOOL) $(AM_V_lt) --tag=CC --mode=link $(FUZZ_CC) \
	$(FUZZ_CFLAGS) -fsanitize=fuzzer $(OVS_LDFLAGS)
fuzz_lib_sources = \
	$(lib_libhwv_la_SOURCES) \
	$(netdev_hwvxlan_libhwvnetdev_la_SOURCES)
fuzz_objects = $(patsubst %.c,$(FUZZ_BUILD)/%.o,$(filter %.c,\
	$(filter-out %/hwv-fuzz-main.c,$(1)) $(fuzz_lib_sources)))
fuzz_programs = $(FUZZ_TARGETS:tests/fuzz/%=$(FUZZ_BUILD)/%)

$(FUZZ_BUILD)/%.o: %.c
	$(AM_V_CC)$(MKDIR_P) $(@D) && \
	$(FUZZ_COMPILE) -MMD -MP -c -o $@ $<

.SECONDEXPANSION:
$(fuzz_programs): $(FUZZ_BUILD)/%: \
		$$(call fuzz_objects,$$(tests_fuzz_$$(subst -,_,$$*)_SOURCES))
	$(AM_V_CCLD)$(FUZZ_LINK) \
	$(if $(filter %-commands,$@),$(fuzz_commands_wraps)) \
	-o $@ $^ $(OVS_LDADD) $(HWV_EXTERNAL_LIBS)

.PHONY: fuzz-programs check-fuzz
fuzz-programs: $(fuzz_programs)

check-fuzz:
	$(AM_V_at)MAKE='$(MAKE)' FUZZ_CC='$(FUZZ_CC)' \
	FUZZ_CFLAGS='$(FUZZ_CFLAGS)' FUZZ_SECONDS='$(FUZZ_SECONDS)' \
	FUZZ_BUILD='$(FUZZ_BUILD)' srcdir='$(srcdir)' \
	$(SHELL) '$(srcdir)/tests/fuzz/run-fuzz' $(fuzz_programs)

-include $(wildcard $(FUZZ_BUILD)/*/*.d $(FUZZ_BUILD)/*/*/*.d)

EXTRA_DIST += \
	tests/fuzz/make-corpus.py \
	tests/fuzz/run-fuzz \
	$(wildcard $(srcdir)/tests/fuzz/corpus/*/*)
