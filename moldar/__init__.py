"""A sentence or a picture becomes a printable object and a price.

from moldar import Client, GenerationRequest, connect

client = Client("http://127.0.0.1:8000")            # over HTTP; AsyncClient awaits
studio = connect()                                  # from any job on the Ray cluster that serves it
vase = client.generate(GenerationRequest(prompt="a vase 120 mm tall"))
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moldar._async_client import AsyncClient
    from moldar._calls import Upload
    from moldar._ray import Studio, connect
    from moldar._talk import Retry
    from moldar.client import Client
    from moldar.errors import (
        ApiError,
        BadAnswer,
        ConnectionFailed,
        GenerationFailed,
        MoldarClientError,
        NotConnected,
    )
    from moldar.wire import (
        AnalysisRequest,
        AnalysisResponse,
        Batch,
        BatchRequest,
        Event,
        Generation,
        GenerationPage,
        GenerationRequest,
        Printability,
        Quote,
        QuoteRequest,
    )

# Where each name lives. They are imported when they are first asked for (PEP 562): a job that only builds requests pays
# for no HTTP library, and `moldar --help` for neither.
_HOMES = {
    "AnalysisRequest": "moldar.wire",
    "AnalysisResponse": "moldar.wire",
    "ApiError": "moldar.errors",
    "AsyncClient": "moldar._async_client",
    "BadAnswer": "moldar.errors",
    "Batch": "moldar.wire",
    "BatchRequest": "moldar.wire",
    "Client": "moldar.client",
    "ConnectionFailed": "moldar.errors",
    "Event": "moldar.wire",
    "Generation": "moldar.wire",
    "GenerationFailed": "moldar.errors",
    "GenerationPage": "moldar.wire",
    "GenerationRequest": "moldar.wire",
    "MoldarClientError": "moldar.errors",
    "NotConnected": "moldar.errors",
    "Printability": "moldar.wire",
    "Quote": "moldar.wire",
    "QuoteRequest": "moldar.wire",
    "Retry": "moldar._talk",
    "Studio": "moldar._ray",
    "Upload": "moldar._calls",
    "connect": "moldar._ray",
}

__all__ = [
    "AnalysisRequest",
    "AnalysisResponse",
    "ApiError",
    "AsyncClient",
    "BadAnswer",
    "Batch",
    "BatchRequest",
    "Client",
    "ConnectionFailed",
    "Event",
    "Generation",
    "GenerationFailed",
    "GenerationPage",
    "GenerationRequest",
    "MoldarClientError",
    "NotConnected",
    "Printability",
    "Quote",
    "QuoteRequest",
    "Retry",
    "Studio",
    "Upload",
    "connect",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
