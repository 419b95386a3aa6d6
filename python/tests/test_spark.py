"""Tables on an engine: Sail's, in this process. It needs other packages than the rest of the tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hospital import COLUMNS, KEY, Hospital, Sealed, clear, trained

import veilcast as vc
from veilcast import errors
from veilcast import spark as vs

pytest.importorskip("pysail")
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    from pysail.spark import SparkConnectServer
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    server = SparkConnectServer()
    server.start(background=True)
    _, port = server.listening_address
    session = SparkSession.builder.remote(f"sc://localhost:{port}").getOrCreate()
    yield session
    session.stop()
    server.stop()


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    return trained(tmp_path_factory.mktemp("hospital"))


@pytest.fixture(scope="module")
def patients(spark: Any, hospital: Hospital, tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("patients") / "patients.parquet"
    hospital.patients[:700].to_parquet(path, index=False)
    return spark.read.parquet(str(path))


def test_scores_are_those_in_the_clear(spark: Any, hospital: Hospital, patients: Any, tmp_path: Path) -> None:
    owner = {"card": hospital.card, "key": KEY}
    requests = vs.encrypt(patients, id="sno", **owner)
    requests.write.parquet(str(tmp_path / "private"))
    private = spark.read.parquet(str(tmp_path / "private"))
    answers = vs.score(private.drop("ids"), model=hospital.model)
    answers.write.parquet(str(tmp_path / "answers"))
    answers = spark.read.parquet(str(tmp_path / "answers"))
    assert "ids" not in answers.columns
    scores = vs.decrypt(answers.join(private.select("batch", "group", "ids"), ["batch", "group"]), **owner)
    found = scores.toPandas().sort_values("id")
    assert found["id"].tolist() == hospital.patients["sno"][:700].tolist()
    assert found["score_1"].tolist() == clear(vc.Model.load(hospital.model), hospital.patients[:700])
    assert found["error"].isna().all()
    # The same records have the same names if they are encrypted again.
    again = {(row.batch, row.group) for row in requests.select("batch", "group").collect()}
    assert again == {(row.batch, row.group) for row in private.select("batch", "group").collect()}


def test_sealed_models(spark: Any, hospital: Hospital, patients: Any, tmp_path: Path) -> None:
    """The records' owner has no key, and keeps what opens the answers."""
    sealed = Sealed(hospital, tmp_path)
    owner = {"card": sealed.card, "sealed": sealed.weights}
    vs.encrypt(patients, id="sno", **owner).write.parquet(str(tmp_path / "private"))
    private = spark.read.parquet(str(tmp_path / "private"))
    sent = private.drop("ids", "opening")
    with pytest.raises(Exception, match="key"):
        vs.score(sent, model=sealed.model).collect()
    vs.score(sent, model=sealed.model, sealing_key=sealed.key).write.parquet(str(tmp_path / "answers"))
    answers = spark.read.parquet(str(tmp_path / "answers"))
    with pytest.raises(Exception, match="'opening' of the requests is missing"):
        vs.decrypt(answers, **owner).collect()
    kept = private.select("batch", "group", "ids", "opening")
    scores = vs.decrypt(answers.join(kept, ["batch", "group"]), **owner)
    assert not {"ids", "opening"} & set(scores.columns)
    found = scores.toPandas().sort_values("id")
    assert found["id"].tolist() == hospital.patients["sno"][:700].tolist()
    assert found["score_1"].tolist() == clear(vc.Model.load(hospital.model), hospital.patients[:700])
    # Other openings don't open them.
    vs.encrypt(patients, id="sno", **owner).write.parquet(str(tmp_path / "again"))
    other = spark.read.parquet(str(tmp_path / "again")).select("group", "ids", "opening")
    mixed = answers.join(other, ["group"])
    assert vs.decrypt(mixed, **owner).filter("error is null").count() == 0


@pytest.mark.skipif(shutil.which("java") is None, reason="Spark's own cluster needs Java")
def test_killed_workers(hospital: Hospital, tmp_path: Path) -> None:
    """Each task's worker is killed once, and every group is there once."""
    patients = tmp_path / "patients.parquet"
    hospital.patients[:2500].to_parquet(patients, index=False)
    script = Path(__file__).with_name("spark_kills.py")
    arguments = [sys.executable, script, hospital.model, KEY, patients, tmp_path]
    # The session in this process has left variables that are for it alone.
    variables = {name: value for name, value in os.environ.items() if not name.startswith("SPARK_")}
    done = subprocess.run([*map(str, arguments)], capture_output=True, text=True, timeout=580, env=variables)
    assert done.returncode == 0, done.stderr[-4000:]
    assert len(list(tmp_path.glob("killed-*"))) == 3
    answers = pq.read_table(tmp_path / "answers").select(["batch", "group"]).to_pylist()
    assert len(answers) == len({(row["batch"], row["group"]) for row in answers}) > 17
    scores = pq.read_table(tmp_path / "scores").to_pandas().sort_values("id")
    assert scores["id"].tolist() == hospital.patients["sno"][:2500].tolist()
    assert scores["score_1"].tolist() == clear(vc.Model.load(hospital.model), hospital.patients[:2500])


def test_what_is_refused(spark: Any, hospital: Hospital, patients: Any, tmp_path: Path) -> None:
    with pytest.raises(errors.SecretError, match="each worker reads the file itself"):
        vs.encrypt(patients, card=hospital.card, key=vc.Key.load(KEY))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="the path of the key.*or that of a sealed model's weights"):
        vs.encrypt(patients, card=hospital.card)
    with pytest.raises(errors.CardError, match="isn't sealed"):
        vs.decrypt(patients, card=hospital.card, sealed=tmp_path / "sealed.bin")
    with pytest.raises(errors.RecordError, match="needs columns that aren't there: age"):
        vs.encrypt(patients.drop("age"), card=hospital.card, key=KEY)
    with pytest.raises(errors.RecordError, match="can't be the identifiers' column"):
        vs.encrypt(patients, card=hospital.card, key=KEY, id="age")
    nowhere = vs.encrypt(patients, card=hospital.card, key=tmp_path / "nowhere.json")
    with pytest.raises(Exception, match="nowhere.json"):
        nowhere.collect()
    mixed = patients.select("sno", *COLUMNS)
    with pytest.raises(Exception, match="the column \"request\" is missing"):
        vs.score(mixed.selectExpr("'b' batch", "1 `group`", "1 records", "'r' layout", "'k' key_fingerprint", "'c' card_digest"), model=hospital.model).collect()  # fmt: skip
