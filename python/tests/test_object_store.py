"""``veilcast-batch`` on an object store that speaks S3's protocol. It needs other packages than the rest of the tests."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hospital import KEY, Hospital, clear, trained
from pyarrow import fs
from test_batch import batch

import veilcast as vc

server = pytest.importorskip("moto.server")


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    return trained(tmp_path_factory.mktemp("hospital"))


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[fs.S3FileSystem]:
    """A server with a bucket, which the processes that a test starts find."""
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    running.start()
    host, port = running.get_host_and_port()
    settings = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "someone",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    made = fs.S3FileSystem(endpoint_override=f"{host}:{port}", scheme="http", allow_bucket_creation=True)
    made.create_dir("lake")
    yield made
    running.stop()


def test_tables_lie_in_a_bucket(store: fs.S3FileSystem, hospital: Hospital, tmp_path: Path) -> None:
    table = pa.Table.from_pandas(hospital.patients[:500], preserve_index=False)
    with store.open_output_stream("lake/records/a.parquet") as stream:
        pq.write_table(table, stream, row_group_size=300)
    owner = ["--card", hospital.card, "--key", KEY]
    assert "500 records encrypted" in batch("encrypt", "s3://lake/records", "s3://lake/requests", *owner, "--id", "sno")
    names = [info.base_name for info in store.get_file_info(fs.FileSelector("lake/requests-private", recursive=True))]
    assert sorted(names) == ["a.parquet-00000.parquet", "a.parquet-00001.parquet"]
    assert "500 records scored" in batch("score", "s3://lake/requests", "s3://lake/answers", "--model", hospital.model)
    # What is secret again need not go back.
    scores = tmp_path / "scores"
    private = ["--identifiers", "s3://lake/requests-private"]
    assert "500 records decrypted, 0 of" in batch("decrypt", "s3://lake/answers", scores, *owner, *private)
    found = pq.read_table(scores).sort_by("id")
    assert found["id"].to_pylist() == hospital.patients["sno"][:500].tolist()
    assert found["score_1"].to_pylist() == clear(vc.Model.load(hospital.model), hospital.patients[:500])

    # Text files, too; what is wrong is told with the object's path, and nothing of a copy stays.
    before = set(os.listdir(tempfile.gettempdir()))
    text = hospital.patients[:200].to_csv(index=False, sep=";")
    for name, content in (("good.csv", text), ("bad.csv", text.replace(";", ";x", 12))):
        with store.open_output_stream(f"lake/texts/{name}") as stream:
            stream.write(content.encode())
    out = batch("encrypt", "s3://lake/texts", "s3://lake/of-texts", *owner, "--id", "sno", status=1)
    assert "200 records encrypted" in out and "lake/texts/bad.csv" in out and "tmp" not in out, out
    assert not [name for name in set(os.listdir(tempfile.gettempdir())) - before if name.startswith(".veilcast-")]

    # A part that is missing is done, and no other.
    store.delete_file("lake/answers/a.parquet-00001.parquet")
    out = batch("score", "s3://lake/requests", "s3://lake/answers", "--model", hospital.model, "--resume")
    assert "1 of 2 parts are there already" in out and "200 records scored" in out
    assert "has no records" in batch("encrypt", "s3://lake/nothing", "s3://lake/more", *owner, status=1)
    out = batch("encrypt", "s3://nobody/records", "s3://lake/more", *owner, status=1)
    assert "error" in out and os.environ["AWS_SECRET_ACCESS_KEY"] not in out
