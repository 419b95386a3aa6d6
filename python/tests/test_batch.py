"""``veilcast-batch`` on Sail: files in, files out. It needs other packages than the rest of the tests."""

from __future__ import annotations

import functools
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hospital import KEY, Hospital, Sealed, clear, trained

import veilcast as vc

pytest.importorskip("pysail")


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    return trained(tmp_path_factory.mktemp("hospital"))


def batch(*arguments: object, status: int = 0) -> str:
    command = [sys.executable, "-m", "veilcast.batch", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def records(hospital: Hospital, tmp_path: Path) -> Path:
    """Two row groups of Parquet below a folder, and a file of CSV."""
    folder = tmp_path / "records"
    (folder / "ward").mkdir(parents=True)
    table = pa.Table.from_pandas(hospital.patients[:700], preserve_index=False)
    pq.write_table(table, folder / "ward" / "a.parquet", row_group_size=400)
    hospital.patients[700:900].to_csv(folder / "b.csv", index=False)
    return folder


def scores(folder: Path) -> list[dict[str, Any]]:
    names = ["ward/a.parquet-00000.parquet", "ward/a.parquet-00001.parquet", "b.csv.parquet"]
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*.*")) == sorted(names)
    return [row for name in names for row in pq.ParquetFile(folder / name).read().to_pylist()]


def test_scores_are_those_in_the_clear(hospital: Hospital, records: Path, tmp_path: Path) -> None:
    requests, answers, decrypted = tmp_path / "requests", tmp_path / "answers", tmp_path / "scores"
    owner = ["--card", hospital.card, "--key", KEY]
    assert "900 records encrypted in 8 groups" in batch("encrypt", records, requests, *owner, "--id", "sno")
    for path in requests.rglob("*.parquet"):
        assert "ids" not in pq.ParquetFile(path).schema_arrow.names
    # As the program reads them.
    assert "900 records scored in 8 groups, 0 of them faulty" in batch("score", requests, answers, "--model", hospital.model)
    private = tmp_path / "requests-private"
    assert all(path.stat().st_mode & 0o77 == 0 for path in [private, *private.rglob("*.*")])
    out = batch("decrypt", answers, decrypted, *owner, "--identifiers", private)
    assert "900 records decrypted, 0 of them without scores" in out
    found = scores(decrypted)
    # In text files identifiers are texts.
    expected = hospital.patients["sno"][:900].tolist()
    assert [row["id"] for row in found] == [*expected[:700], *map(str, expected[700:])]
    model = vc.Model.load(hospital.model)
    assert [row["score_1"] for row in found] == clear(model, hospital.patients[:900])
    out = batch("verify", records, decrypted, "--model", hospital.model)
    assert "900 records compared with the model in the clear, 0 with other scores" in out

    # What is there stays, and what is missing is done.
    assert "--resume" in batch("encrypt", records, requests, *owner, "--id", "sno", status=1)
    (requests / "b.csv.parquet").unlink()
    stays = {path: path.stat().st_mtime_ns for path in requests.rglob("*.parquet")}
    out = batch("encrypt", records, requests, *owner, "--id", "sno", "--resume")
    assert "2 of 3 parts are there already" in out and "200 records encrypted in 2 groups" in out
    assert {path: path.stat().st_mtime_ns for path in stays} == stays
    # That part has other ciphertexts now, and the old answers aren't to them.
    (decrypted / "b.csv.parquet").unlink()
    out = batch("decrypt", answers, decrypted, *owner, "--identifiers", private, "--resume", status=1)
    assert "answers a request that isn't the one that was kept" in out and "b.csv.parquet" in out
    assert not (decrypted / "b.csv.parquet").exists()


def test_text_files_are_read_as_the_program_reads_them(hospital: Hospital, tmp_path: Path) -> None:
    """However a table of the same patients is written, their scores are those in the clear."""
    patients, model = hospital.patients[:300], vc.Model.load(hospital.model)
    # A category with a letter that encodings differ in, and gaps.
    expected = clear(model, patients)
    owner = ["--card", hospital.card, "--key", KEY]
    noted = patients.assign(note="München")
    german = dict(index=False, sep=";", decimal=",", encoding="windows-1252")
    writers: dict[str, Any] = {
        "plain.csv": lambda path: noted.to_csv(path, index=False),
        "german.csv": lambda path: noted.to_csv(path, **german),
        "utf16.tsv": lambda path: noted.to_csv(path, index=False, sep="\t", encoding="utf-16"),
        "packed.csv.gz": lambda path: noted.to_csv(path, index=False),
    }
    records = tmp_path / "records"
    records.mkdir()
    for name, write in writers.items():
        write(records / name)
    requests, answers, decrypted = tmp_path / "requests", tmp_path / "answers", tmp_path / "scores"
    out = batch("encrypt", records, requests, *owner, "--id", "sno")
    assert "1,200 records encrypted" in out
    assert "german.csv: the text isn't in UTF-8" in out and "the decimal marks are commas" in out, out
    batch("score", requests, answers, "--model", hospital.model)
    batch("decrypt", answers, decrypted, *owner, "--identifiers", tmp_path / "requests-private")
    for name in writers:
        found = pq.ParquetFile(decrypted / f"{name}.parquet").read()
        assert found["id"].to_pylist() == patients["sno"].astype(str).tolist(), name
        assert found["score_1"].to_pylist() == expected, name
    assert "1,200 records compared with the model in the clear, 0 with other scores" in batch(
        "verify", records, decrypted, "--model", hospital.model
    )

    # What is wrong is told with its file and line, and the other parts are done.
    cells = (records / "plain.csv").read_text().splitlines()
    cells[7] = cells[7].replace(str(patients["age"].iloc[6]), "old")
    (records / "plain.csv").write_text("\n".join(cells))
    (records / "german.csv").write_bytes((records / "german.csv").read_bytes()[:-12])
    again = tmp_path / "again"
    out = batch("encrypt", records, again, *owner, status=1)
    assert "plain.csv, line 8, column \"age\": \"old\"" in out, out
    assert "german.csv" in out and "2 parts failed" in out, out
    assert sorted(path.name for path in again.iterdir()) == ["packed.csv.gz.parquet", "utf16.tsv.parquet"]
    out = batch("encrypt", records, tmp_path / "none", *owner, "--encoding", "klingon", status=1)
    assert "no encoding has the name 'klingon'" in out
    out = batch("encrypt", records / "utf16.tsv", tmp_path / "none", *owner, "--decimal", "comma", status=1)
    assert "utf16.tsv, line 2" in out and "isn't a number with the decimal mark" in out, out


def test_sealed_models(hospital: Hospital, records: Path, tmp_path: Path) -> None:
    """The records' owner has no key, and what is sent holds no records; retried parts have openings of their own."""
    sealed = Sealed(hospital, tmp_path)
    owner = ["--card", sealed.card, "--sealed", sealed.weights]
    requests, answers, decrypted = tmp_path / "requests", tmp_path / "answers", tmp_path / "scores"
    private = tmp_path / "requests-private"
    assert "900 records encrypted" in batch("encrypt", records, requests, *owner, "--id", "sno")
    for path in requests.rglob("*.parquet"):
        file = pq.ParquetFile(path)
        assert not {"ids", "opening"} & set(file.schema_arrow.names)
        assert set(file.read()["layout"].to_pylist()) == {"sealed"}
        assert {"ids", "opening"} < set(pq.ParquetFile(private / path.relative_to(requests)).schema_arrow.names)
    assert "key" in batch("score", requests, answers, "--model", sealed.model, status=1)
    opener = ["--model", sealed.model, "--sealing-key", sealed.key]
    assert "900 records scored" in batch("score", requests, answers, *opener)
    assert "--identifiers" in batch("decrypt", answers, decrypted, *owner, status=1)
    # A part that is encrypted again has other openings: its old answers are refused, and the new ones read.
    (requests / "b.csv.parquet").unlink()
    batch("encrypt", records, requests, *owner, "--id", "sno", "--resume")
    out = batch("decrypt", answers, decrypted, *owner, "--identifiers", private, status=1)
    assert "b.csv.parquet" in out and "answers a request that isn't the one that was kept" in out
    (answers / "b.csv.parquet").unlink()
    batch("score", requests, answers, *opener, "--resume")
    assert "200 records decrypted, 0 of" in batch("decrypt", answers, decrypted, *owner, "--identifiers", private, "--resume")
    found = scores(decrypted)
    assert [row["score_1"] for row in found] == clear(vc.Model.load(hospital.model), hospital.patients[:900])
    assert "0 with other scores" in batch("verify", records, decrypted, "--model", sealed.model)
    plain = batch("encrypt", records, tmp_path / "none", "--card", hospital.card, "--sealed", sealed.weights, status=1)
    assert "isn't sealed" in plain


def test_faults(hospital: Hospital, records: Path, tmp_path: Path) -> None:
    requests, answers = tmp_path / "requests", tmp_path / "answers"
    owner = ["--card", hospital.card, "--key", KEY]
    out = batch("encrypt", records, requests, "--card", hospital.card, "--key", tmp_path / "none.json", status=1)
    assert "a worker has no file" in out and "none.json" in out and not list(requests.rglob("*.parquet"))
    assert "has no records" in batch("encrypt", tmp_path / "nothing", requests, *owner, status=1)
    out = batch("encrypt", records, requests, *owner, "--id", "nobody", status=1)
    assert "columns aren't there that are needed: nobody" in out
    batch("encrypt", records, requests, *owner)
    # One group is damaged, and one file cut off: the other file is scored, and the group's fault is told.
    path = requests / "ward" / "a.parquet-00000.parquet"
    table = pq.ParquetFile(path).read()
    cells = table["request"].to_pylist()
    cells[1] = b"x"
    pq.write_table(table.set_column(6, "request", pa.array(cells, pa.binary())), path)
    cut = requests / "b.csv.parquet"
    cut.write_bytes(cut.read_bytes()[:-100])
    out = batch("score", requests, answers, "--model", hospital.model, status=1)
    assert "b.csv.parquet: it is damaged, or cut off" in out and "1 of them faulty" in out and "1 parts failed" in out
    errors = pq.ParquetFile(answers / "ward" / "a.parquet-00000.parquet").read()["error"].to_pylist()
    assert [error is None for error in errors] == [True, False, True]
    assert "a.parquet-00000.parquet, row group 0, row 1 (batch " in errors[1]
    assert not (answers / "b.csv.parquet").exists() and not list(answers.rglob(".*"))
    out = batch("decrypt", answers, tmp_path / "scores", *owner, "--identifiers", tmp_path / "requests-private", status=1)
    assert "143 of them without scores" in out

    # No space: what a worker may write has a limit.
    full = [sys.executable, "-m", "veilcast.batch", "encrypt", records, tmp_path / "full", *owner]
    limit = functools.partial(resource.setrlimit, resource.RLIMIT_FSIZE, (8192, 8192))
    done = subprocess.run([*map(str, full)], capture_output=True, text=True, timeout=300, preexec_fn=limit)
    told = done.stderr.splitlines()[-1]
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    assert told.startswith("error: the engine gave up: OSError") and "File too large" in told and "--resume" in told
    assert not [path for path in (tmp_path / "full").rglob("*") if path.is_file()]

    # Another model at the same place.
    other = tmp_path / "other"
    shutil.copytree(hospital.model, other)
    card = (other / "card.json").read_bytes()
    (other / "card.json").write_bytes(card.replace(b'"hospital"', b'"hospitals"', 1))
    out = batch("score", requests / "ward", tmp_path / "again", "--model", other, status=1)
    assert "error" in out and not list((tmp_path / "again").rglob("*.parquet"))
    assert os.listdir(tmp_path / "requests-private")
