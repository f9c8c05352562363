# Heimdall. `make help` lists everything; README.md says what it is.

SHELL := /bin/bash
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X heimdall/app.Version=$(VERSION)
BUILD   := go build -trimpath -ldflags "$(LDFLAGS)"
WINDOW  := window,desktop,production,webkit2_41
GUI     := go build -trimpath -ldflags "$(LDFLAGS) -H windowsgui"
TALLY   := build/cache/tally-tool
PAGE    := frontend/dist/index.html
PRICES  := build/tools/prices/node_modules/.installed
SOURCES := $(shell find frontend/src frontend/public frontend/index.html frontend/vite.config.ts frontend/svelte.config.js frontend/tsconfig.json -type f 2>/dev/null)

.PHONY: help run dev build headless desktop test test-go test-frontend test-sdk test-agents fuzz race lint gen fresh golden bench e2e e2e-page e2e-desktop screenshots cross check clean

help: ## what there is
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

run: ## build, and open the app; without a display: serve headless
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || [ "$$(uname)" != Linux ]; then \
		$(MAKE) --no-print-directory build && exec build/bin/heimdall; \
	else \
		$(MAKE) --no-print-directory headless && exec build/bin/heimdall-headless serve; \
	fi

dev: tools frontend/node_modules/.installed ## the page with hot reload, against a gateway that runs on 8080
	cd frontend && npm run dev

build: headless desktop ## all three programs, in build/bin

headless: $(PAGE) ## the headless program
	CGO_ENABLED=0 $(BUILD) -o build/bin/heimdall-headless .

desktop: $(PAGE) ## the desktop program and its window
	@build/setup.sh build
	$(BUILD) -tags tray -o build/bin/heimdall .
	CGO_ENABLED=1 $(BUILD) -tags $(WINDOW) -o build/bin/heimdall-window .

test: test-go test-frontend test-sdk e2e ## every test: Go, page, SDKs, browser, real desktop window

test-go: tools $(TALLY) $(PRICES) ## Go tests, with the race detector, beside a PostgreSQL of their own
	@build/setup.sh test
	build/postgres.sh $(TALLY) run "go test" go test -race -json ./...

test-frontend: $(PAGE) $(TALLY) ## the page's unit tests and types
	$(TALLY) run "frontend types" npm --prefix frontend run --silent check
	$(TALLY) run "frontend units" npm --prefix frontend run --silent test

