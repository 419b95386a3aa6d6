#!/bin/sh
# CryptoNets' architecture, trained with PyTorch: two layers of squares, and the weights of all layers private.
#
#     examples/pytorch/cryptonets.sh
#
# $PYTHON is a Python with the packages in requirements.txt (python3), $EPOCHS how long it trains, $COUNT how many images are
# predicted (100), $KEY_BITS the key's size (3072), $WORK a folder to keep the files in, $VEILCAST the binary.
set -eu
cd "$(dirname "$0")/../.."
. examples/lib.sh
needs pytorch torch onnxscript

say "The cloud trains a network with PyTorch, and exports it as ONNX"
python examples/pytorch/cryptonets.py "$cloud" "$owner" --count "${COUNT:-100}" ${EPOCHS:+--epochs "$EPOCHS"}

say "It imports the network, measures it, and serves it"
run import "$cloud/network.onnx" --calibration "$cloud/calibration.npy" --name digits-cryptonets --fit mnist --tolerance 0.2 --ways vouchers \
    --description 'Recognises handwritten digits with CryptoNets'\'' network (Gilad-Bachrach et al. 2016): a convolution, squares, a dense layer, squares, a dense layer, all of its weights private.' \
    --out "$cloud/model" --force
run evaluate --model "$cloud/model" --data data/mnist
serve "$cloud/model"

say "A data owner makes vouchers ahead of time"
[ -e "$owner/key.json" ] || run keygen --bits "${KEY_BITS:-3072}" --out "$owner/key.json"
run voucher fill --server "$url" --model digits-cryptonets --key "$owner/key.json" --count "${COUNT:-100}"

say "With them, images are predicted at once"
run predict --server "$url" --model digits-cryptonets --key "$owner/key.json" --vouchers "$owner/key.json.vouchers" \
    --out "$owner/predictions.csv" --force "$owner/images.npy"
head -n 4 "$owner/predictions.csv"

say "A check that only this example can make: PyTorch's own predictions"
agree "$owner/framework.csv" "$owner/predictions.csv"
