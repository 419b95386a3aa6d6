"""A model of hospital patients that the program trains, and the patients, which the tests of tables share.

``VEILCAST`` names the program.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

import veilcast as vc

ROOT = Path(__file__).parents[2]
COLUMNS = ["age", "dzgroup", "scoma", "meanbp", "crea", "urine"]
KEY = ROOT / "crates" / "paillier" / "tests" / "fixtures" / "keys" / "good-2048.json"


@dataclass
class Hospital:
    model: Path
    card: Path
    patients: pd.DataFrame
    """With their numbers, ``sno``."""


def trained(folder: Path) -> Hospital:
    table = pd.read_csv(ROOT / "data" / "support2" / "support2.csv", skipinitialspace=True)
    few, model = folder / "support2.csv", folder / "model"
    table[[*COLUMNS, "hospdead"]].to_csv(few, index=False)
    train = ["train", "--table", few, "--target", "hospdead", "--positive", "1", "--name", "hospital", "--out", model]
    subprocess.run([os.environ["VEILCAST"], *map(str, train)], check=True, capture_output=True)
    return Hospital(model, model / "card.json", table[["sno", *COLUMNS]])


@dataclass
class Sealed:
    """A model whose weights its owner has encrypted."""

    model: Path
    key: Path

    def __init__(self, hospital: Hospital, folder: Path) -> None:
        self.model, self.key = folder / "sealed", folder / "sealing-key.json"
        shutil.copytree(hospital.model, self.model)
        vc.Key.generate(2048).save(self.key)
        subprocess.run([os.environ["VEILCAST"], "seal", self.model, "--key", self.key], check=True, capture_output=True)

    @property
    def card(self) -> Path:
        return self.model / "card.json"

    @property
    def weights(self) -> Path:
        """What the records' owner has."""
        return self.model / "sealed.bin"


def clear(model: vc.Model, patients: pd.DataFrame) -> list[float]:
    """The score of each patient in the clear."""
    return list(model.predict(patients[COLUMNS]).scores[:, 0])
