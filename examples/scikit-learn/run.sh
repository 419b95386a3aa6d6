#!/bin/sh
# Three pipelines trained with scikit-learn predict records that their owners never see.
#
#     examples/scikit-learn/run.sh
#
# $PYTHON is a Python with the packages in requirements.txt (python3), $KEY_BITS the key's size (3072), $WORK a folder to
# keep the files in, $VEILCAST the binary.
set -eu
cd "$(dirname "$0")/../.."
. examples/lib.sh
needs scikit-learn sklearn skl2onnx pandas

say "The cloud trains three pipelines with scikit-learn, and exports them as ONNX"
python examples/scikit-learn/cancer.py "$cloud/cancer" "$owner/cancer"
python examples/scikit-learn/wine.py "$cloud/wine" "$owner/wine"
python examples/scikit-learn/credit.py "$cloud/credit" "$owner/credit"

say "It imports all and serves them"
for name in cancer wine credit; do
    run import "$cloud/$name/pipeline.onnx" --calibration "$cloud/$name/calibration.csv" --name "$name" \
        --out "$cloud/$name/model" --force
done
serve "$cloud/cancer/model" "$cloud/wine/model" "$cloud/credit/model"

say "A hospital, a winery and a bank have records of their own, and a key that stays with them"
[ -e "$owner/key.json" ] || run keygen --bits "${KEY_BITS:-3072}" --out "$owner/key.json"

say "They send them encrypted, and decrypt the predictions"
run predict --server "$url" --model cancer --key "$owner/key.json" \
    --out "$owner/cancer/predictions.csv" --force "$owner/cancer/patients.csv"
run predict --server "$url" --model wine --key "$owner/key.json" \
    --out "$owner/wine/predictions.csv" --force "$owner/wine/wines.csv"
run predict --server "$url" --model credit --key "$owner/key.json" \
    --out "$owner/credit/predictions.csv" --force "$owner/credit/credits.csv"
head -n 4 "$owner/cancer/predictions.csv"

say "A check that only this example can make: scikit-learn's own predictions"
agree "$owner/cancer/framework.csv" "$owner/cancer/predictions.csv"
agree "$owner/wine/framework.csv" "$owner/wine/predictions.csv"
agree "$owner/credit/framework.csv" "$owner/credit/predictions.csv"
