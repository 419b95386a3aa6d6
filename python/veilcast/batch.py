"""Tables of any size from the command line: ``veilcast-batch encrypt | score | decrypt | verify SOURCE TARGET``.

Row groups of Parquet files, and whole text files (CSV), are done one by one, each whole or not at all, in the processes of an engine:
Sail's, which starts in this process, or a cluster's.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import functools
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn, Optional

from veilcast import _groups, _native, _steps, _workers, tables
from veilcast._files import Folder, Reading, Unit, absolute, units
from veilcast._steps import Job
from veilcast.cards import Card
from veilcast.errors import MissingPackage, RecordError, TableError, VeilcastError

__all__ = ["main", "run"]

PACKAGES = "pip install pysail 'pyspark-client>=4,<4.2' 'pandas<3' pyarrow"


def main(arguments: Optional[Sequence[str]] = None) -> NoReturn:
    """The program ``veilcast-batch``."""
    options = _parser().parse_args(arguments)
    try:
        status = 0 if run(options) else 1
    except (VeilcastError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        status = 1
    except KeyboardInterrupt:
        print("error: interrupted; --resume goes on with what is left", file=sys.stderr)
        status = 1
    if "pysail" not in sys.modules:
        sys.exit(status)
    # Threads of Sail's may still run, and abort the process while the interpreter ends.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def run(options: argparse.Namespace) -> bool:
    """Does a step, and tells what became of it; whether all went well."""
    tables.pyarrow()
    # Workers have other working directories.
    for name in ("source", "target", "identifiers"):
        if getattr(options, name, None) is not None:
            setattr(options, name, absolute(getattr(options, name)))
    source, target = Folder(options.source), Folder(options.target)
    job = _job(options, source)
    all_units = len(job.units)
    if options.step != "verify":
        job = _without_done(options, job, target)
    skipped = all_units - len(job.units)
    if skipped:
        _say(options, f"{skipped} of {all_units} parts are there already")
    groups = records = faults = 0
    failed: list[str] = []
    start = time.monotonic()
    try:
        with _engine(options.engine) if job.units else contextlib.nullcontext() as spark:
            for done, row in enumerate(_results(options, spark, job), 1):
                groups, records, faults = groups + row.groups, records + row.records, faults + row.faults
                if row.error is not None:
                    failed.append(row.error)
                if row.said is not None:
                    _say(options, f"{job.units[row.unit].name}: {row.said}")
                rate = records / max(time.monotonic() - start, 1e-9)
                _say(options, f"{done} of {len(job.units)} parts, {records:,} records, {rate:,.0f} records/s")
    except Exception as error:
        if not type(error).__module__.startswith(("pyspark", "py4j")):
            raise
        raise TableError(f"the engine gave up: {_cause(error)}; what is done stays, and --resume goes on with what is left") from None
    finally:
        # The engine has ended, and with it all that it ran.
        for address in (job.target, job.identifiers if options.step == "encrypt" else None):
            if address is not None and options.step != "verify":
                Folder(address).remove_remains()
    for text in failed:
        print(f"error: {text}", file=sys.stderr)
    what = {
        "encrypt": f"{records:,} records encrypted in {groups:,} groups",
        "score": f"{records:,} records scored in {groups:,} groups, {faults:,} of them faulty (column `error`)",
        "decrypt": f"{records:,} records decrypted, {faults:,} of them without scores (column `error`)",
        "verify": f"{records:,} records compared with the model in the clear, {faults:,} with other scores",
    }[options.step]
    print(f"{what}; {len(failed)} parts failed")
    return not failed and not faults


def _results(options: argparse.Namespace, spark: Any, job: Job) -> Iterator[Any]:
    """What became of each part, as they are done where the engine gives them so."""
    if not job.units:
        return
    parallel = options.parallel or (os.cpu_count() or 1 if options.engine == "sail" else len(job.units))
    numbers = spark.range(0, len(job.units), 1, min(parallel, len(job.units)))
    frame = numbers.mapInArrow(functools.partial(_steps.run, job), _steps.RESULTS)
    if _is_connected(options.engine):
        yield from frame.toLocalIterator()
        return
    # Spark's own iterator does one part after another.
    with concurrent.futures.ThreadPoolExecutor(1) as executor:
        rows = executor.submit(frame.collect)
        try:
            while not concurrent.futures.wait([rows], timeout=5).done:
                if job.step != "verify":
                    _say(options, f"{len(Folder(job.target).files(('.parquet',)))} parts are there")
        except KeyboardInterrupt:
            frame.sparkSession.sparkContext.cancelAllJobs()
            raise
        yield from rows.result()


def _cause(error: Exception) -> str:
    """What a worker raised, out of an engine's message, which has its own parts' words around it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    raised = [line for line in lines if re.match(r"(\w+\.)*\w*(Error|Exception)\b: ", line)]
    return (raised or lines or [type(error).__name__])[-1]


