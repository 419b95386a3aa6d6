#!/bin/sh
# That an installed program is whole: it has its version, helps, writes its manual pages, and makes a private prediction.
#
#     deploy/test/installed.sh veilcast
set -eu

program=$1
case $program in
    */*) program=$(cd "$(dirname "$program")" && pwd)/$(basename "$program") ;;
esac
root=$(cd "$(dirname "$0")/../.." && pwd)
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$root/Cargo.toml" | head -n 1)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

[ "$("$program" --version)" = "veilcast $version" ] || {
    echo "the program isn't version $version, but: $("$program" --version)" >&2
    exit 1
}
"$program" help predict > help
grep -q "^Example" help
"$program" completions bash > completions
grep -q "voucher" completions
"$program" man --out man
[ -f man/veilcast-predict.1 ]

# Three images, encrypted, predicted by a service on this machine, decrypted, and compared with what the model says in the clear.
"$program" demo --count 3 --exit --key-bits 2048 --json > demo
tail -n 1 demo | grep -q '"agreeing":3'
echo "veilcast $version works"
