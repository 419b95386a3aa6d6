#!/bin/sh
# A hospital predicts its patients' risk of dying with a model in the cloud, which never sees them.
#
#     examples/hospital/run.sh [PATIENTS]
#
# PATIENTS is the number of patients to predict; without it, all 1,821 that the model wasn't trained on.
# $KEY_BITS is the key's size (3072), $WORK a folder to keep the files in, $VEILCAST the binary.
set -eu
cd "$(dirname "$0")/../.."
. examples/lib.sh
patients=${1:-1821}

say "The cloud trains a model on 7,284 of the 9,105 patients of data/support2, and serves it"
run train --table data/support2/support2.csv --target hospdead --positive 1 \
    --columns age,sex,dzgroup,num.co,scoma,hday,diabetes,dementia,ca,meanbp,wblc,hrt,resp,temp,pafi,alb,bili,crea,sod,ph,glucose,bun,urine,adlsc \
    --labels survived,died --name hospital --hidden 32,16 \
    --description "The risk of dying in hospital, from what is known on the third day." \
    --out "$cloud/model" --force
serve "$cloud/model"

say "The hospital has other patients, and a key that stays with it"
# Every fifth row was held out in training.
awk -v most="$patients" 'NR == 1 || (NR - 1) % 5 == 0 && ++n <= most' data/support2/support2.csv >"$owner/patients.csv"
[ -e "$owner/key.json" ] || run keygen --bits "${KEY_BITS:-3072}" --out "$owner/key.json"

say "It sends them encrypted, and decrypts the predictions"
run predict --server "$url" --model hospital --key "$owner/key.json" --ignore-columns all \
    --out "$owner/predictions.csv" --force "$owner/patients.csv"
head -n 4 "$owner/predictions.csv"

say "Later it knows what became of them, and how good the predictions were"
run evaluate --predictions "$owner/predictions.csv" --table "$owner/patients.csv" --target hospdead --positive 1

say "A check that only this example can make: the same patients in the clear"
run evaluate --model "$cloud/model" --table "$owner/patients.csv" --target hospdead --positive 1 \
    --out "$owner/plain.csv" --force
same_predictions "$owner/predictions.csv" "$owner/plain.csv"
