#!/bin/sh
# Installs the peers into a virtual environment of their own and measures them.
#
#   peers.sh [--bits 2048,3072] [--rounds 5] [--cycles 1] [--weight-bits 6] [--input-bits 4] [--json FILE]
#
# PYTHON names the interpreter, 3.10 by default: sf-heu 0.6 has wheels for no other. With 3.11 it is sf-heu 0.5.
# PEERS_VENV names the environment's folder, target/peers-venv by default.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv=${PEERS_VENV:-$here/../../../target/peers-venv}
python=${PYTHON:-python3.10}

if [ ! -x "$venv/bin/python" ]; then
    command -v "$python" >/dev/null || {
        echo "peers.sh: no $python here: install Python 3.10 or name one by PYTHON" >&2
        exit 1
    }
    "$python" -m venv "$venv"
fi
"$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
(cd "$here" && cargo build --quiet --release --package veilcast-bench)
target=$(cd "$here" && cargo metadata --format-version 1 --no-deps | "$venv/bin/python" -c \
    'import json, sys; print(json.load(sys.stdin)["target_directory"])')
export VEILCAST_BENCH="$target/release/veilcast-bench"
exec "$venv/bin/python" "$here/peers.py" "$@"
