#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# iommufd-suite.sh PROGRAM [ARG...]: run one of upstream's iommufd selftests in the guest.
#
# Its KTAP is passed through, and its exit status. Many cases need huge pages.
PAGES=64
POOL=/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages

echo "$PAGES" >"$POOL"
read -r have <"$POOL"
if [ "${have:-0}" -lt "$PAGES" ]; then
	echo "Bail out! ${have:-0} of $PAGES huge pages"
	exit 1
fi

exec "$@"
