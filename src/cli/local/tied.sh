#!/bin/sh
# Runs the program $TIED_PROGRAM so that it never outlives the process that started it. A parent that is
# killed cannot clean up, and a server left behind keeps its port and its data folder.
#
# Standard output is a socket whose other end only the parent holds and never writes to: reading from
# it waits, and returns when the parent is gone, however it went. exec keeps the process id, so $$ is
# the program's. The watcher starts first: at no moment does it run unwatched.
#
# Ctrl-C and a closed terminal reach the whole process group; they are the parent's to answer.
trap '' INT HUP
(
  cd /
  read -r _ <&1
  kill -9 $$ 2>/dev/null
) &
exec "$TIED_PROGRAM" "$@"
