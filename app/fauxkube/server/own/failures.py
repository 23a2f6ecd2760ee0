"""What fails is answered by a `Status`, as in the rest of the API, whichever layer of the framework noticed it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from fauxkube.machinery import status
from fauxkube.machinery.status import StatusError
from fauxkube.server.errors import as_status


class Cause(BaseModel):
    """One thing that is wrong."""

    field: str = Field(default="", description="The field that it is about.", examples=["overrides.nodes"])
    reason: str = Field(default="", examples=["FieldValueInvalid"])
    message: str = Field(default="", examples=["Input should be a valid integer"])


class Details(BaseModel):
    """What the failure is about."""

    name: str = ""
    kind: str = ""
    causes: list[Cause] = []


class Failure(BaseModel):
    """A Kubernetes `Status`."""

    kind: str = "Status"
    apiVersion: str = "v1"  # noqa: N815 - Kubernetes' name
    metadata: dict[str, Any] = {}
    status: str = "Failure"
    message: str = Field(examples=['clusters "shop" not found'])
    reason: str = Field(examples=["NotFound"])
    details: Details = Details()
    code: int = Field(examples=[404])


#: How failures are documented, whatever their code.
RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": Failure, "description": "The request cannot be met."},
    "5XX": {"model": Failure, "description": "The server failed, or what was waited for did not come about in time."},
}


def render(app: FastAPI) -> None:
    """Have every failure in `app` answered so."""
    app.add_exception_handler(StatusError, _failed)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Exception, _failed)


async def _failed(request: Request, error: Exception) -> JSONResponse:
    failure = as_status(error, doing=f"{request.method} {request.url.path}")
    return JSONResponse(failure.to_object(), failure.code)


async def _refused(request: Request, error: Exception) -> JSONResponse:
    """A path or a method that there is not."""
    code = error.status_code if isinstance(error, HTTPException) else 500
    if code == 405:
        return await _failed(request, status.method_not_allowed())
    if code == 404:
        return await _failed(request, status.no_such_path())
    return await _failed(request, status.bad_request(str(error)))


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    """Input that does not fit: 415 for a form, 400 for what is no JSON, else 422 with the fields named."""
    problems: Sequence[Any] = error.errors() if isinstance(error, RequestValidationError) else ()
    media = request.headers.get("content-type", "")
    if media.partition(";")[0] == "application/x-www-form-urlencoded":
        return await _failed(request, status.unsupported_media_type(["application/json"]))
    for problem in problems:
        if problem["type"] == "json_invalid" and problem["loc"][0] == "body":
            reason = problem.get("ctx", {}).get("error", "")
            return await _failed(request, status.bad_request(f"the body is not valid JSON: {reason}"))
    causes = [_cause(problem) for problem in problems]
    return await _failed(request, status.unfit(causes))


def _cause(problem: Any) -> dict[str, str]:
    field = ".".join(str(each) for each in problem["loc"][1:]) or str(problem["loc"][0])
    reason = "FieldValueRequired" if problem["type"] == "missing" else "FieldValueInvalid"
    return {"reason": reason, "message": problem["msg"], "field": field}
