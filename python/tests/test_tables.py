"""Tables of encrypted records: what pyarrow's batches become, and what is refused."""

from __future__ import annotations

import base64
import functools
import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from hospital import KEY, Hospital, clear, trained

import veilcast as vc
from veilcast import _groups, _steps, _workers, errors, tables


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    return trained(tmp_path_factory.mktemp("hospital"))


@pytest.fixture(scope="module")
def session(hospital: Hospital) -> vc.Session:
    return vc.Session(vc.Card.load(hospital.card), vc.Key.load(KEY))


@pytest.fixture(scope="module")
def model(hospital: Hospital) -> vc.Model:
    return vc.Model.load(hospital.model)


@pytest.fixture(scope="module")
def requests(hospital: Hospital, session: vc.Session) -> Any:
    patients = pa.Table.from_pandas(hospital.patients[:400], preserve_index=False)
    return tables.encrypt(patients, session, batch="first", id="sno")


def test_scores_are_those_in_the_clear(
    hospital: Hospital, session: vc.Session, model: vc.Model, requests: Any
) -> None:
    size = tables.group_size(session)
    assert 1 < size < 200 and requests.num_rows == -(-400 // size) > 2
    assert requests.schema.field("request").type == pa.binary()
    assert requests.column("group").to_pylist() == list(range(requests.num_rows))
    assert requests.column("ids").flatten().to_pylist() == list(hospital.patients["sno"][:400])
    expected = clear(model, hospital.patients[:400])

    def check(scores: Any) -> None:
        assert scores["error"].null_count == len(scores["error"])
        assert scores["score_1"].to_pylist() == expected
        assert scores["index"].to_pylist() == [i % size for i in range(400)]
        shares = scores["probability_1"].to_pylist()
        assert all((share > 0.5) == (label == "1") for share, label in zip(shares, scores["label"].to_pylist()))

    # Identifiers never reach the model's owner, and whoever has them may join them.
    answers = tables.score(requests, model)
    assert isinstance(answers, pa.RecordBatch) and "ids" not in answers.schema.names
    assert answers.schema.equals(tables.answers_schema(), check_metadata=True)
    check(tables.decrypt(answers, session))
    joined = pa.Table.from_batches([answers]).append_column("ids", requests.column("ids"))
    scores = tables.decrypt(joined, session)
    assert isinstance(scores, pa.Table)
    check(scores)
    assert scores["id"].to_pylist() == list(hospital.patients["sno"][:400])


def test_every_binary_type_and_files(session: vc.Session, model: vc.Model, requests: Any, tmp_path: Any) -> None:
    table = pa.Table.from_batches([requests.drop_columns("ids")])
    expected = tables.decrypt(tables.score(table, model), session)
    # Spark knows no unsigned numbers.
    signed = table.set_column(1, "group", table["group"].cast(pa.int64()))
    for kind in (pa.large_binary(), pa.binary_view()):
        there = signed.set_column(6, "request", signed["request"].cast(kind))
        assert tables.decrypt(tables.score(there, model), session) == expected
    pyarrow.parquet.write_table(table, tmp_path / "x.parquet", row_group_size=1)
    parts = [
        tables.score(pyarrow.parquet.ParquetFile(tmp_path / "x.parquet").read_row_group(i), model)
        for i in range(table.num_rows)
    ]
    assert tables.decrypt(pa.concat_tables(parts), session) == expected


def test_groups_are_filled_from_batches_of_any_size(hospital: Hospital) -> None:
    batches = pa.Table.from_pandas(hospital.patients[:400], preserve_index=False).to_batches(max_chunksize=7)
    parts = list(tables.whole_groups([batches[0].slice(0, 0), *batches], 20, 70))
    assert [part.num_rows for part in parts] == [60, 60, 60, 60, 60, 60, 40]
    assert pa.concat_tables(parts)["sno"].to_pylist() == list(hospital.patients["sno"][:400])
    assert list(tables.whole_groups([], 20, 70)) == []


def test_no_rows(session: vc.Session, model: vc.Model, requests: Any) -> None:
    for none in (requests.slice(0, 0), pa.Table.from_batches([requests.slice(0, 0)])):
        answers = tables.score(none, model)
        assert answers.num_rows == 0 and type(answers) is type(none)
        scores = tables.decrypt(answers, session)
        assert scores.num_rows == 0 and scores.schema == tables.scores_schema(session.card)


def test_one_groups_fault_spares_the_others(session: vc.Session, model: vc.Model, requests: Any) -> None:
    cells = requests.column("request").to_pylist()
    cells[1] = cells[1][:-1]
    damaged = requests.set_column(6, "request", pa.array(cells, pa.binary()))
    answers = tables.score(damaged, model, origin=tables.Origin("part-7.parquet", 3, 100))
    assert [error is None for error in answers.column("error").to_pylist()] == [True, False] + [True] * (len(cells) - 2)
    text = answers.column("error").to_pylist()[1]
    assert text.startswith("part-7.parquet, row group 3, row 101 (batch \"first\", group 1): "), text
    scores = tables.decrypt(answers, session).to_pydict()
    size = tables.group_size(session)
    for group, score, label, error in zip(scores["group"], scores["score_1"], scores["label"], scores["error"]):
        assert (score is None) == (label is None) == (error == text) == (group == 1)
    assert len(scores["group"]) == 400 and scores["group"].count(1) == size


def test_sealed_models(hospital: Hospital, tmp_path: Path) -> None:
    folder, key = tmp_path / "sealed", vc.Key.generate(2048)
    shutil.copytree(hospital.model, folder)
    key.save(tmp_path / "key.json")
    seal = [os.environ["VEILCAST"], "seal", folder, "--key", tmp_path / "key.json"]
    subprocess.run(seal, check=True, capture_output=True)
    client = vc.SealedModel(vc.Card.load(folder / "card.json"), (folder / "sealed.bin").read_bytes())
    patients = pa.Table.from_pandas(hospital.patients[:1500], preserve_index=False)
    rows = tables.encrypt(patients, client, batch="first", id="sno")
    size = tables.group_size(client)
    assert rows.column("records").to_pylist() == [size] * (1500 // size) + [1500 % size] * (1500 % size > 0)
    requests = rows.select(tables.requests_schema().names)
    answers = tables.score(requests, vc.Model.load(folder, sealing_key=key))
    with pytest.raises(errors.TableError, match="'opening' of the requests is missing"):
        tables.decrypt(answers, client)
    joined = pa.Table.from_batches([answers]).append_column("opening", rows.column("opening"))
    scores = tables.decrypt(joined.append_column("ids", rows.column("ids")), client)
    assert scores["id"].to_pylist() == hospital.patients["sno"][:1500].tolist()
    assert scores["score_1"].to_pylist() == clear(vc.Model.load(hospital.model), hospital.patients[:1500])
    with pytest.raises(errors.TableError, match="its key is not here"):
        tables.score(requests, vc.Model.load(folder))


def test_what_is_refused(
    hospital: Hospital, session: vc.Session, model: vc.Model, requests: Any, other_key: vc.Key
) -> None:
    answers = tables.score(requests, model)
    patients = pa.Table.from_pandas(hospital.patients[:3], preserve_index=False)
    other = vc.Session(session.card, vc.Key.generate(2048))
    keys = pa.array([requests.column("key_fingerprint")[0].as_py(), "0" * 64], pa.string())
    mixed = requests.slice(0, 2).set_column(4, "key_fingerprint", keys)
    no_null = pa.array([requests.column("request")[0].as_py(), None], pa.binary())
    cases = [
        ("the column \"request\" is missing", lambda: tables.score(requests.drop_columns("request"), model)),
        ("the column \"request\" is null", lambda: tables.score(requests.slice(0, 2).set_column(6, "request", no_null), model)),
        ("row 1 .*a table for each key", lambda: tables.score(pa.Table.from_batches([mixed]), model)),
        ("version \"2\"", lambda: tables.score(requests.replace_schema_metadata({"veilcast.version": "2"}), model)),
        ("a table of requests is needed", lambda: tables.score(answers, model)),
        ("is a list", lambda: tables.score([requests], model)),
        ("use the key that it was made with", lambda: tables.decrypt(answers, other)),
        ("an identifier for each record", lambda: tables.decrypt(pa.Table.from_batches([answers]).append_column("ids", pa.array([[1]] * answers.num_rows)), session)),
    ]  # fmt: skip
    for text, call in cases:
        with pytest.raises(errors.TableError, match=text):
            call()
    for text, table, name in (
        ("no column 'nobody'", patients, "nobody"),
        ("is a DataFrame", hospital.patients[:3], "sno"),
        ("1 records have no identifier", patients.set_column(0, "sno", pa.array([1, None, 2])), "sno"),
        ("doesn't take these columns", patients, None),
    ):
        with pytest.raises(errors.RecordError, match=text):
            tables.encrypt(table, session, batch="x", id=name)


def test_a_job_holds_no_secret(hospital: Hospital) -> None:
    owner = _workers.owner(hospital.card, KEY, None)
    secrets = [json.loads(Path(KEY).read_text())[name] for name in ("p", "q")]
    numbers = [base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) for text in secrets]
    found = [text.encode() for text in secrets] + numbers + [number[::-1] for number in numbers]
    # Opened, as a worker has it, the job holds no more.
    owner.session()
    name = owner.name(b"who is in it")
    jobs = [
        functools.partial(_groups.encrypt, owner, "sno"),
        functools.partial(_groups.decrypt, owner),
        functools.partial(_steps.run, _steps.Job("encrypt", "a", "b", [], owner)),
    ]
    for job in jobs:
        pickled = pickle.dumps(job)
        assert str(KEY).encode() in pickled
        assert not [secret for secret in found if secret in pickled]
    assert not [secret for secret in found if secret in name.encode()]
    for whole in (vc.Key.load(KEY), owner.session()):
        with pytest.raises((errors.SecretError, TypeError)):
            pickle.dumps(whole)
    # The same content has the same name.
    assert owner.name(b"who is in it") == name != owner.name(b"who else is in it")


def test_without_pyarrow() -> None:
    script = "import sys; sys.modules['pyarrow'] = None\nfrom veilcast import tables\ntables.requests_schema()"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "MissingPackage: tables of encrypted records need pyarrow: pip install pyarrow" in done.stderr
