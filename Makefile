# make run     everything from a fresh machine to a running server
# make simulate  calls for the demo organization, while `make run` serves it
# make test    the whole test suite, with a PostgreSQL of its own
SHELL := /bin/bash
export PATH := $(HOME)/.cargo/bin:$(PATH)

AXE_VERSION := 4.14.1
AXE := target/axe/$(AXE_VERSION)
SCHEMATHESIS_VERSION := 4.32.5
SCHEMATHESIS := target/schemathesis/$(SCHEMATHESIS_VERSION)
MOTO_VERSION := 5.2.5
MOTO := target/moto/$(MOTO_VERSION)
LOCALSTRIPE_VERSION := 1.15.10
LOCALSTRIPE := target/localstripe/$(LOCALSTRIPE_VERSION)
ARGS ?=

.PHONY: run simulate test bench install install-for-tests

run: install
	cargo run --release --locked -- run --demo $(ARGS)

# Plays a telephony engine with the keys of the demo organization. SIMULATE="--rate 300" and the like
# choose how (dialnexa simulate --help); it ends with Ctrl-C.
SIMULATE ?=

simulate: install
	@cargo build --release --locked
	@signs="$$(target/release/dialnexa demo)" && \
	DIALNEXA_SIMULATE_ENGINE_KEY="$$(sed -n 's/^DEMO_ENGINE_KEY=//p' <<<"$$signs")" \
	DIALNEXA_SIMULATE_API_KEY="$$(sed -n 's/^LIVE_API_KEY=//p' <<<"$$signs")" \
		exec target/release/dialnexa simulate $(SIMULATE)

install:
	@scripts/install.sh

install-for-tests:
	@scripts/install.sh --for-tests

test: install-for-tests $(AXE) $(SCHEMATHESIS)/installed $(MOTO)/installed $(LOCALSTRIPE)/installed
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

# What tries the API against its own description. All versions are pinned.
$(SCHEMATHESIS)/installed: tests/schemathesis/requirements.txt
	@rm -rf target/schemathesis
	python3 -m venv $(SCHEMATHESIS)
	$(SCHEMATHESIS)/bin/pip install --quiet --disable-pip-version-check --no-deps -r $<
	@touch $@

# A store that speaks S3, for the tests of recordings in buckets. All versions are pinned.
$(MOTO)/installed: tests/moto/requirements.txt
	@rm -rf target/moto
	python3 -m venv $(MOTO)
	$(MOTO)/bin/pip install --quiet --disable-pip-version-check --no-deps -r $<
	@touch $@

# A Stripe of its own, for the tests of payments. All versions are pinned.
$(LOCALSTRIPE)/installed: tests/localstripe/requirements.txt
	@rm -rf target/localstripe
	python3 -m venv $(LOCALSTRIPE)
	$(LOCALSTRIPE)/bin/pip install --quiet --disable-pip-version-check --no-deps -r $<
	@touch $@
