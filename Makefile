# The project's commands. Each sets up what it needs by itself: see bootstrap.sh.

bin := .venv/bin
# These alone reach every branch of the core. Counted over all tests, coverage would cost a minute.
core := tests/test_kernel.py tests/aggregates tests/policies

help: ## Show this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /  make \1\t/p' Makefile | expand -t 24

up: setup ## Start everything, print the addresses, follow; Ctrl-C stops it all
	@$(bin)/ecommerce up

down: setup ## Stop what runs in the background
	@$(bin)/ecommerce down

test: setup ## Check style, types and layers, and run all tests
	$(bin)/ruff check
	$(bin)/ruff format --check
	$(bin)/mypy
	$(bin)/lint-imports
	$(bin)/pytest --cov --cov-report=term:skip-covered $(core)
	$(bin)/pytest $(addprefix --ignore=,$(core))

test-long: setup ## Keep the broker away for 30 s, and send 50,000 messages while instances come and go
	ECOMMERCE_TEST_OUTAGE_SECONDS=30 ECOMMERCE_TEST_MESSAGES=50000 $(bin)/pytest \
		tests/integration/test_bus_broker_lost.py tests/integration/test_bus_scale.py \
		-k 'away_under_load or three_instances_share'

test-rabbitmq-4: setup ## Run the bus's tests on RabbitMQ 4.3 or newer, from Debian's newest suite
	@infra/rabbitmq/broker4.sh make
	@echo "RabbitMQ $$(infra/rabbitmq/broker4.sh version)"
	ECOMMERCE_TEST_RABBITMQ4=$$(infra/rabbitmq/broker4.sh make) $(bin)/pytest tests/integration/test_bus_*.py

explore-loop: setup ## Try the command loop with faults for SECONDS, or with one SEED again
	@cd tests && ../$(bin)/python -m explorer.run $(or $(SECONDS),60) $(SEED)

explore: setup ## Try the saga in every order of events for MINUTES, or by one SEED again
	@cd tests && ../$(bin)/python -m explorer.saga.run $(or $(MINUTES),1) $(SEED)

torture-kills: setup ## Kill anything for SECONDS while six real days are imported, by SEED
	@cd tests && ../$(bin)/python -m kills.run $(or $(SECONDS),120) $(SEED)

bench: setup ## Measure how fast everything is, against its limits; BENCH=append measures one
	@$(bin)/python -m benchmarks $(BENCH)

bench-quick: setup ## The same in under 3 minutes, less sure
	@$(bin)/python -m benchmarks --quick $(BENCH)

bench-load: setup ## Time how a stream of 100,000 events is loaded
	@$(bin)/python -m benchmarks.load

bench-soak: setup ## Order for SECONDS, an hour, and tell what memory the services take
	@$(bin)/python -m benchmarks.soak $(or $(SECONDS),3600)

fmt: setup ## Format the code, and mend what the linter can mend
	$(bin)/ruff check --fix
	$(bin)/ruff format

setup:
	@./bootstrap.sh

.PHONY: help up down test test-long test-rabbitmq-4 explore explore-loop torture-kills bench bench-quick bench-load bench-soak fmt setup
