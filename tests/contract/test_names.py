"""Names that other people depend on: routes, codes, metrics, settings, deploy files. The contract is written here."""

import ast
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ray.autoscaler._private.util import prepare_config, validate_config
from ray.serve.schema import DeploymentSchema, ServeDeploySchema

from deployments import telemetry
from deployments.api import routes
from deployments.problems import STATUS
from deployments.settings import Settings, described
from docs.generate import pages
from pipelines import errors
from serve_app import pool_options

ROOT = Path(__file__).resolve().parents[2]

ROUTES = {
    "/v1/generations",
    "/v1/generations/{generation_id}",
    "/v1/generations/{generation_id}/cancel",
    "/v1/generations/{generation_id}/events",
    "/v1/generations/{generation_id}/files/{name}",
    "/v1/generations/{generation_id}/quotes",
    "/v1/generations/{generation_id}/repairs",
    "/v1/generations/{generation_id}/turntable.webp",
    "/v1/batches",
    "/v1/batches/{batch_id}",
    "/v1/conversions",
    "/v1/printability",
    "/v1/quotes",
    "/v1/repairs",
    "/v1/pictures",
    "/v1/analyses",
    "/v1/events",
    "/v1/materials",
    "/v1/backends",
    "/healthz",
    "/readyz",
    "/metrics",
    "/",
    "/api/gerar-3d-lgm",
    "/api/gerar-3d-lgm-image",
    "/api/convert-3d-format",
    "/api/metrics",
    "/api/webhooks/{kind}",
}
CODES = {
    "input.invalid", "input.no_subject", "input.too_large", "input.unreadable", "prompt.contradictory",
    "prompt.moderated", "geometry.empty", "geometry.not_solid", "geometry.too_large", "backend.none_available",
    "backend.failed", "capacity.saturated", "capacity.deadline", "job.not_found",
    "idempotency.conflict", "storage.failed", "capacity.gpu_out_of_memory", "job.canceled", "weights.missing",
    "weights.mismatch", "slicer.failed", "backend.outcome_unknown", "budget.exceeded", "auth.invalid",
    "capacity.circuit_open",
}  # fmt: skip
METRICS = {
    "moldar_http_requests_total", "moldar_http_request_seconds", "moldar_generations_total", "moldar_stage_seconds",
    "moldar_generation_seconds", "moldar_queue_wait_seconds", "moldar_queue_depth", "moldar_in_flight",
    "moldar_capacity", "moldar_breaker_state", "moldar_rejections_total", "moldar_backend_up", "moldar_meshes_total",
    "moldar_printability_score", "moldar_quote_drift_ratio", "moldar_batch_jobs", "moldar_gpu_memory_used_ratio",
}  # fmt: skip


def test_every_route_of_the_contract_exists() -> None:
    assert set(routes()) == ROUTES


def test_every_code_is_one_leaf_with_one_status() -> None:
    codes = [leaf.code for leaf in errors.leaves()]
    assert sorted(codes) == sorted(CODES)
    assert set(STATUS) == set(errors.leaves())


def test_every_metric_is_declared_with_closed_labels() -> None:
    declared = (*telemetry.METRICS, *telemetry.http_metrics(routes()))
    assert {metric.name for metric in declared} == METRICS
    assert set(telemetry.CODES) == CODES
    for metric in declared:
        assert all(values for _, values in metric.labels), metric.name


async def test_every_series_exists_from_the_start() -> None:
    text = (await telemetry.Telemetry((*telemetry.METRICS, *telemetry.http_metrics(routes()))).render()).decode()
    assert 'moldar_rejections_total{code="backend.none_available"} 0.0' in text
    assert 'moldar_generations_total{backend="relief",method="auto",outcome="failed"} 0.0' in text
    for name in METRICS:
        assert f"# TYPE {name.removesuffix('_total')}" in text or f"# TYPE {name}" in text


@pytest.mark.parametrize("name", ["settings.md", "errors.md", "metrics.md"])
def test_generated_pages_are_current(name: str) -> None:
    assert (ROOT / "docs" / name).read_text() == dict(pages())[name]


def test_every_setting_says_what_it_is() -> None:
    assert all(text for _, _, text in described())


