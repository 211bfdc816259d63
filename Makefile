# SPDX-License-Identifier: GPL-2.0
# Each verb is a script of its own in scripts/; `make help` lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
BUILD ?= build
export BUILD LINUX

.PHONY: help setup demo check kunit igt bench model vm-test fuzz lint cocci docs series series-build bump shell build deb deb-test clean

help:
	@echo 'make demo           build, boot, do the real thing and show it'
	@echo 'make check          run every test; the last line is N passed, N failed'
	@echo 'make kunit          KUnit suites in user-mode Linux (T=glob: only these suites)'
	@echo 'make model          every order of steps of a revoke (T=glob: only these cases)'
	@echo 'make vm-test        the tests that boot a guest (T=glob: only these)'
	@echo 'make bench          what mapping costs, base and here (BENCH=: options of scripts/bench)'
	@echo 'make igt            IGT: our tests, and its own against the base kernel (T=glob: programs)'
	@echo 'make fuzz           random calls, every answer checked (CASES=, LIMIT=, SEED=, KERNEL=)'
	@echo 'make lint           checkpatch, sparse, W=1, kernel-doc, shellcheck, ...'
	@echo 'make docs           the pages as HTML: build/docs/html (DOCS=--whole: as a whole kernel has them)'
	@echo 'make cocci          semantic patches: tests, and what importers and exporters do in the base'
	@echo 'make series         the mails of each topic, to be sent: build/series/mails (SIGNOFF="Name <mail>")'
	@echo 'make series-build   compile each commit, x86_64 and arm64, gcc and clang (SERIES=: its options)'
	@echo 'make bump           move it all to another kernel (LINUX=: also newest, 7.2 ...; see scripts/bump)'
	@echo 'make shell          a shell in a guest, with dmabufctl (KERNEL=plain|debug|base, IOMMU=...)'
	@echo 'make build          only build a kernel (KERNEL=plain|debug|base)'
	@echo 'make deb            Debian packages for a real machine (CONFIG=, LSMOD=, FULL=1, DEBUG=1)'
	@echo 'make deb-test       package a small kernel, install it, boot it in a guest: minutes'
	@echo 'make clean          remove build/'
	@echo
	@echo 'LINUX=PATH takes a kernel tree, tarball or .deb instead of fetching one.'

setup:
	@scripts/setup

demo: setup
	@scripts/demo

check: setup
	@scripts/check | scripts/tally

kunit: setup
	@scripts/kunit um $(if $(T),'$(T)') | scripts/tally

igt: setup
	@scripts/igt $(KERNEL) $(if $(T),'$(T)') | scripts/tally

bench:
	@scripts/setup gnuplot-nox
	@scripts/bench $(BENCH)

model: setup
	@scripts/model $(if $(T),'$(T)') | scripts/tally

vm-test: setup
	@scripts/vm-test $(if $(T),'$(T)') | scripts/tally

fuzz: setup
	@scripts/fuzz

lint: setup
	@scripts/lint | scripts/tally

cocci: setup
	@scripts/cocci | scripts/tally

docs: setup
	@scripts/docs $(DOCS)

series: setup
	@scripts/series

series-build: setup
	@scripts/series --no-mails
	@scripts/series-build $(SERIES) | scripts/tally

bump: setup
	@scripts/bump

KERNEL ?= plain
IOMMU ?= intel
shell: setup
	@scripts/vm --kernel $(KERNEL) --iommu $(IOMMU) --add "$$(scripts/tool)" --shell

build: setup
	@scripts/build $(KERNEL)

deb:
	@scripts/setup debhelper dpkg-dev libdw-dev $(if $(DEBUG),dwarves)
	@scripts/deb

deb-test:
	@scripts/setup debhelper dpkg-dev libdw-dev pciutils
	@scripts/deb-test | scripts/tally

clean:
	rm -rf '$(BUILD)'
