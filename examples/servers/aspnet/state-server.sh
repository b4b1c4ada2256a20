#!/bin/sh
# The state server, on a host of its own: a copy of Debian's, since its configuration lies beside the program.
cd "$(dirname "$0")" || exit 1
cp /usr/lib/xsp/4.0/asp-state4.exe .
# It ends with its standard input, so that is a pipe into which nobody writes.
[ -p input ] || mkfifo input
exec mono asp-state4.exe <>input
