# `make` lists what there is. Everything fetched goes into HALTWIRE_CACHE.
HALTWIRE_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/haltwire
HALTWIRE_VECTORS ?= ../shared/vectors
export HALTWIRE_CACHE HALTWIRE_VECTORS

ARGS ?=
FUZZTIME ?= 1m
TIMEOUT ?= 12m
COUNT ?= 10
COUNT_RULES ?= 3
MICRO ?= ./sources/codec/json ./rules/lang ./rules/plan ./sinks/clickhouse ./sinks/party/taxii ./sinks/policy ./sinks/freeze/signature ./sinks/caselog ./sinks/desk
BENCHSTAT := v0.0.0-20260908200009-22c9c6c9d4da
PYTHON := $(HALTWIRE_CACHE)/python
PYTHON_TOOLS := sinks/party/taxii/testdata/python.txt
LINT_VERSION := v2.15.0
LINT := $(HALTWIRE_CACHE)/bin/golangci-lint-$(LINT_VERSION)

.DEFAULT_GOAL := help
.PHONY: help doctor engine kafka-jars build demo run test vectors crash fuzz bench bench-load bench-micro bench-rules bench-desk lint fmt clean
.PHONY: needs-go needs-demo needs-test needs-vectors

help: ## Lists the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'
	@echo; echo "  Begin with make demo, then make test."

doctor: ## Says what is missing on this machine and how to install it
	@.make/doctor

# What a target needs stands first among its prerequisites, so that it is missed
# before anything is fetched or built.
needs-go:
	@.make/doctor -q go
needs-demo:
	@.make/doctor -q go npm
needs-test:
	@.make/doctor -q go npm java mvn
needs-vectors:
	@.make/doctor -q go npm java mvn python3 xmllint

engine: ## Fetches the embedded ClickHouse engine, once
	@.make/engine "$(HALTWIRE_CACHE)"

kafka-jars: ## Fetches Apache Kafka for tests, once
	@.make/kafka-jars "$(HALTWIRE_CACHE)"

build: needs-go ## Builds bin/haltwire
	go build -o bin/haltwire ./cmd/haltwire

demo: needs-demo engine build ## Shows everything on this machine; ARGS="--for 20s -o json" goes to it
	@bin/haltwire demo $(ARGS)

run: build ## Runs haltwire; ARGS="-c haltwire.yaml" goes to it
	@bin/haltwire run $(ARGS)

test: needs-test engine kafka-jars ## Vets and runs all tests against the real engine and the real Kafka
	go vet ./...
	go test -timeout $(TIMEOUT) ./...

vectors: needs-vectors engine kafka-jars ## Runs the tests that read published vectors from HALTWIRE_VECTORS
	@test -d "$(HALTWIRE_VECTORS)" || { echo "vectors: $(HALTWIRE_VECTORS) is absent: set HALTWIRE_VECTORS" >&2; exit 1; }
	@cmp -s $(PYTHON_TOOLS) "$(PYTHON)/tools.txt" || { \
	  echo "vectors: fetching the Python tools of $(PYTHON_TOOLS), once" >&2; \
	  python3 -m venv --clear "$(PYTHON)" && "$(PYTHON)/bin/pip" install -q --disable-pip-version-check -r $(PYTHON_TOOLS) && cp $(PYTHON_TOOLS) "$(PYTHON)/tools.txt"; }
	HALTWIRE_VECTORS="$(abspath $(HALTWIRE_VECTORS))" HALTWIRE_PYTHON="$(abspath $(PYTHON))/bin/python" go test -timeout $(TIMEOUT) -tags vectors -run Vector ./...

crash: needs-test engine kafka-jars ## Kills every process at many instants and checks what is left
	go test -timeout 1h -tags crash -run 'Crash|Away|Zombie|Signals' -count 1 -v ./cmd/haltwire/crash
	go test -timeout $(TIMEOUT) -tags crash -run Crash -count 1 $$(go list ./... | grep -v cmd/haltwire/crash)

fuzz: needs-go ## Runs each fuzz target for FUZZTIME
	@.make/fuzz $(FUZZTIME)

bench: bench-load bench-micro bench-rules bench-desk ## Measures: the load test, the packages, rules and windows, the desk

bench-load: needs-test engine kafka-jars build ## Measures haltwire whole, and writes benchmarks/README.md; ARGS go to it
	go run ./benchmarks/load -haltwire bin/haltwire -readme benchmarks/README.md $(ARGS)

bench-micro: needs-go engine ## Runs the packages' benchmarks COUNT times and sums them up
	@mkdir -p bin
	go test -timeout 0 -run '^$$' -bench . -benchmem -count $(COUNT) $(MICRO) | tee bin/bench.txt
	go run golang.org/x/perf/cmd/benchstat@$(BENCHSTAT) bin/bench.txt

bench-rules: needs-go engine ## Measures sets of rules beside expr and ClickHouse, windows, late evidence, backtests
	@mkdir -p bin
	go test -timeout 0 -run '^$$' -bench . -benchtime 3x -count $(COUNT_RULES) ./benchmarks/rules | tee bin/bench-rules.txt
	go test -timeout 0 -run '^$$' -bench . -benchtime 50x -count $(COUNT_RULES) ./rules/window | tee -a bin/bench-rules.txt
	go test -timeout 0 -run '^$$' -bench Backtest -benchtime 1x -count $(COUNT_RULES) ./cmd/haltwire/app | tee -a bin/bench-rules.txt
	go run golang.org/x/perf/cmd/benchstat@$(BENCHSTAT) bin/bench-rules.txt

bench-desk: needs-test kafka-jars ## Measures the desk: requests to partners, dead ones, replay and start; COUNT_RULES times
	@mkdir -p bin
	go test -timeout 0 -run '^$$' -bench Lane -benchtime 3000x -count $(COUNT_RULES) ./benchmarks/desk | tee bin/bench-desk.txt
	go test -timeout 0 -run '^$$' -bench 'Desk|Receipt|Replay|Start' -benchtime 1x -count $(COUNT_RULES) ./benchmarks/desk | tee -a bin/bench-desk.txt
	go run golang.org/x/perf/cmd/benchstat@$(BENCHSTAT) bin/bench-desk.txt

lint: needs-go $(LINT) ## Checks style and the direction of imports
	$(LINT) run ./...

fmt: ## Formats the Go files
	gofmt -w cmd pipeline rules sinks sources benchmarks

clean: ## Removes what was built; the cache stays
	rm -rf bin

$(LINT):
	@mkdir -p "$(HALTWIRE_CACHE)/bin"
	GOBIN="$(HALTWIRE_CACHE)/bin" go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)
	@mv "$(HALTWIRE_CACHE)/bin/golangci-lint" "$@"
