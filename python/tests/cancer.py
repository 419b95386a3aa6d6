"""The breast cancer data, and a pipeline of scikit-learn's on it, which several tests share."""

from __future__ import annotations

from typing import Any

from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

_data = load_breast_cancer(as_frame=True)
_labels = _data.target.map(dict(enumerate(_data.target_names)))
train, test, train_labels, test_labels = train_test_split(_data.data, _labels, test_size=0.2, random_state=0)


def pipeline() -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(train, train_labels)
