#!/bin/sh
# A bank asks a model in the cloud for the risk of its credits, which the cloud never sees: the hospital's
# commands with another table.
#
#     examples/credit/run.sh
#
# $KEY_BITS is the key's size (3072), $WORK a folder to keep the files in, $VEILCAST the binary.
set -eu
cd "$(dirname "$0")/../.."
. examples/lib.sh

say "The cloud trains a model on 800 of the 1,000 credits of data/german-credit, and serves it"
run train --table data/german-credit/german-credit.csv --target creditability --positive bad \
    --columns status_of_existing_checking_account,duration_in_month,credit_history,purpose,credit_amount,savings_account_and_bonds,present_employment_since,installment_rate_in_percentage_of_disposable_income,other_debtors_or_guarantors,present_residence_since,property,other_installment_plans,housing,number_of_existing_credits_at_this_bank,job,number_of_people_being_liable_to_provide_maintenance_for,telephone \
    --name credit --description "The risk that a credit turns out bad." \
    --out "$cloud/model" --force
serve "$cloud/model"

say "The bank has other credits, and a key that stays with it"
# Every fifth row was held out in training; no cell of this table has a line break in it.
awk 'NR == 1 || (NR - 1) % 5 == 0' data/german-credit/german-credit.csv >"$owner/credits.csv"
[ -e "$owner/key.json" ] || run keygen --bits "${KEY_BITS:-3072}" --out "$owner/key.json"

say "It sends them encrypted, and decrypts the predictions"
run predict --server "$url" --model credit --key "$owner/key.json" --ignore-columns all \
    --keep purpose,credit_amount --out "$owner/predictions.csv" --force "$owner/credits.csv"
head -n 4 "$owner/predictions.csv"

say "Later it knows which turned out bad, and how good the predictions were"
run evaluate --predictions "$owner/predictions.csv" --table "$owner/credits.csv" --target creditability

say "A check that only this example can make: the same credits in the clear"
run evaluate --model "$cloud/model" --table "$owner/credits.csv" --target creditability \
    --out "$owner/plain.csv" --force
cut -d, -f1-4 "$owner/predictions.csv" >"$owner/scores.csv"
same_predictions "$owner/scores.csv" "$owner/plain.csv"