@pytest.mark.parametrize("name", ["MOLDAR_DATADIR", "MOLDAR_STUDIO__LEASE", "MOLDAR_STUDIO_LEASE_S"])
def test_a_misspelt_variable_stops_the_start(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(ValueError, match=r"(?i)unknown|extra|forbidden"):
        Settings()


def test_arguments_override_variables_and_secrets_stay_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOLDAR_STUDIO__LEASE_S", "7")
    monkeypatch.setenv("REPLICATE_API_TOKEN", "hunter2")
    assert Settings().studio.lease_s == 7
    assert Settings(studio={"lease_s": 3}).studio.lease_s == 3
    token = Settings().replicate_api_token
    assert token is not None
    assert token.get_secret_value() == "hunter2"
    assert "hunter2" not in repr(Settings())


def test_one_disk_is_refused_for_many_nodes() -> None:
    with pytest.raises(ValueError, match="MOLDAR_DATABASE_URL"):
        Settings(nodes=2)
    with pytest.raises(ValueError, match="MOLDAR_ARTIFACTS_URL"):
        Settings(nodes=2, database_url="postgresql+psycopg://db/moldar")
    Settings(nodes=2, database_url="postgresql+psycopg://db/x", artifacts_url="s3://b/p")


def test_serve_yaml_is_what_serve_deploy_takes_and_names_every_deployment() -> None:
    config = ServeDeploySchema.model_validate(yaml.safe_load((ROOT / "serve.yaml").read_text()))
    named = {deployment.name for deployment in config.applications[0].deployments}
    tree = ast.parse((ROOT / "serve_app.py").read_text())
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "deployment"]
    assert named == {call.args[0].value for call in calls if isinstance(call.args[0], ast.Constant)}


@pytest.mark.filterwarnings("ignore:The `metrics_interval_s` field:DeprecationWarning")
def test_the_pool_of_serve_yamls_comments_is_one_that_settings_take() -> None:
    text = (ROOT / "serve.yaml").read_text()
    lines = [line.replace("# ", "", 1) for line in text.splitlines() if re.match(r" {6}# +(studio|lgm|\w+):", line)]
    settings = Settings(**yaml.safe_load("\n".join(line for line in lines if not re.search("nodes|artifacts", line))))
    options = pool_options(settings.lgm)
    assert options["ray_actor_options"] == {"num_gpus": 0.5, "num_cpus": 0}
    assert options["max_ongoing_requests"] >= settings.lgm.max_batch_size
    assert settings.studio.concurrency >= settings.lgm.max_replicas * settings.lgm.max_batch_size
    assert DeploymentSchema.model_validate({"name": "lgm", **options}).autoscaling_config is not None


def test_a_pool_without_gpus_asks_for_none() -> None:
    assert pool_options(Settings().lgm)["ray_actor_options"] == {"num_cpus": 0.1}


def test_cluster_yaml_passes_rays_own_validation() -> None:
    config = prepare_config(yaml.safe_load((ROOT / "cluster.yaml").read_text()))
    validate_config(config)
    types = config["available_node_types"]
    assert types["head"]["resources"]["CPU"] == 0
    assert types["gpu_worker"]["resources"] == {"CPU": 0, "GPU": 1}
    assert types["cpu_worker"]["min_workers"] >= 1


NETWORKS = (
    "pipelines.lgm", "pipelines.multiview", "pipelines.attention", "pipelines.weights", "pipelines.shaping.models",
    "pipelines.shaping.shape", "pipelines.acceleration",
)  # fmt: skip


def modules_of(*rooms: str) -> list[str]:
    return [
        str(path.relative_to(ROOT).with_suffix("")).replace("/", ".").removesuffix(".__init__")
        for room in rooms
        for path in sorted((ROOT / room).rglob("*.py"))
    ]


def test_pipelines_and_jobs_import_without_ray() -> None:
    blocked = "import sys; sys.modules.update(ray=None, fastapi=None, httpx=None); import "
    subprocess.run([sys.executable, "-c", blocked + ", ".join(modules_of("pipelines", "jobs"))], check=True, cwd=ROOT)


def test_only_the_networks_cost_the_import_of_torch() -> None:
    light = [name for name in modules_of("pipelines", "jobs") if not name.startswith(NETWORKS)]
    blocked = "import sys; sys.modules.update(torch=None, diffusers=None, transformers=None); import "
    subprocess.run([sys.executable, "-c", blocked + ", ".join(light)], check=True, cwd=ROOT)


def test_errors_survive_the_trip_between_processes() -> None:
    examples = {
        errors.ModeratedPrompt: ("weapons", "No."),
        errors.JobNotFound: ("gen_1",),
        errors.IdempotencyConflict: ("k",),
        errors.Saturated: ("lgm", 3.0),
        errors.CircuitOpen: ("replicate", 30.0),
        errors.DeadlineExceeded: (5.0,),
    }
    for leaf in errors.leaves():
        error = leaf(*examples.get(leaf, ("one sentence",)))
        copy = pickle.loads(pickle.dumps(error))
        assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))
        assert str(error)


def test_every_finding_of_the_print_report_is_documented() -> None:
    code = "".join(path.read_text() for path in (ROOT / "pipelines/printability").glob("*.py"))
    found = set(re.findall(r'Finding\(\s*"([a-z_]+\.[a-z_]+)"', code))
    page = set(re.findall(r"`([a-z]+\.[a-z_]+)`", (ROOT / "docs/print-report.md").read_text()))
    assert found == page
