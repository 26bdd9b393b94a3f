# Two commands: `make demo` shows the tool at work, `make test` runs the tests. Both install what
# they need from Debian and PyPI if it is missing. `make dist` and `make install` put the tool on a
# machine. `make bench`, `bench-peers`, `bench-command` and `bench-evaluation` measure;
# Benchmarks/README.md tells what. `make test-big` is for models larger than memory.

.PHONY: demo test test-big build lint format packages clean bench bench-peers bench-command
.PHONY: bench-blocks bench-calibration bench-evaluation bench-tokenizers accuracy efforts reference compared arrows examples
.PHONY: dist install uninstall test-dist check-split check-imatrix
.PHONY: check-architectures check-calibration check-experts quality bench-plans test-slurm check-manifests fuzz mutate sanitize

# Tests run optimized: SIMD code without optimization is a hundred times slower.
swift_flags := -c release

demo: build
	@scripts/demo

build: packages
	swift build $(swift_flags) --product gguf-tool

test: packages
	@scripts/install-python
	PATH="$(CURDIR)/.build/python/bin:$$PATH" swift test $(swift_flags)

# An archive for machines without Swift, and the tree that is in it: .build/dist.
dist: packages
	@scripts/dist

# Puts what `make dist` made under a prefix: make install PREFIX=/usr DESTDIR=/tmp/package.
PREFIX = /usr/local
DESTDIR =
install uninstall:
	@scripts/install $@ "$(DESTDIR)$(PREFIX)"

# Tries the archive in a Debian 12 without Swift, its man pages, and its completions in three shells;
# needs root.
test-dist:
	@scripts/test-dist

# A model of 30 GB in 8 GB of memory, read once; a sparse file, so that it takes little disk. Of other
# architectures, too: make test-big ARCHITECTURE=qwen35moe.
ARCHITECTURE = llama
test-big: build
	@scripts/install-python
	.build/python/bin/python3 Tests/Scripts/big_model.py --architecture $(ARCHITECTURE) $(options)

# Feeds what is read from files with damaged ones: make fuzz SECONDS=600 TARGET=tokenizer. What runs
# found is kept in .build/fuzz, and counted there.
SECONDS = 60
TARGET =
fuzz: packages
	swift build --package-path Tests/Fuzz --scratch-path .build/fuzz/build -c release \
	  --product fuzz -Xswiftc -sanitize=fuzzer,address
	python3 Tests/Fuzz/run.py --seconds $(SECONDS) $(TARGET)

# Runs every command on 20,000 damaged models: make mutate COUNT=1000 SEED=7.
COUNT = 20000
SEED = 1
mutate: build
	python3 Tests/Fuzz/mutate.py --count $(COUNT) --seed $(SEED)

# The tests under AddressSanitizer and ThreadSanitizer, each in a build of its own.
sanitize: packages
	@scripts/install-python
	PATH="$(CURDIR)/.build/python/bin:$$PATH" scripts/sanitize address
	PATH="$(CURDIR)/.build/python/bin:$$PATH" scripts/sanitize thread

packages:
	@scripts/install-packages

# Options for the programs: make bench-peers options="--types Q4_K,Q6_K --seconds 3"
options =
benchmarks := swift build -c release --package-path Benchmarks --product
peers = Benchmarks/.build/release/bench-peers --vectors .build/quant-vectors.gguf $(options)
sources := Package.swift Sources Tests Examples/Library/Package.swift Examples/Library/Sources \
  Benchmarks/Package.swift Benchmarks/Sources

bench: packages
	$(benchmarks) bench
	Benchmarks/.build/release/bench $(options)

bench-peers: reference
	$(peers) --json .build/bench-peers.json

# Measures the same and renews the tables of the documents.
accuracy: reference
	$(peers) $(addprefix --markdown ,Docs/Accuracy.md $(wildcard README.md))

# Measures our three efforts and renews their table.
efforts: compared
	$(peers) --efforts --markdown Docs/Accuracy.md

bench-command: build
	@scripts/install-python
	@scripts/install-reference
	Benchmarks/whole-command.sh

# What each kind of block (attention, delta rules, scans, convolutions) costs the evaluator.
bench-blocks: build
	@scripts/install-python
	.build/python/bin/python3 Benchmarks/block-speed.py $(options)

# Compares the evaluator's logits with the reference's, on tiny models of every architecture.
check-architectures: build
	@scripts/install-python
	@scripts/install-reference
	@scripts/check-architectures $(options)

# Compares models that split-experts makes: pruned, dense, in shards, and in a tensor each.
check-experts: build
	@scripts/install-python
	@scripts/install-reference
	@scripts/check-experts $(options)

# Compares calibrated models with the reference: it loads them, and logits agree.
check-calibration: build
	@scripts/install-python
	@scripts/install-reference
	@scripts/check-calibration $(options)

# Compares split and merge with llama.cpp's tool, both ways.
check-split: build
	@scripts/install-python
	.build/python/bin/python3 scripts/check-split $(options)

# Compares importance matrices with llama-imatrix's, on the tiny models of ../shared.
check-imatrix: build
	@scripts/install-python
	.build/python/bin/python3 scripts/check-imatrix $(options)

# Tries Examples/slurm on a Slurm cluster of this machine alone, which it installs; needs root.
test-slurm: build
	@scripts/test-slurm

# Examples/Library as a package outside, by path and by a version: what make test runs as part of this one.
examples: packages
	scripts/examples
	scripts/examples --versioned

# Holds Examples/kubernetes to the schema of its API.
check-manifests:
	@scripts/check-manifests

# Damage that presets do to the tiny models of ../shared, against the reference's figures.
quality: build
	python3 Benchmarks/preset-quality.py .build/release/gguf-tool ../shared $(options)

# Models calibrated on a text against llama-quantize's at the same bytes.
bench-calibration: build
	@scripts/install-python
	@scripts/install-reference
	.build/python/bin/python3 Benchmarks/calibration-quality.py .build/release/gguf-tool ../shared $(options)

# Divergence of planned types against presets of the same size.
bench-plans: build
	python3 Benchmarks/plan-quality.py .build/release/gguf-tool ../shared $(options)

bench-tokenizers: build
	python3 Benchmarks/tokenizer-speed.py .build/release/gguf-tool $(options)

bench-evaluation: build
	@scripts/install-python
	@scripts/install-reference
	Benchmarks/evaluation-peers.sh $(options)

reference: compared
	@scripts/install-reference

compared: packages
	@mkdir -p .build
	zstd -dqf TestVectors/quant-vectors.gguf.zst -o .build/quant-vectors.gguf
	$(benchmarks) bench-peers

lint:
	swift format lint --strict --recursive --parallel $(sources)

# What each module uses, and what folders of one module name of each other; a cycle is an error. All
# that one folder names: make arrows options="--folder QuantPlanning/Plans"; options="--json" for
# programs.
arrows: packages
	@scripts/arrows $(options)

format:
	swift format --in-place --recursive --parallel $(sources)

clean:
	rm -rf .build Benchmarks/.build
