#!/bin/sh
# A network trained with Keras predicts digits that its owner never sees.
#
#     examples/keras/run.sh
#
# $PYTHON is a Python with the packages in requirements.txt (python3), $KEY_BITS the key's size (3072), $WORK a folder to
# keep the files in, $VEILCAST the binary.
set -eu
cd "$(dirname "$0")/../.."
. examples/lib.sh
needs keras keras tf2onnx

say "The cloud trains a network with Keras, and exports it as ONNX"
python examples/keras/train.py "$cloud" "$owner"

say "It imports the network and serves it"
run import "$cloud/network.onnx" --calibration "$cloud/calibration.npy" --pixel-factor 1 --name keras-digits --fit mnist \
    --out "$cloud/model" --force
serve "$cloud/model"

say "A data owner has 10,000 images, and a key that stays with them"
[ -e "$owner/key.json" ] || run keygen --bits "${KEY_BITS:-3072}" --out "$owner/key.json"

say "They send the images encrypted, and decrypt the predictions"
run predict --server "$url" --model keras-digits --key "$owner/key.json" --out "$owner/predictions.csv" --force \
    data/mnist/t10k-images-idx3-ubyte.gz
head -n 4 "$owner/predictions.csv"

say "A check that only this example can make: Keras's own predictions"
agree "$owner/framework.csv" "$owner/predictions.csv"