def _job(options: argparse.Namespace, source: Folder) -> Job:
    owner = None
    if options.step in ("encrypt", "decrypt"):
        owner = _workers.owner(options.card, options.key, getattr(options, "public_part", None), options.sealed)
    if options.step in ("encrypt", "verify"):
        parts = units(source)
    else:
        parts = [Unit(name, path) for name, path in source.files((".parquet",)).items()]
        if not parts:
            raise TableError(f"{source.address} has no tables: give the folder that the step before wrote")
    if options.step == "encrypt" and owner is not None:
        _groups.wanted(Card(owner.card), options.id)
    encoding = getattr(options, "encoding", None)
    if encoding is not None and not _native.knows_encoding(encoding):
        raise RecordError(f"no encoding has the name {encoding!r}: write a name such as utf-8, windows-1252 or utf-16le")
    identifiers = getattr(options, "identifiers", None)
    if options.step == "encrypt" and identifiers is None:
        identifiers = options.target.rstrip("/") + "-private"
    if owner is not None and owner.is_sealed and identifiers is None:
        raise TableError("a sealed model's answers are read by what was written beside the requests: name that folder with --identifiers")
    model = getattr(options, "model", None)
    directory = "" if model is None else os.path.abspath(model)
    return Job(
        options.step,
        options.source,
        options.target,
        parts,
        owner,
        identifiers,
        getattr(options, "id", None),
        directory,
        _workers.digest_in(directory) if directory else None,
        Reading(getattr(options, "encoding", None), getattr(options, "decimal", None)),
        os.path.abspath(options.sealing_key) if getattr(options, "sealing_key", None) else None,
    )


def _without_done(options: argparse.Namespace, job: Job, target: Folder) -> Job:
    """The job without what is there already.

    Raises:
        TableError: if something is there, and isn't to be resumed, or is of another key or card.
    """
    ending = ".parquet" if options.step == "encrypt" else ""
    there = target.files((".parquet",))
    if options.step == "encrypt" and job.identifiers is not None:
        private = Folder(job.identifiers).files((".parquet",))
        there = {name: path for name, path in there.items() if name in private}
    done = [unit for unit in job.units if unit.name + ending in there]
    if done and not options.resume:
        raise TableError(f"{options.target} has parts of this step already: go on with --resume, or choose another folder")
    if done and options.step != "decrypt":
        expected = job.digest if job.owner is None else Card(job.owner.card).digest
        file = target.parquet(there[done[0].name + ending])
        says = file.read(columns=["card_digest"])["card_digest"].unique().to_pylist() if file.metadata.num_rows else []
        if expected is not None and any(found.split(":")[-1] != expected for found in says):
            raise TableError(f"{options.target} was begun with another card: choose another folder")
    rest = set(job.units) - set(done)
    return job._replace(units=[unit for unit in job.units if unit in rest])


def _is_connected(engine: str) -> bool:
    """Whether an engine is spoken to by Spark Connect."""
    return engine == "sail" or engine.startswith("sc://")


def _is_client_alone() -> bool:
    from pyspark.util import is_remote_only  # type: ignore[import-untyped, import-not-found, unused-ignore]

    return bool(is_remote_only())


