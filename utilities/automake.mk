# SPDX-License-Identifier: Apache-2.0

EXTRA_DIST += \
	utilities/quickstart \
	utilities/quickstart-count.bash

dist_bin_SCRIPTS = \
	utilities/hwvxlan-restart-time \
	utilities/hwvxlan-sandbox
sandboxdir = $(pkgdatadir)/sandbox
dist_sandbox_DATA = \
	utilities/sandbox/network.bash \
	utilities/sandbox/process.bash \
	utilities/sandbox/segment.bash \
	utilities/sandbox/tcp.py \
	utilities/sandbox/traffic.bash
