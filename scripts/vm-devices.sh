# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2153,SC2054
# (SC2034: scripts/vm and vm-host.sh use them; SC2054: the commas are QEMU's.)
# Sourced by scripts/vm: the machine that the guest sees, as the array QEMU.

# port: the bus that the next device sits on, in BUS. Slot numbers only grow, so that a device
# has the same address in each run of one topology.
next_port() {
	PORTS=$((PORTS + 1))
	case $TOPOLOGY in
	ports)
		BUS=rp$PORTS
		QEMU+=(-device "pcie-root-port,id=$BUS,chassis=1,slot=$PORTS")
		;;
	switch)
		BUS=dn$PORTS
		QEMU+=(-device "xio3130-downstream,id=$BUS,bus=up,chassis=1,slot=$PORTS")
		;;
	root) BUS=pcie.0 ;;
	esac
}

# device NAME,id=ID,PROPERTIES: behind a port of its own, and in DEVICES for vm-host.sh.
declare -A DEVICES
device() {
	local id=${1#*,id=}
	next_port
	QEMU+=(-device "$1,bus=$BUS")
	DEVICES[${id%%,*}]=$1,bus=$BUS
}

# memory ID SIZE: of an ivshmem; in MEMDEVS for vm-host.sh.
declare -A MEMDEVS
memory() {
	MEMDEVS[$1]=memory-backend-memfd,id=$1,size=$2,share=on
	QEMU+=(-object "${MEMDEVS[$1]}")
}

accelerator() {
	local thread=multi
	[ -z "$SINGLE" ] || thread=single
	if [ "$ICOUNT" ]; then
		QEMU+=(-accel tcg,thread=single -icount "shift=${SHIFT:-3},sleep=off"
			-rtc base=2026-01-01T00:00:00,clock=vm)
		ARGS+=(nokaslr tsc=reliable)
		return
	fi
	[ "$ACCEL" != auto ] || ACCEL=$(kvm_or_tcg)
	case $ACCEL in
	kvm) QEMU+=(-accel kvm) ;;
	tcg) QEMU+=(-accel "tcg,thread=$thread") ;;
	*) runner_error "--accel $ACCEL: auto, tcg or kvm" ;;
	esac
}

# KVM counts only if a kernel boots with it: a /dev/kvm that opens may do nothing more.
# The answer is kept until the machine boots again.
kvm_or_tcg() {
	local answer
	answer=$CACHE/accel-$(cat /proc/sys/kernel/random/boot_id)
	if [ ! -f "$answer" ]; then
		rm -f "$CACHE"/accel-*
		echo tcg >"$answer.$$"
		if [ -r /dev/kvm ] && [ -w /dev/kvm ] &&
			timeout -k 1 10 qemu-system-x86_64 -accel kvm -machine q35 -cpu "$CPU" -m 512M \
				-display none -nodefaults -no-reboot -serial stdio -kernel "$IMAGE" \
				-append 'console=ttyS0 panic=-1' </dev/null 2>/dev/null |
			grep -q 'Linux version'; then
			echo kvm >"$answer.$$"
		fi
		mv "$answer.$$" "$answer"
	fi
	cat "$answer"
}

iommu() {
	case $IOMMU in
	intel) QEMU+=(-device "intel-iommu,intremap=on,caching-mode=on,aw-bits=48") ;;
	# In caching mode the kernel takes an IOMMU for one that must be told of everything at once.
	lazy)
		QEMU+=(-device "intel-iommu,intremap=on,aw-bits=48")
		ARGS+=(iommu.strict=0)
		;;
	amd) QEMU+=(-device amd-iommu,intremap=on) ;;
	virtio) QEMU+=(-device virtio-iommu-pci) ;;
	none) ARGS+=(vfio.enable_unsafe_noiommu_mode=1) ;;
	*) runner_error "--iommu $IOMMU: intel, lazy, amd, virtio or none" ;;
	esac
	# Without interrupt remapping VFIO wants to be told that it may.
	case $IOMMU in
	amd | virtio | none) ARGS+=(iommufd.allow_unsafe_interrupts=1 vfio_iommu_type1.allow_unsafe_interrupts=1) ;;
	esac
}

topology() {
	PORTS=0
	# QEMU 7.2's amd-iommu looks a device up by the bus number that it had before the firmware
	# numbered the buses: it translates nothing for a device behind a port or a switch.
	# So there the devices sit on the root bus itself.
	case $IOMMU-$TOPOLOGY in
	amd-ports) TOPOLOGY=root ;;
	amd-switch) runner_error "QEMU's amd-iommu does not translate for devices behind a switch" ;;
	esac
	case $TOPOLOGY in
	ports | root) ;;
	switch) QEMU+=(-device pcie-root-port,id=root,chassis=0,slot=0
		-device x3130-upstream,id=up,bus=root) ;;
	*) runner_error "--topology $TOPOLOGY: ports, switch or root" ;;
	esac
}

devices() {
	memory bar0 "$BAR"
	memory bar1 4M
	QEMU+=(-global edu.dma_mask=0xffffffffffffffff
		-drive "file=$RUN/nvme.img,format=raw,if=none,id=disk,cache=unsafe"
		-netdev user,id=net,restrict=on)
	truncate -s 64M "$RUN/nvme.img"
	device ivshmem-plain,id=ivshmem0,memdev=bar0
	device ivshmem-plain,id=ivshmem1,memdev=bar1
	device edu,id=edu0
	device edu,id=edu1
	device pci-testdev,id=testdev,membar=1M
	device nvme,id=nvme,serial=phys,drive=disk,cmb_size_mb=16
	device "virtio-gpu-pci,id=gpu,iommu_platform=on${BLOB:+,blob=on}"
	device virtio-net-pci,id=nic,netdev=net,iommu_platform=on,disable-legacy=on,romfile=
}

# choose_qemu: this machine's, or the newer one, which takes the loader, the libraries and the files
# of its tree. Without the variable it would try the modules of this machine's.
choose_qemu() {
	local tree lib status=0
	EMULATOR=(qemu-system-x86_64)
	[ "$NEW_QEMU" ] || return 0
	tree=$("$TOP/scripts/fetch-tree" qemu) || status=$?
	if [ "$status" != 0 ]; then
		echo "$tree"
		[ "$status" = 4 ] || status=125
		exit "$status"
	fi
	lib=$tree/usr/lib/x86_64-linux-gnu
	EMULATOR=(env "QEMU_MODULE_DIR=$lib/qemu" "$lib/ld-linux-x86-64.so.2" --library-path "$lib"
		"$tree/usr/bin/qemu-system-x86_64" -L "$tree/usr/share/qemu" -L "$tree/usr/share/seabios")
}

qemu_arguments() {
	ARGS=(console=ttyS0 panic=-1 no_timer_check)
	QEMU=(-machine q35,kernel-irqchip=split -cpu "$CPU" -smp "$SMP" -m "$MEMORY"
		-nodefaults -no-user-config -no-reboot -display none -vga none)
	accelerator
	iommu
	topology
	devices
	QEMU+=(-chardev "file,id=console,path=$LOG" -serial chardev:console
		-chardev stdio,id=command,signal=off -serial chardev:command
		-chardev "file,id=status,path=$RUN/status" -serial chardev:status)
	host_arguments
	screen_arguments
	QEMU+=(-qmp unix:qmp,server=on,wait=off
		-kernel "$IMAGE" -initrd "$RUN/initramfs" -append "${ARGS[*]} ${APPEND[*]}" "${EXTRA[@]}")
}
