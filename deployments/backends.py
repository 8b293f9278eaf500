"""Which backends this configuration has, and for the others: why not, and what would bring them."""

from deployments.settings import Settings
from pipelines.routing import BackendState


def configured(settings: Settings, embedded_capacity: int) -> tuple[BackendState, ...]:
    """Every backend by name. A backend that is not there is absent with its reason, never replaced."""
    hosted = "Hosted backends arrive with a later version of Moldar"
    return (
        BackendState("parametric", True, "exact solids with dimensions, made here", "", capacity=embedded_capacity),
        BackendState("relief", True, "a solid from one picture, made here", "", capacity=embedded_capacity),
        BackendState(
            "lgm",
            False,
            "the LGM pool has no weights on this machine",
            "LGM weights on a GPU worker (see `moldar doctor`)",
            licence="restricted",
        ),
        BackendState(
            "openlrm",
            False,
            "the OpenLRM pool has no weights on this machine",
            "OpenLRM weights on a GPU worker (non-commercial)",
            licence="non_commercial",
        ),
        BackendState(
            "replicate",
            False,
            hosted if settings.replicate_api_token else "no REPLICATE_API_TOKEN is set",
            "" if settings.replicate_api_token else "Replicate (set REPLICATE_API_TOKEN)",
            licence="restricted",
        ),
        BackendState(
            "huggingface",
            False,
            hosted if settings.hf_token else "no HF_TOKEN is set",
            "" if settings.hf_token else "a Hugging Face Space (set HF_TOKEN)",
            licence="restricted",
        ),
    )
