"""Which backends this configuration has, and for the others: why not, and what would bring them."""

from deployments.lgm import models_here
from deployments.settings import LgmSettings, Settings
from pipelines.manifest import shipped_manifest
from pipelines.routing import SAYS, BackendName, BackendState, Licence
from pipelines.shaping import BIG


def configured(settings: Settings, embedded_capacity: int) -> tuple[BackendState, ...]:
    """Every backend by name. A backend that is not there is absent with its reason, never replaced by a fake."""
    return (
        BackendState("parametric", True, "exact solids with dimensions, made here", "", capacity=embedded_capacity),
        BackendState("relief", True, "a solid from one picture, made here", "", capacity=embedded_capacity),
        _lgm(settings.lgm),
        _absent("openlrm", "OpenLRM weights (non-commercial) and a GPU worker", "non_commercial"),
        _absent("replicate", _hosted("REPLICATE_API_TOKEN", given=settings.replicate_api_token is not None)),
        _absent("huggingface", _hosted("HF_TOKEN", given=settings.hf_token is not None)),
    )


def _lgm(settings: LgmSettings) -> BackendState:
    """The pool of models, as far as their files are here."""
    files = models_here(settings)
    if not files.ways:
        entry = shipped_manifest().named(BIG)
        return BackendState("lgm", False, "no weights of an LGM are here", f"lgm: '{entry.remedy}' brings them")
    names = " and ".join(file.name for file in (*files.splatters, files.mvdream, files.imagedream) if file)
    what = f"{names}: {'; '.join(SAYS[way.name] for way in files.ways)}"
    licences = [way.licence for way in files.ways]
    return BackendState(
        "lgm",
        True,
        what,
        "",
        licence="restricted" if "restricted" in licences else licences[0],
        capacity=settings.max_replicas * settings.max_batch_size,
        ways=files.ways,
    )


def _absent(name: BackendName, needs: str, licence: Licence = "restricted") -> BackendState:
    reason = f"this version has no adapter for it; it will need {needs}"
    return BackendState(name, False, reason, f"{name} (needs {needs})", licence=licence)


def _hosted(variable: str, *, given: bool) -> str:
    return f"{variable}, which is set" if given else variable
