# make run     everything from a fresh machine to a running server
# make test    the whole test suite, with a PostgreSQL of its own
SHELL := /bin/bash
export PATH := $(HOME)/.cargo/bin:$(PATH)

AXE_VERSION := 4.14.1
AXE := target/axe/$(AXE_VERSION)
ARGS ?=

.PHONY: run test bench install install-for-tests

run: install
	cargo run --release --locked -- run --demo $(ARGS)

install:
	@scripts/install.sh

install-for-tests:
	@scripts/install.sh --for-tests

test: install-for-tests $(AXE)
	@if cargo nextest --version >/dev/null 2>&1; then \
		tests/with_postgres.sh cargo nextest run --locked $(ARGS); \
	else \
		tests/with_postgres.sh cargo test --locked $(ARGS); \
	fi

bench: install
	DURABLE=1 tests/with_postgres.sh cargo bench --locked $(ARGS)

# What looks for accessibility faults in the browser's tests.
$(AXE):
	@mkdir -p target/axe
	npm install --prefix target/axe --no-save --no-audit --no-fund --silent axe-core@$(AXE_VERSION)
	@touch $@
