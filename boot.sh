#! /bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Makes "configure" and the Makefile.in in a fresh checkout.  A distribution
# tarball already holds both and does not need this.

set -e
cd "$(dirname "$0")"

missing=
need () {
    command -v "$1" > /dev/null 2>&1 || missing="$missing $2"
}
need autoreconf autoconf
need automake automake
need libtoolize libtool
if test -n "$missing"; then
    echo "boot.sh: missing tools; this brings them:" >&2
    echo "    apt-get install$missing" >&2
    exit 1
fi

autoreconf --install --force