test-sdk: headless $(TALLY) gateway/sdktest/node_modules/.installed ## real SDKs through the gateway
	HEIMDALL_BIN=$(CURDIR)/build/bin/heimdall-headless $(TALLY) run "SDKs" node --test gateway/sdktest/*.test.mjs

FUZZTIME ?= 10s
fuzz: ## every decoder and reader against bytes that nobody expects, FUZZTIME for each
	@grep -ro --include='*_test.go' 'func Fuzz[A-Za-z0-9]*' providers gateway | sed 's|/[^/]*_test.go:func | |' | while read -r dir name; do \
	  echo "$$dir $$name"; go test ./$$dir -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) || exit 1; done

test-agents: headless $(TALLY) gateway/agenttest/node_modules/.installed ## real coding agents through the gateway, with no network but loopback
	@build/setup.sh agents
	HEIMDALL_BIN=$(CURDIR)/build/bin/heimdall-headless $(TALLY) run "agents" gateway/agenttest/offline.sh node --test gateway/agenttest/*.test.mjs

race: test-go ## the same as test-go

e2e: e2e-page e2e-desktop ## browser tests and desktop tests

e2e-page: headless $(TALLY) gateway/sdktest/node_modules/.installed ## the page in Chromium, against the headless program
	@build/setup.sh test
	HEIMDALL_BIN=$(CURDIR)/build/bin/heimdall-headless $(TALLY) run "page in Chromium" node --test frontend/e2e/*.test.mjs

e2e-desktop: build $(TALLY) gateway/sdktest/node_modules/.installed ## the real window and tray, under a virtual display
	@build/setup.sh test
	$(TALLY) run "desktop" go test -json -count=1 -tags e2e -timeout 10m ./app/e2e

lint: tools $(TALLY) ## go vet for every program, staticcheck, exhaustive switches, formatting
	@build/setup.sh build
	$(TALLY) run "gofmt" bash -c 'out=$$(gofmt -l $$(git ls-files -co --exclude-standard "*.go")); [ -z "$$out" ] || { echo "not formatted (gofmt -w): $$out"; exit 1; }'
	$(TALLY) run "vet" go vet ./...
	$(TALLY) run "vet tray" go vet -tags tray . ./app/...
	$(TALLY) run "vet window" go vet -tags $(WINDOW) . ./app/...
	$(TALLY) run "vet e2e" go vet -tags e2e ./app/e2e
	$(TALLY) run "staticcheck" go tool -modfile build/tools/lint/go.mod staticcheck $$(go list ./... | grep -v /app)
	$(TALLY) run "staticcheck tray" go tool -modfile build/tools/lint/go.mod staticcheck -tags tray . ./app ./app/control ./app/tray
	$(TALLY) run "staticcheck window" go tool -modfile build/tools/lint/go.mod staticcheck -tags $(WINDOW) . ./app/window
	$(TALLY) run "exhaustive" go tool -modfile build/tools/lint/go.mod exhaustive -default-signifies-exhaustive ./...

gen: $(PRICES) ## write the generated files anew
	go run ./build/tools/providers
	go run ./build/tools/tstypes
	node build/tools/prices/prices.mjs

fresh: $(TALLY) $(PRICES) ## fail where a generated file is stale
	$(TALLY) run "provider list" go run ./build/tools/providers -check
	$(TALLY) run "page types" go run ./build/tools/tstypes -check
	$(TALLY) run "prices" node build/tools/prices/prices.mjs -check

golden: $(PRICES) ## write the golden files of the tests anew
	go test ./providers/dialect/... -update
	node build/tools/prices/cases.mjs 400 1 > providers/catalog/testdata/cases.jsonl

bench: headless ## what the gateway adds, side by side with a raw proxy, and a log of a million requests (docs/performance.md)
	go run ./gateway/bench
	go test ./gateway/sqlstore -run '^$$' -bench Million -benchtime 20x -timeout 30m

SOAK ?= 10m
soak: ## a gateway under load with pages open that listen, SOAK long
	HEIMDALL_SOAK=$(SOAK) go test ./gateway/gatewaytest -run '^TestSoak$$' -v -timeout 0

screenshots: headless ## docs/screenshots of every page, light and dark
	@build/setup.sh test
	HEIMDALL_BIN=$(CURDIR)/build/bin/heimdall-headless node frontend/e2e/screenshots.mjs

cross: $(PAGE) $(TALLY) ## what can be built for other systems from here
	$(TALLY) run "headless windows/amd64" env GOOS=windows GOARCH=amd64 CGO_ENABLED=0 $(BUILD) -o build/bin/windows/heimdall-headless.exe .
	$(TALLY) run "headless darwin/arm64" env GOOS=darwin GOARCH=arm64 CGO_ENABLED=0 $(BUILD) -o build/bin/darwin/heimdall-headless .
	$(TALLY) run "app windows/amd64" env GOOS=windows GOARCH=amd64 CGO_ENABLED=0 $(GUI) -tags tray -o build/bin/windows/heimdall.exe .
	$(TALLY) run "window windows/amd64" env GOOS=windows GOARCH=amd64 CGO_ENABLED=0 $(GUI) -tags $(WINDOW) -o build/bin/windows/heimdall-window.exe .

check: tools $(TALLY) ## everything that CI runs
	@$(TALLY) reset && git status --porcelain > build/cache/tree
	$(MAKE) --no-print-directory fresh lint test cross
	@build/setup.sh agents
	@if gateway/agenttest/offline.sh true; then $(MAKE) --no-print-directory test-agents; else echo "== agents: left out, because of the above"; fi
	$(TALLY) run "tree left as it was" bash -c 'git status --porcelain | diff build/cache/tree - || { echo "the checks changed the tree"; exit 1; }'

clean: ## remove what was built
	rm -rf build/bin build/cache frontend/dist/assets frontend/dist/index.html

.PHONY: tools
tools:
	@build/setup.sh tools

$(TALLY): build/tools/tally/main.go
	@mkdir -p $(@D)
	@go build -o $@ ./build/tools/tally

$(PAGE): frontend/node_modules/.installed $(SOURCES)
	npm --prefix frontend run --silent build
	@touch $@

# Not npm ci: that wants each platform's binary in the lock, and not every registry has them all. Two agents put their
# program into place with a script of their own; no other package's script runs.
gateway/agenttest/node_modules/.installed: gateway/agenttest/package-lock.json
	@build/setup.sh tools
	npm --prefix gateway/agenttest install --no-save --ignore-scripts --no-audit --no-fund
	cd $(@D) && export HOME="$$PWD/.home" && node @anthropic-ai/claude-code/install.cjs && node opencode-ai/postinstall.mjs
	@touch $@

%/node_modules/.installed: %/package-lock.json
	@build/setup.sh tools
	npm --prefix $* ci --no-audit --no-fund
	@touch $@
