# Shortcuts; the build itself is Meson's (meson.build).
#
#   make              build build/tutti, optimised
#   make run          install what is missing, build, serve on LISTEN with data in DATA
#   make test         install what is missing, build, run every test
#   make bench        measure the server against its floors, and what one hostile client costs the
#                     others (QUICK=1: shorter rounds)
#   make bench-other  the same operations by another build, OTHER=its program, beside this one's
#   make bench-peers  durable writes a second, beside etcd, PostgreSQL and Redis
#   make fuzz         run every fuzz target for FUZZ_SECONDS
#   make format       lay out the C files
#   make clean        remove what was built

LISTEN = 127.0.0.1:8080
DATA = tutti-data
FUZZ_SECONDS = 60
QUICK =
OTHER =

.PHONY: all run test bench bench-other bench-peers fuzz format clean

all: build/build.ninja
	@ninja -C build --quiet tutti

build/build.ninja:
	@meson setup build --buildtype=debugoptimized

run:
	@scripts/install run
	@$(MAKE) --no-print-directory all
	@exec scripts/run $(LISTEN) $(DATA)

test:
	@scripts/install test
	@exec scripts/test

bench:
	@scripts/install bench
	@$(MAKE) --no-print-directory all
	@ninja -C build
	@bench/run $(if $(QUICK),--quick)
	@bench/items $(if $(QUICK),--quick)
	@bench/realtime $(if $(QUICK),--quick)
	@bench/sdk
	@bench/attacks $(if $(QUICK),--quick)

bench-other:
	@scripts/install bench
	@$(MAKE) --no-print-directory all
	@ninja -C build
	@exec bench/compare $(OTHER)

bench-peers:
	@scripts/install peers
	@$(MAKE) --no-print-directory all
	@ninja -C build
	@exec bench/peers $(if $(QUICK),--quick)

fuzz:
	@scripts/install test
	@exec scripts/fuzz $(FUZZ_SECONDS)

format:
	@scripts/format

clean:
	rm -rf build build-gcc build-asan build-tsan build-fuzz
