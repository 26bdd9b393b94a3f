# Two commands: `make demo` shows the tool at work, `make test` runs the tests. Both install what
# they need from Debian and PyPI if it is missing.

.PHONY: demo test build lint format packages clean

# Tests run optimized: SIMD code without optimization is a hundred times slower.
swift_flags := -c release

demo: build
	@scripts/demo

build: packages
	swift build $(swift_flags) --product gguf-tool

test: packages
	@scripts/install-python
	PATH="$(CURDIR)/.build/python/bin:$$PATH" swift test $(swift_flags)

packages:
	@scripts/install-packages

lint:
	swift format lint --strict --recursive --parallel Sources Tests Package.swift

format:
	swift format --in-place --recursive --parallel Sources Tests Package.swift

clean:
	rm -rf .build