@contextlib.contextmanager
def _engine(name: str) -> Iterator[Any]:
    """A session of an engine, which ends with it."""
    # Of the workers that Spark starts on this machine.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    try:
        from pyspark.sql import SparkSession  # type: ignore[import-untyped, import-not-found, unused-ignore]
    except ImportError:
        raise MissingPackage(f"an engine needs pyspark: {PACKAGES}") from None
    if name != "sail":
        builder = SparkSession.builder.appName("veilcast-batch").config("spark.ui.showConsoleProgress", "false")
        if not _is_connected(name) and _is_client_alone():
            raise MissingPackage(f"the engine {name} needs Spark itself, not just its client: pip install 'pyspark>=4,<4.2'")
        address = "local[*]" if name == "local" else name
        session = (builder.remote(address) if _is_connected(name) else builder.master(address)).getOrCreate()
        try:
            yield session
        finally:
            session.stop()
        return
    os.environ.setdefault("RUST_LOG", "warn")
    try:
        from pysail.spark import SparkConnectServer  # type: ignore[import-untyped, import-not-found, unused-ignore]
    except ImportError:
        raise MissingPackage(f"the engine Sail needs pysail: {PACKAGES}; or name another with --engine") from None
    server = SparkConnectServer()
    server.start(background=True)
    try:
        _, port = server.listening_address
        session = SparkSession.builder.remote(f"sc://localhost:{port}").getOrCreate()
        try:
            yield session
        finally:
            session.stop()
    finally:
        server.stop()


def _say(options: argparse.Namespace, text: str) -> None:
    if not options.quiet:
        print(text, file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("veilcast-batch", description="Predictions on encrypted tables of any size.")
    steps = parser.add_subparsers(dest="step", required=True, metavar="encrypt|score|decrypt|verify")

    def step(name: str, text: str, source: str, target: str) -> argparse.ArgumentParser:
        made = steps.add_parser(name, help=text, description=text)
        made.add_argument("source", metavar="SOURCE", help=f"{source}, by its path or its address (s3://, gs://, abfs://)")
        made.add_argument("target", metavar="TARGET", help=target)
        made.add_argument("--engine", default="sail", help="sail (in this process), local (Spark on this machine), spark://…, sc://…")
        made.add_argument("--parallel", type=int, metavar="N", help="parts at a time; as many as cores, or as a cluster has")
        made.add_argument("--quiet", action="store_true", help="no progress")
        if name != "verify":
            made.add_argument("--resume", action="store_true", help="leave out the parts that are there already")
        return made

    encrypt = step("encrypt", "Encrypt records.", "folder of .parquet or .csv files", "folder for the requests")
    decrypt = step("decrypt", "Decrypt answers into scores.", "folder of answers", "folder for the scores")
    for made in (encrypt, decrypt):
        made.add_argument("--card", required=True, metavar="FILE", help="the model's card")
        secret = made.add_mutually_exclusive_group(required=True)
        secret.add_argument("--key", metavar="FILE", help="the secret key's file, which each worker reads")
        secret.add_argument("--sealed", metavar="FILE", help="a sealed model's weights, sealed.bin, in place of a key")
        made.add_argument("--identifiers", metavar="FOLDER", help="private table of who is in which group; beside TARGET, when encrypting")
    encrypt.add_argument("--id", metavar="COLUMN", help="the column of identifiers, which isn't encrypted")
    encrypt.add_argument("--public-part", metavar="FILE", help="a hybrid model's public.onnx")
    score = step("score", "Compute encrypted scores.", "folder of requests", "folder for the answers")
    score.add_argument("--sealing-key", metavar="FILE", help="the key of a sealed model, which each worker reads")
    verify = step("verify", "Compare scores with those of the model in the clear.", "folder of the records", "folder of the scores")
    for made in (encrypt, verify):
        made.add_argument("--encoding", metavar="NAME", help="encoding of the text files; found out, if not given")
        made.add_argument("--decimal", choices=["point", "comma"], help="decimal mark in the text files; found out, if not given")
    for made in (score, verify):
        made.add_argument("--model", required=True, metavar="FOLDER", help="the model's folder, which each worker reads")
    return parser


if __name__ == "__main__":
    main()
