# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What `make check` and `make lint` run; included by the Makefile.

TEST_LIBRARIES := cmocka jansson
TEST_CFLAGS = -Itests -Itests/unit $(shell $(PKG_CONFIG) --cflags $(TEST_LIBRARIES))
TEST_LDLIBS = $(SCOPE_LDLIBS) $(shell $(PKG_CONFIG) --libs $(TEST_LIBRARIES))

# helpers that every test program may use
SUPPORT_SRC := $(wildcard tests/*.c)
SUPPORT_OBJ := $(SUPPORT_SRC:%.c=$(B)/%.o)
KERNEL_SUPPORT_OBJ := $(patsubst %.c,$(B)/%.o,$(filter-out tests/bpf/test_%.c,$(wildcard tests/bpf/*.c)))
UNIT_TESTS := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/test_*.c))
BPF_TESTS := $(patsubst %.c,$(B)/%,$(wildcard tests/bpf/test_*.c))

$(B)/tests/%.o: tests/%.c | $(B)/.tools $(SKEL)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(SCOPE_CFLAGS) $(TEST_CFLAGS) -c $< -o $@

$(UNIT_TESTS): %: %.o $(SUPPORT_OBJ) $(PURE_OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(SCOPE_LDFLAGS) $^ $(TEST_LDLIBS) -o $@

$(BPF_TESTS): %: %.o $(SUPPORT_OBJ) $(KERNEL_SUPPORT_OBJ) $(PURE_OBJ) $(KERNEL_OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(SCOPE_LDFLAGS) $^ $(TEST_LDLIBS) -o $@

.PHONY: tests
tests: $(UNIT_TESTS) $(BPF_TESTS)

.PHONY: check-unit check-bpf check-net check
check-unit: $(UNIT_TESTS) $(B)/smtpscope ## unit tests, without a kernel or privileges
	$(Q)SMTPSCOPE=$(B)/smtpscope tests/run.sh $(B) $(UNIT_TESTS) tests/cli/read.sh

check-bpf: $(BPF_TESTS) ## the real programs by test-run; needs root
	$(Q)tests/run.sh $(B) $(BPF_TESTS)

check-net: $(B)/smtpscope ## live sessions in network namespaces; needs root
	$(Q)tests/run.sh $(B) tests/net/run.sh

check: ## every test, under sanitizers too; needs root
	$(Q)tools/setup build demo check
	$(Q)tests/check.sh $(B)

.PHONY: lint
lint: ## format, clang-tidy, shellcheck, layers, man page
	$(Q)tools/setup build check
	$(Q)tests/lint.sh $(B)

-include $(UNIT_TESTS:=.d) $(BPF_TESTS:=.d) $(SUPPORT_OBJ:.o=.d) $(KERNEL_SUPPORT_OBJ:.o=.d)
