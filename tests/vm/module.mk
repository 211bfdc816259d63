# SPDX-License-Identifier: GPL-2.0
# Included by the Makefile of a module's folder: build it for a kernel that was built with
# scripts/build (and has its modules_prepare):
#
#   make -C tests/vm/legacy KERNEL=$PWD/build/src/base/obj-base OUT=/absolute/folder
#
# OUT is where the objects go; nothing is written beside the sources.
MODULE := $(abspath $(dir $(firstword $(MAKEFILE_LIST))))
TOP := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))/../..)
KERNEL ?= $(TOP)/build/src/phys/obj-plain
OUT ?= $(TOP)/build/$(notdir $(MODULE))/$(notdir $(KERNEL))

# Module.symvers comes with modules, and our kernels have none; it must not be read twice.
SYMBOLS := $(if $(wildcard $(KERNEL)/Module.symvers),,$(KERNEL)/vmlinux.symvers)

all:
	mkdir -p $(OUT)
	$(MAKE) -C $(KERNEL) M=$(MODULE) MO=$(OUT) KBUILD_EXTRA_SYMBOLS=$(SYMBOLS) modules

.PHONY: all
