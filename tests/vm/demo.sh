#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# demo.sh: the four acts of the demo in the guest. Fails if a claim of one did not hold.
status=0
demo || status=1
rdmabuf story || [ $? = 4 ] || status=1
drmphys story || [ $? = 4 ] || status=1
nvme story || [ $? = 4 ] || status=1
exit $status
