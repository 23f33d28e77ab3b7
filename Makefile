# For people: each target says what it did. CMake and Ninja do the work; `make help` lists what there is.
SHELL  := /bin/bash
PRESET ?= release
BUILD  := build/$(PRESET)
TAEL   := build/release/tael
PREFIX ?= /usr/local
S      ?= 60

.PHONY: run test check bench fuzz fuzz-all sanitize golden fmt install setup build arm64 demo-cluster clean help

run: build ## import a bill and ask about it (BILL=file, QUESTION=text, MODEL=name)
	@scripts/show

test: build ## build and run all tests
	@scripts/test-model
	@ctest --test-dir $(BUILD) --output-on-failure -j2

check: ## the quick checks that CI runs besides the tests: format, floors, exports, headers, links
	@scripts/check

bench: build ## speed and agreement beside llama.cpp, in one run (see bench/README.md)
	@bench/run

fuzz: ## fuzz one target: T=gguf S=60 (seconds)
	@scripts/fuzz "$(T)" "$(S)"

fuzz-all: ## every target for S seconds each
	@scripts/fuzz all "$(S)"

sanitize: setup ## the tests under address, undefined and thread sanitizers
	@scripts/sanitize

demo-cluster: build ## three servers behind HAProxy under load, one is killed: what was lost (half a minute)
	@scripts/setup --cluster
	@scripts/demo-cluster $(TAEL)

arm64: setup ## cross-build the kernels for ARM64 and check them under qemu
	@scripts/arm64

golden: ## remake golden files from the reference implementations (docs in tests/*/make_*.py)
	@scripts/golden

fmt: ## format all C files
	@git ls-files '*.c' '*.h' | xargs clang-format -i

install: build ## install under PREFIX (default /usr/local), staged by DESTDIR
	@DESTDIR=$(DESTDIR) cmake --install build/release --prefix $(PREFIX)

setup: ## install what is missing on Debian 12
	@scripts/setup

build: setup
	@[ -f $(BUILD)/build.ninja ] || cmake --preset $(PRESET) >/dev/null
	@cmake --build $(BUILD) -- --quiet

clean: ## remove built files (models and the ledger stay)
	@rm -rf build

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile
