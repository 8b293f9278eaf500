"""The older Portuguese interface: thin aliases with its own field names, which must not change."""

import base64
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from deployments import openapi
from deployments.bodies import parse, upload
from moldar import wire
from moldar.wire.requests import SizeMm
from pipelines.errors import NoBackend
from pipelines.uploads import FileConversion

if TYPE_CHECKING:
    from deployments.gateway import Gateway

WAIT_S: Final = 300.0  # the older interface answers only when it is done


class _LegacyRequest(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class LegacyPrompt(_LegacyRequest):
    """Body of `POST /api/gerar-3d-lgm`."""

    prompt: str = Field(min_length=1, max_length=wire.PROMPT_MAX_CHARS, description="The object in words.")
    negative_prompt: str | None = Field(None, max_length=wire.PROMPT_MAX_CHARS, description="What it should not be.")
    seed: int = Field(0, ge=0, le=2**32 - 1, description="The seed.")
    format: wire.Format = Field("glb", description="Mesh file to write.")
    size_mm: SizeMm | None = Field(None, description="Longest side.")


class LegacyPicture(_LegacyRequest):
    """Fields beside the file of `POST /api/gerar-3d-lgm-image`."""

    prompt: str | None = Field(None, min_length=1, max_length=wire.PROMPT_MAX_CHARS, description="In words.")
    seed: int = Field(0, ge=0, le=2**32 - 1, description="The seed.")
    format: wire.Format = Field("glb", description="Mesh file to write.")
    size_mm: SizeMm | None = Field(None, description="Longest side.")


class LegacyConversion(_LegacyRequest):
    """Fields beside the file of `POST /api/convert-3d-format`."""

    target_format: Annotated[wire.Format | wire.SplatFormat, Field(description="What to write.")]


class LegacyResult(BaseModel):
    """What the older interface answers."""

    success: bool = Field(description="Whether there is a model.")
    model_path: str | None = Field(None, description="Where to get it.")
    format: str = Field(description="Its format.")
    processing_time: float = Field(description="Seconds.")
    generation_id: str | None = Field(None, description="The generation behind it.")
    error: str | None = Field(None, description="Why there is none.")


def legacy_routes(gateway: "Gateway") -> APIRouter:
    """The routes under `/api`."""
    api = APIRouter(prefix="/api")

    @api.post("/gerar-3d-lgm", response_model=LegacyResult)
    async def from_prompt(body: LegacyPrompt) -> Response:
        """An object from a sentence; answers when it is done."""
        fields = {"negative_prompt": body.negative_prompt} if body.negative_prompt else {}
        return await _generate(gateway, body.format, prompt=body.prompt, seed=body.seed, size_mm=body.size_mm, **fields)

    @api.post("/gerar-3d-lgm-image", response_model=LegacyResult, openapi_extra=openapi.file_form(LegacyPicture))
    async def from_picture(request: Request) -> Response:
        """An object from a picture; answers when it is done."""
        sent = await upload(request)
        body = parse(LegacyPicture, sent.fields)
        picture = "data:image/x-upload;base64," + base64.b64encode(sent.data).decode()
        fields = {"prompt": body.prompt} if body.prompt else {}
        return await _generate(gateway, body.format, images=(picture,), seed=body.seed, size_mm=body.size_mm, **fields)

    @api.post(
        "/convert-3d-format",
        responses={200: {"content": {"application/octet-stream": {}}, "description": "The converted file."}},
        response_class=Response,
        openapi_extra=openapi.file_form(LegacyConversion),
    )
    async def convert(request: Request) -> Response:
        """An uploaded file in another format."""
        sent = await upload(request)
        target = parse(LegacyConversion, sent.fields).target_format
        made = await gateway.uploads.convert(sent.data, FileConversion(sent.extension, target))
        headers = {"Content-Disposition": f'attachment; filename="model.{target}"'}
        return Response(made.data, 200, headers, "application/octet-stream")

    @api.get("/metrics", responses=openapi.METRICS, response_class=Response)
    async def metrics() -> Response:
        """The same exposition as `/metrics`."""
        return Response(await gateway.metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")

    @api.post("/webhooks/{kind}", responses=openapi.PROBLEMS)
    async def webhook(kind: Literal["generation", "training"]) -> Response:
        """Replicate's calls under their older address; refused while no hosted backend is configured."""
        raise NoBackend(f"No hosted backend is configured, so no {kind} can be reported; set REPLICATE_API_TOKEN.")

    return api


async def _generate(gateway: "Gateway", form: wire.Format, **fields: Any) -> Response:
    made = await gateway.submit(parse(wire.GenerationRequest, {**fields, "formats": (form,)}))
    done = await gateway.wait(made.id, WAIT_S)
    file = next((f for f in done.files if f.name == f"model.{form}"), None)
    ended = done.finished_at or done.created_at
    result = LegacyResult(
        success=done.status == "succeeded",
        model_path=file.url if file else None,
        format=form,
        processing_time=(ended - done.created_at).total_seconds(),
        generation_id=done.id,
        error=done.error.message if done.error else None,
    )
    return JSONResponse(result.model_dump(mode="json"))
