"""Trains a scikit-learn pipeline on a table of numbers and categories, and exports it.

    python credit.py CLOUD OWNER

Run from the repository's root, for data/german-credit. CLOUD gets pipeline.onnx and calibration.csv, the
columns of the records it was trained on; OWNER gets credits.csv, other credits, and framework.csv, what
scikit-learn predicts of them.
"""

import sys
from pathlib import Path

import pandas as pd
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

NUMBERS = ["duration_in_month", "credit_amount", "installment_rate_in_percentage_of_disposable_income"]
CATEGORIES = ["status_of_existing_checking_account", "credit_history", "purpose", "savings_account_and_bonds", "housing"]

cloud, owner = map(Path, sys.argv[1:])
for folder in (cloud, owner):
    folder.mkdir(parents=True, exist_ok=True)
table = pd.read_csv("data/german-credit/german-credit.csv")
records, labels = table[NUMBERS + CATEGORIES], table["creditability"]
held_out = table.index % 5 == 4
train, test = records[~held_out], records[held_out]

numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
categories = OneHotEncoder(handle_unknown="ignore")
columns = ColumnTransformer([("numbers", numbers, NUMBERS), ("categories", categories, CATEGORIES)])
pipeline = make_pipeline(columns, LogisticRegression(C=0.1, max_iter=1000))
pipeline.fit(train, labels[~held_out])
print(f"scikit-learn's accuracy on {len(test)} other credits: {pipeline.score(test, labels[held_out]):.3f}")

types = [(name, FloatTensorType([None, 1])) for name in NUMBERS]
types += [(name, StringTensorType([None, 1])) for name in CATEGORIES]
model = to_onnx(pipeline, initial_types=types)
(cloud / "pipeline.onnx").write_bytes(model.SerializeToString())
train.to_csv(cloud / "calibration.csv", index=False)
test.to_csv(owner / "credits.csv", index=False)

predictions = pd.DataFrame({"label": pipeline.predict(test), "score": pipeline.decision_function(test)})
predictions.to_csv(owner / "framework.csv", index_label="record")
