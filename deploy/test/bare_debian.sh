#!/bin/sh
# How long a person takes from a bare Debian to the first private prediction: each step and its seconds.
#
#     deploy/test/bare_debian.sh ROOT pip veilcast-0.1.0-….whl
#     deploy/test/bare_debian.sh ROOT deb veilcast_0.1.0-1_amd64.deb
#     deploy/test/bare_debian.sh ROOT cargo TOOLCHAIN
#
# ROOT is what `debootstrap --variant=minbase bookworm ROOT` has made; it is changed. For cargo, TOOLCHAIN is a toolchain's folder,
# such as ~/.rustup/toolchains/stable-x86_64-unknown-linux-gnu, which takes the place of rustup's download; the crates are fetched.
# It needs root. The network is the machine's, and so are the settings of pip and the certificates that the machine trusts.
set -eu

root=$1 way=$2 what=$3
repository=$(cd "$(dirname "$0")/../.." && pwd)

inside() {
    chroot "$root" /usr/bin/env -i PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin:/opt/rust/bin HOME=/root LANG=C.UTF-8 \
        DEBIAN_FRONTEND=noninteractive SSL_CERT_FILE=/opt/certificates.pem CARGO_HTTP_CAINFO=/opt/certificates.pem \
        PIP_CERT=/opt/certificates.pem sh -ec "$1"
}

# A line with the seconds that a step takes.
step() {
    start=$(date +%s.%N)
    inside "$2" > "$root/tmp/log" 2>&1 || {
        cat "$root/tmp/log" >&2
        exit 1
    }
    end=$(date +%s.%N)
    echo "$start $end" | awk -v step="$1" '{ printf "%7.1f s  %s\n", $2 - $1, step }'
}

cp /etc/resolv.conf /etc/hosts "$root/etc/"
mkdir -p "$root/opt"
cp /etc/ssl/certs/ca-certificates.crt "$root/opt/certificates.pem"
if [ -e /etc/pip.conf ]; then cp /etc/pip.conf "$root/etc/"; fi
mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"
# The devices are those that debootstrap has made. Who deletes ROOT while something of the machine is mounted there for writing, if
# only because this was killed, deletes it on the machine, too.
trap 'umount "$root/proc" "$root/opt/rust" 2> /dev/null || umount --lazy "$root/proc" "$root/opt/rust" 2> /dev/null || :' EXIT
trap 'exit 1' HUP INT TERM

step "apt-get update" "apt-get update"
case $way in
    pip)
        cp "$what" "$root/tmp/"
        step "apt-get install python3-venv" "apt-get install --yes --no-install-recommends python3-venv"
        step "python3 -m venv; pip install veilcast" \
            "python3 -m venv /root/venv && /root/venv/bin/pip install /tmp/$(basename "$what")"
        program=/root/venv/bin/veilcast
        ;;
    deb)
        cp "$what" "$root/tmp/"
        step "apt-get install ./veilcast.deb" "apt-get install --yes --no-install-recommends /tmp/$(basename "$what")"
        program=veilcast
        ;;
    cargo)
        mkdir -p "$root/opt/rust" "$root/root/veilcast"
        mount --bind -o ro "$what" "$root/opt/rust"
        git -C "$repository" archive HEAD | tar -x -C "$root/root/veilcast"
        step "apt-get install gcc libc6-dev" "apt-get install --yes --no-install-recommends gcc libc6-dev"
        step "cargo install --path crates/cli" "cd /root/veilcast && cargo install --locked --path crates/cli --root /usr/local"
        program=veilcast
        ;;
    *)
        echo "the way is pip, deb or cargo, not $way" >&2
        exit 2
        ;;
esac
step "veilcast demo --count 1 --exit" "$program demo --count 1 --exit --json"
grep -q '"agreeing":1' "$root/tmp/log" || {
    cat "$root/tmp/log" >&2
    exit 1
}
