#!/bin/sh
# build_task.sh ENTRY: the harness calls this to build the submission in this folder. The stages are scripts, so that only
# links are made, in the folder where the harness looks for programs.
set -eu

entry=${1:?give the folder of the submission}
mkdir -p "$entry/build"
for stage in "$entry"/stages/client_* "$entry"/stages/server_*; do
    ln -sf "../stages/${stage##*/}" "$entry/build/${stage##*/}"
done
