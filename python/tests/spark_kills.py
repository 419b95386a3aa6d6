"""Scores on a cluster of Spark's own whose workers die: ``python spark_kills.py MODEL KEY PATIENTS FOLDER``.

Each task's first attempt ends with its worker killed, after it has passed some rows on. Every group must be there once.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any


def killed_once(folder: str, batches: Iterable[Any]) -> Iterator[Any]:
    for number, batch in enumerate(batches):
        yield batch
        from pyspark import TaskContext

        context = TaskContext.get()
        assert context is not None
        marker = Path(folder) / f"killed-{context.stageId()}-{context.partitionId()}"
        if number == 0 and not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)


def main(model: str, key: str, patients: str, folder: str) -> None:
    import functools

    from pyspark.sql import SparkSession

    from veilcast import spark as vs

    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local-cluster[2,1,1024]")
    # Small batches, so that a task passes some on before it dies.
    builder = builder.config("spark.sql.execution.arrow.maxRecordsPerBatch", "1").config("spark.ui.enabled", "false")
    builder = builder.config("spark.executorEnv.PYTHONPATH", os.environ["PYTHONPATH"]).config("spark.sql.shuffle.partitions", "2")
    spark = builder.getOrCreate()
    owner = {"card": f"{model}/card.json", "key": key}
    records = spark.read.parquet(patients).repartition(3)
    vs.encrypt(records, id="sno", **owner).write.parquet(f"{folder}/private")
    private = spark.read.parquet(f"{folder}/private").repartition(3)
    dying = private.drop("ids").mapInArrow(functools.partial(killed_once, folder), vs.REQUESTS)
    vs.score(dying, model=model).write.parquet(f"{folder}/answers")
    answers = spark.read.parquet(f"{folder}/answers")
    joined = answers.join(private.select("batch", "group", "ids"), ["batch", "group"])
    vs.decrypt(joined, **owner).coalesce(1).write.parquet(f"{folder}/scores")
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
