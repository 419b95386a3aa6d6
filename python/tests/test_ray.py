"""Tables in Ray's datasets. It needs other packages than the rest of the tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hospital import KEY, Hospital, Sealed, clear, trained

import veilcast as vc
from veilcast import errors
from veilcast import ray as vr

ray = pytest.importorskip("ray")
# Of its own parts.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    path = os.environ.get("PYTHONPATH", "")
    environment = {"env_vars": {"PYTHONPATH": path}}
    ray.init(num_cpus=2, include_dashboard=False, logging_level="ERROR", runtime_env=environment)
    yield
    ray.shutdown()


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    return trained(tmp_path_factory.mktemp("hospital"))


def test_scores_are_those_in_the_clear(hospital: Hospital, tmp_path: Path) -> None:
    owner = {"card": hospital.card, "key": KEY}
    patients = ray.data.from_pandas(hospital.patients[:700]).repartition(3)
    vr.encrypt(patients, id="sno", **owner).write_parquet(str(tmp_path / "private"))
    private = ray.data.read_parquet(str(tmp_path / "private"))
    vr.score(private, model=hospital.model).write_parquet(str(tmp_path / "answers"))
    answers = ray.data.read_parquet(str(tmp_path / "answers"))
    assert "ids" not in answers.schema().names
    scores = vr.decrypt(answers, **owner).to_pandas()
    # Each group's records are in their order; which is which, the owner's table knows.
    groups = private.select_columns(["batch", "group", "ids"]).to_pandas()
    ids = {(row.batch, row.group): row.ids for row in groups.itertuples()}
    assert len(ids) == len(groups)
    places = zip(scores["batch"], scores["group"], scores["index"])
    found = {int(ids[batch, group][index]): score for (batch, group, index), score in zip(places, scores["score_1"])}
    expected = clear(vc.Model.load(hospital.model), hospital.patients[:700])
    assert found == dict(zip(hospital.patients["sno"][:700].tolist(), expected))
    assert scores["error"].isna().all()


def test_sealed_models(hospital: Hospital, tmp_path: Path) -> None:
    sealed = Sealed(hospital, tmp_path)
    owner = {"card": sealed.card, "sealed": sealed.weights}
    patients = ray.data.from_pandas(hospital.patients[:200])
    vr.encrypt(patients, id="sno", **owner).write_parquet(str(tmp_path / "private"))
    private = ray.data.read_parquet(str(tmp_path / "private"))
    sent = private.drop_columns(["ids", "opening"])
    answers = vr.score(sent, model=sealed.model, sealing_key=sealed.key).to_pandas()
    kept = private.select_columns(["batch", "group", "ids", "opening"]).to_pandas()
    opened = ray.data.from_pandas(answers.merge(kept, on=["batch", "group"]))
    scores = vr.decrypt(opened, **owner).to_pandas().sort_values("id")
    assert scores["id"].tolist() == hospital.patients["sno"][:200].tolist()
    assert scores["score_1"].tolist() == clear(vc.Model.load(hospital.model), hospital.patients[:200])


def test_what_is_refused(hospital: Hospital, tmp_path: Path) -> None:
    patients = ray.data.from_pandas(hospital.patients[:10])
    with pytest.raises(errors.SecretError, match="each worker reads the file itself"):
        vr.encrypt(patients, card=hospital.card, key=vc.Key.load(KEY))  # type: ignore[arg-type]
    with pytest.raises(errors.RecordError, match="needs columns that aren't there: age"):
        vr.encrypt(patients.drop_columns(["age"]), card=hospital.card, key=KEY)
    with pytest.raises(Exception, match="nowhere.json"):
        vr.encrypt(patients, card=hospital.card, key=tmp_path / "nowhere.json").materialize()
