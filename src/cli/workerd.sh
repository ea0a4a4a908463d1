#!/bin/sh
# Runs workerd so that it never outlives the process that started it. A parent that is killed cannot
# clean up, and a workerd left behind keeps the port and the data folder.
#
# Standard output is a socket whose other end only the parent holds and never writes to: reading from
# it waits, and returns when the parent is gone, however it went. exec keeps the process id, so $$ is
# workerd's. The watcher starts first: at no moment is there a workerd that nobody watches.
#
# Ctrl-C and a closed terminal reach the whole process group; they are the parent's to answer.
trap '' INT HUP
(
  read -r _ <&1
  kill -9 $$ 2>/dev/null
) &
exec "$WORKERD_BINARY" "$@"
