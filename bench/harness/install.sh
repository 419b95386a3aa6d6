#!/bin/sh
# install.sh CHECKOUT MODEL [FOLDER]: puts Veilcast into a checkout of the harness as its submission.
#
# CHECKOUT is a clone of github.com/fhe-benchmarking/ml-inference, MODEL a model directory such as models/digits, and FOLDER
# where the harness looks for the submission: `submission` unless given, or what `submissions` has for MNIST in newer
# ones. The folder and the two scripts that submitters are to replace are replaced, and MNIST's files, which the harness
# would download, are put in their places. VEILCAST is the program; without it, that on the path is taken.
set -eu

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

[ $# -ge 2 ] && [ $# -le 3 ] || fail "usage: install.sh CHECKOUT MODEL [FOLDER]"
here=$(cd "$(dirname "$0")" && pwd)
mnist=$here/../../data/mnist
checkout=$1
model=$2
folder=${3-submission}
[ -f "$checkout/harness/run_submission.py" ] || fail "$checkout is no checkout of the harness: it has no harness/run_submission.py"
[ -f "$model/card.json" ] || fail "$model is no model directory: it has no card.json"
program=$(command -v "${VEILCAST-veilcast}") || fail "there is no program ${VEILCAST-veilcast}: name it with VEILCAST"
program=$(cd "$(dirname "$program")" && pwd)/${program##*/}
case $folder in
submission | submissions/*) ;;
*) fail "the submission's folder is \`submission\`, or one in \`submissions\`, not $folder" ;;
esac
grep -q '"hidden"' "$model/card.json" && fail "$model has hidden layers, which take a second round; the harness has one"

entry=$checkout/$folder
rm -rf "$entry"
mkdir -p "$entry/public" "$checkout/scripts"
cp "$here/README.md" "$entry/README.md"
cp -r "$here/stages" "$entry/stages"
cp -r "$model" "$entry/model"
for file in card.json public.onnx; do
    [ ! -e "$model/$file" ] || cp "$model/$file" "$entry/public/$file"
done
ln -s "$program" "$entry/veilcast"
cp -p "$here/scripts/get_openfhe.sh" "$here/scripts/build_task.sh" "$checkout/scripts/"

# Where torchvision looks before it downloads: one folder for the test images that are written first and for the harness's
# own model, and one for each size.
raw=$checkout/harness/mnist/data/MNIST/raw
mkdir -p "$raw"
for file in train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte; do
    [ -e "$raw/$file" ] || gzip -dc "$mnist/$file.gz" >"$raw/$file"
done
for size in single small medium large; do
    mkdir -p "$checkout/datasets/$size"
    ln -sfn ../../harness/mnist/data/MNIST "$checkout/datasets/$size/MNIST"
done
