# Shortcuts; the build itself is Meson's (meson.build).
#
#   make              build build/tutti, optimised
#   make run          install what is missing, build, serve on LISTEN with data in DATA, and your own
#                     files in STATIC, if that is given, at /static/
#   make test         install what is missing, build, run every test
#   make install      build, and copy program, unit for systemd and documentation to PREFIX below
#                     DESTDIR; `make run` or `scripts/install run` installs what building needs
#   make bench        measure the server against its floors, and what one hostile client costs the
#                     others (QUICK=1: shorter rounds)
#   make bench-other  the same operations by another build, OTHER=its program, beside this one's
#   make bench-peers  durable writes a second, beside etcd, PostgreSQL and Redis
#   make fuzz         run every fuzz target for FUZZ_SECONDS
#   make format       lay out the C files
#   make clean        remove what was built

LISTEN = 127.0.0.1:8080
DATA = tutti-data
STATIC =
PREFIX = /usr/local
DESTDIR =
BINARY = build/tutti
FUZZ_SECONDS = 60
QUICK =
OTHER =

.PHONY: all run test install install-files bench bench-other bench-peers fuzz format clean

all: build/build.ninja
	@ninja -C build --quiet tutti

build/build.ninja:
	@meson setup build --buildtype=debugoptimized

run:
	@scripts/install run
	@$(MAKE) --no-print-directory all
	@exec scripts/run $(LISTEN) $(DATA) $(STATIC)

test:
	@scripts/install test
	@exec scripts/test

install: all
	@$(MAKE) --no-print-directory install-files

# Without building: BINARY is there.
install-files:
	install -D -m 755 $(BINARY) $(DESTDIR)$(PREFIX)/bin/tutti
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's|@PREFIX@|$(PREFIX)|' packaging/tutti.service >$(DESTDIR)$(PREFIX)/lib/systemd/system/tutti.service
	install -d $(DESTDIR)$(PREFIX)/share/doc/tutti
	install -m 644 README.md SECURITY.md CHANGELOG.md LICENSE docs/*.md docs/*.png $(DESTDIR)$(PREFIX)/share/doc/tutti

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
