"""A service in this process."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Optional, Union

from veilcast import _native
from veilcast.errors import ServeError
from veilcast.models import Model

__all__ = ["Service", "serve"]

Path = Union[str, "os.PathLike[str]"]
Served = Union[Model, Path]


class Service:
    """A running service: close it, or use it in a ``with`` statement. See :func:`serve`."""

    __slots__ = ("_serving",)
    _serving: _native.Serving

    def __init__(self, *_: object) -> None:
        raise TypeError("start a service with veilcast.serve")

    @property
    def url(self) -> str:
        """The address at which this machine reaches it."""
        return self._serving.url

    def close(self) -> None:
        """Takes no more requests, lets those under way finish, and ends."""
        self._serving.close()

    def __enter__(self) -> Service:
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Service at {self.url}>"


def serve(
    models: Union[Served, Iterable[Served]],
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    ledger: Optional[str] = None,
    voucher_secret: Optional[Path] = None,
    settings: Optional[Mapping[str, Any]] = None,
) -> Service:
    """Serves models over HTTP, and a web page for them, from this process, until the service is closed.

    It is the service of ``veilcast serve``, for notebooks, tests and small deployments; for anything else run that.

    Args:
        models: Models, or folders of models. A sealed model needs its key: ``Model.load(folder, sealing_key=key)``.
        host: The address to listen on; only this machine reaches the usual one.
        port: The port; 0 takes a free one.
        ledger: Where the tokens are that requests then need: ``sqlite:///folder/ledger.db`` or ``postgres://…``, with
            tokens that ``veilcast token add`` has added.
        voucher_secret: A file with the secret that vouchers are derived from, so that they outlive the service.
        settings: Any other settings, by the names that they have in the configuration file of ``veilcast serve``.

    Raises:
        ServeError: if the port is taken, or a setting makes no sense.
        ModelError: if a folder isn't a model's.
    """
    several = [models] if isinstance(models, (Model, str, os.PathLike)) else list(models)
    loaded = [model if isinstance(model, Model) else Model.load(model) for model in several]
    if not loaded:
        raise ServeError("name a model to serve")
    if not 0 <= port < 1 << 16:
        raise ServeError(f"there is no port {port}: give one from 0 to 65535")
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    own: dict[str, Any] = {"listen": [address]}
    if ledger is not None:
        own["ledger"] = {"url": ledger, "required": True}
    if voucher_secret is not None:
        own["voucher_secret_file"] = os.fspath(voucher_secret)
    for name in own:
        if settings is not None and name in settings:
            raise ServeError(f"the setting {name} has an argument of its own: leave it out of settings")
    try:
        text = json.dumps({**own, **(settings or {})})
    except TypeError as error:
        raise ServeError(f"the settings can't be used: {error}") from None
    service = object.__new__(Service)
    service._serving = _native.Serving([model._model for model in loaded], text)
    return service
