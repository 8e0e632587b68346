# `make` lists what there is. Everything fetched goes into HALTWIRE_CACHE.
HALTWIRE_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/haltwire
HALTWIRE_VECTORS ?= ../shared/vectors
export HALTWIRE_CACHE HALTWIRE_VECTORS

ARGS ?=
FUZZTIME ?= 1m
TIMEOUT ?= 12m
LINT_VERSION := v2.15.0
LINT := $(HALTWIRE_CACHE)/bin/golangci-lint-$(LINT_VERSION)
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

.DEFAULT_GOAL := help
.PHONY: help doctor engine kafka-jars build demo run test vectors crash fuzz bench lint fmt clean

help: ## Lists the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

doctor: ## Says what is missing on this machine and how to install it
	@.make/doctor

engine: ## Fetches the embedded ClickHouse engine, once
	@.make/engine "$(HALTWIRE_CACHE)"

kafka-jars: ## Fetches Apache Kafka for tests, once
	@.make/kafka-jars "$(HALTWIRE_CACHE)"

build: ## Builds bin/haltwire
	go build -o bin/haltwire ./cmd/haltwire

demo: engine build ## Shows everything on this machine; ARGS="--for 20s -o json" goes to it
	@bin/haltwire demo $(ARGS)

run: build ## Runs haltwire; ARGS="-c haltwire.yaml" goes to it
	@bin/haltwire run $(ARGS)

test: engine kafka-jars ## Vets and runs all tests against the real engine and the real Kafka
	go vet ./...
	go test -timeout $(TIMEOUT) ./...

vectors: ## Runs the tests that read published vectors from HALTWIRE_VECTORS
	@test -d "$(HALTWIRE_VECTORS)" || { echo "vectors: $(HALTWIRE_VECTORS) is absent: set HALTWIRE_VECTORS" >&2; exit 1; }
	HALTWIRE_VECTORS="$(abspath $(HALTWIRE_VECTORS))" go test -timeout $(TIMEOUT) -tags vectors -run Vector ./...

crash: engine kafka-jars ## Kills every process at many instants and checks what is left
	go test -timeout $(TIMEOUT) -tags crash -run Crash -count 1 ./...

fuzz: ## Runs each fuzz target for FUZZTIME
	@.make/fuzz $(FUZZTIME)

bench: engine kafka-jars ## Runs the benchmarks
	go test -timeout 0 -run '^$$' -bench . -benchmem ./...

lint: $(LINT) ## Checks style and the direction of imports
	$(LINT) run ./...

fmt: ## Formats the Go files
	gofmt -w cmd pipeline rules sinks sources benchmarks

clean: ## Removes what was built; the cache stays
	rm -rf bin

$(LINT):
	@mkdir -p "$(HALTWIRE_CACHE)/bin"
	GOBIN="$(HALTWIRE_CACHE)/bin" go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)
	@mv "$(HALTWIRE_CACHE)/bin/golangci-lint" "$@"
