# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# make help lists the targets. V=1 shows commands, B= sets the output folder,
# SAN=1 builds with ASan and UBSan, WERROR=1 makes warnings errors.

VERSION := 0.1.0
B ?= build
CC := gcc
CLANG := clang
BPFTOOL := bpftool
PKG_CONFIG := pkg-config

LIBRARIES := libbpf libelf zlib libmicrohttpd libcap-ng libpcap
ARCH_INCLUDE := /usr/include/$(shell uname -m)-linux-gnu

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wpointer-arith -Wformat=2 -Wundef -Werror=unused-function
HARDEN := -fstack-protector-strong -fPIE
ifdef SAN
HARDEN += -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
else
HARDEN += -D_FORTIFY_SOURCE=2
endif
ifdef WERROR
WARNINGS += -Werror
endif

CFLAGS ?= -O2 -g
SCOPE_CFLAGS = -std=gnu11 -D_GNU_SOURCE -DSMTPSCOPE_VERSION='"$(VERSION)"' \
	$(WARNINGS) $(HARDEN) -Iinclude -Iuser -I$(B)/bpf \
	$(shell $(PKG_CONFIG) --cflags $(LIBRARIES)) -MMD -MP
SCOPE_LDLIBS = $(shell $(PKG_CONFIG) --libs $(LIBRARIES))
SCOPE_LDFLAGS = $(HARDEN) -pie -Wl,-z,relro,-z,now
BPF_CFLAGS := -g -O2 -Wall -Wextra -Wshadow -Wno-unused-function -target bpf \
	-mcpu=v2 -Iinclude -Ibpf -I$(ARCH_INCLUDE) -MMD -MP

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-8s%s\n' $(1) $(2))

USER_SRC := $(wildcard user/*.c)
USER_OBJ := $(USER_SRC:%.c=$(B)/%.o)
# the files that need a kernel, or are the program itself
KERNEL_SRC := $(addprefix user/,loader.c attach.c probe.c events.c)
PURE_SRC := $(filter-out $(KERNEL_SRC) user/main.c user/cmd_%.c,$(USER_SRC))
PURE_OBJ := $(PURE_SRC:%.c=$(B)/%.o)
KERNEL_OBJ := $(KERNEL_SRC:%.c=$(B)/%.o)
SKEL := $(B)/bpf/smtpscope.skel.h

.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:

.PHONY: all
all: $(B)/smtpscope ## build the program

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' $(firstword $(MAKEFILE_LIST))

# One clear line for what is missing, instead of a compiler's page.
$(B)/.tools: tools/setup
	$(Q)tools/setup --check build
	@mkdir -p $(B) && touch $@

$(B)/%.bpf.o: %.bpf.c | $(B)/.tools
	$(call say,BPF,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MF $(@:.o=.d) -MT $@ -c $< -o $(@:.bpf.o=.tmp.o)
	$(Q)$(BPFTOOL) gen object $@ $(@:.bpf.o=.tmp.o)

$(B)/%.skel.h: $(B)/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)echo '// NOLINTBEGIN: generated' > $@
	$(Q)$(BPFTOOL) gen skeleton $< name $(notdir $*)_bpf >> $@
	$(Q)echo '// NOLINTEND' >> $@

$(B)/user/%.o: user/%.c | $(B)/.tools $(SKEL)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(SCOPE_CFLAGS) -c $< -o $@

# the object is embedded in the skeleton
$(KERNEL_OBJ): $(SKEL)

$(B)/smtpscope: $(USER_OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(SCOPE_LDFLAGS) $^ $(SCOPE_LDLIBS) -o $@

include tests/tests.mk

.PHONY: demo
demo: ## real sessions in network namespaces, shown; needs root
	$(Q)tools/setup build demo
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tools/lab/demo.sh $(B)/smtpscope

.PHONY: bench
bench: ## what a packet costs; needs root
	$(Q)tools/setup build demo
	$(Q)$(MAKE) --no-print-directory all $(B)/bench
	$(Q)tools/bench/run.sh $(B)

BENCH_OBJ := $(patsubst tools/%.c,$(B)/tools/%.o,$(filter-out %.bpf.c,$(wildcard tools/bench/*.c)))

$(BENCH_OBJ): $(B)/%.o: %.c $(B)/tools/bench/bench.skel.h | $(SKEL)
	$(call say,CC,$@)
	$(Q)$(CC) $(CFLAGS) $(SCOPE_CFLAGS) -I$(B)/tools/bench -c $< -o $@

$(B)/bench: $(BENCH_OBJ) $(KERNEL_OBJ) $(PURE_OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(SCOPE_LDFLAGS) $^ $(SCOPE_LDLIBS) -o $@

.PHONY: clean
clean: ## remove what was built
	$(Q)rm -rf $(B)

-include $(USER_OBJ:.o=.d) $(B)/bpf/smtpscope.bpf.d $(BENCH_OBJ:.o=.d) $(B)/tools/bench/bench.bpf.d
