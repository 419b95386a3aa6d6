# What the stages share: the harness's folders, and how a stage fails. A stage is called in the harness's root with the
# number of the instance's size, as `build/STAGE SIZE` of its own folder, and sources this file.

set -eu
stage=${0##*/}
entry=${0%/*}/..

fail() {
    echo "$stage: $*" >&2
    exit 1
}

case ${1-} in
0) size=single ;;
1) size=small ;;
2) size=medium ;;
3) size=large ;;
*) fail "say which size: 0 (single), 1 (small), 2 (medium) or 3 (large)" ;;
esac

io=io/$size
pixels=datasets/$size/intermediate/test_pixels.txt
key=$io/secret_key/key.json
# What the model's owner publishes, and what only the server has.
public=$entry/public
model=$entry/model
[ -x "$entry/veilcast" ] || fail "there is no program $entry/veilcast: run install.sh again"

# needs FILE STAGE: the file must be there, which the other stage writes.
needs() {
    [ -e "$1" ] || fail "there is no $1: run $2 first"
}

veilcast() {
    "$entry/veilcast" "$@" >&2 || fail "the program couldn't $1; it said why above"
}
