# SPDX-License-Identifier: Apache-2.0

dist_doc_DATA += \
	Documentation/design.rst \
	Documentation/faults.rst \
	Documentation/install.rst \
	Documentation/performance.rst \
	Documentation/reference.rst \
	Documentation/replacement.rst
