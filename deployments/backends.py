"""Which backends this configuration has, and for the others: why not, and what would bring them."""

from deployments.settings import Settings
from pipelines.routing import BackendName, BackendState, Licence


def configured(settings: Settings, embedded_capacity: int) -> tuple[BackendState, ...]:
    """Every backend by name. A backend that is not there is absent with its reason, never replaced by a fake."""
    return (
        BackendState("parametric", True, "exact solids with dimensions, made here", "", capacity=embedded_capacity),
        BackendState("relief", True, "a solid from one picture, made here", "", capacity=embedded_capacity),
        _absent("lgm", "LGM weights and a GPU worker", "restricted"),
        _absent("openlrm", "OpenLRM weights (non-commercial) and a GPU worker", "non_commercial"),
        _absent("replicate", _hosted("REPLICATE_API_TOKEN", given=settings.replicate_api_token is not None)),
        _absent("huggingface", _hosted("HF_TOKEN", given=settings.hf_token is not None)),
    )


def _absent(name: BackendName, needs: str, licence: Licence = "restricted") -> BackendState:
    reason = f"this version has no adapter for it; it will need {needs}"
    return BackendState(name, False, reason, f"{name} (needs {needs})", licence=licence)


def _hosted(variable: str, *, given: bool) -> str:
    return f"{variable}, which is set" if given else variable
