"""Trains a scikit-learn pipeline to tell three wines apart with a support vector machine, and exports it.

    python wine.py CLOUD OWNER

CLOUD gets pipeline.onnx and calibration.csv, the features of the records it was trained on; OWNER gets
wines.csv, other wines' features, and framework.csv, what scikit-learn predicts of them.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from skl2onnx import to_onnx
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

cloud, owner = map(Path, sys.argv[1:])
for folder in (cloud, owner):
    folder.mkdir(parents=True, exist_ok=True)
data = load_wine(as_frame=True)
labels = data.target.map(dict(enumerate(data.target_names)))
train, test, train_labels, test_labels = train_test_split(data.data, labels, test_size=0.2, random_state=0)

pipeline = make_pipeline(StandardScaler(), LinearSVC(random_state=0))
pipeline.fit(train, train_labels)
print(f"scikit-learn's accuracy on {len(test)} other wines: {pipeline.score(test, test_labels):.3f}")

# Without an option of its own skl2onnx asks LinearSVC for a ZipMap, which it hasn't, and fails.
options = {LinearSVC: {"raw_scores": True}}
model = to_onnx(pipeline, train.to_numpy(np.float32)[:1], options=options)
(cloud / "pipeline.onnx").write_bytes(model.SerializeToString())
train.to_csv(cloud / "calibration.csv", index=False)
test.to_csv(owner / "wines.csv", index=False)

scores = pd.DataFrame(pipeline.decision_function(test), columns=pipeline.classes_)
scores.insert(0, "label", pipeline.predict(test))
scores.to_csv(owner / "framework.csv", index_label="record")
