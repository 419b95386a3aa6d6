# What the examples share: the binary, a folder for their files, and a service that ends with them.
# Sourced by their run.sh, which has gone to the repository's root. POSIX sh.

# The binary: $VEILCAST, or one built here.
if [ -z "${VEILCAST:-}" ]; then
    cargo build --release --locked --package veilcast-cli
    VEILCAST=${CARGO_TARGET_DIR:-target}/release/veilcast
fi

# The cloud's files and the data owner's, in a folder that is left behind only if $WORK names it.
if [ -z "${WORK:-}" ]; then
    WORK=$(mktemp -d)
    temporary=$WORK
fi
cloud=$WORK/cloud
owner=$WORK/owner
mkdir -p "$cloud" "$owner"
chmod 700 "$owner"

service=
finish() {
    [ -z "$service" ] || kill "$service" 2>/dev/null || true
    [ -z "${temporary:-}" ] || rm -rf "$temporary"
}
trap finish EXIT
trap 'exit 1' INT TERM

say() {
    printf '\n== %s\n' "$*"
}

# Shows a command as it would be typed.
show() {
    printf '$ %s' "$1"
    shift
    for word in "$@"; do
        case $word in
            *[!A-Za-z0-9_./:=,-]*) printf " '%s'" "$word" ;;
            *) printf ' %s' "$word" ;;
        esac
    done
    printf '\n'
}

# Runs a command of the program after showing it.
run() {
    show veilcast "$@"
    "$VEILCAST" "$@"
}

# Runs a script after showing it, with $PYTHON (python3), which has the packages in the example's requirements.txt.
python() {
    show python "$@"
    "${PYTHON:-python3}" "$@"
}

# Ends with what to do if Python lacks one of these modules: needs EXAMPLE MODULE…
needs() {
    example=$1
    shift
    for module in "$@"; do
        if ! "${PYTHON:-python3}" -c "from importlib.util import find_spec as f; exit(not f('$module'))"; then
            cat >&2 <<END
This example needs the Python package $module. Install what it needs, and run it with that Python:
    python3 -m venv venv
    venv/bin/pip install -r examples/$example/requirements.txt
    PYTHON=venv/bin/python examples/$example/run.sh
END
            exit 1
        fi
    done
}

# Serves models on a free port of this machine, and sets $url.
serve() {
    for model in "$@"; do
        set -- "$@" --model "$model"
        shift
    done
    show veilcast serve "$@"
    "$VEILCAST" serve "$@" --listen 127.0.0.1:0 >"$cloud/url" 2>"$cloud/log" &
    service=$!
    tries=0
    until url=$(sed -n 's/^listening on //p' "$cloud/url") && [ -n "$url" ]; do
        tries=$((tries + 1))
        if [ "$tries" -gt 100 ] || ! kill -0 "$service" 2>/dev/null; then
            cat "$cloud/log" >&2
            echo "the service didn't start" >&2
            exit 1
        fi
        sleep 0.1
    done
}

# Says that two files of predictions hold the same, or fails.
same_predictions() {
    if ! cmp "$1" "$2"; then
        echo "the predictions differ" >&2
        exit 1
    fi
    echo "all $(($(wc -l <"$1") - 1)) predictions are the same, digit for digit"
}

# Says how far predictions agree with those that a framework made, or fails.
agree() {
    python examples/agreement.py "$1" "$2"
}
