"""`/docs`: the API as a page of ours, made from the OpenAPI document. No viewer from another host, no script."""

from collections import defaultdict
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from app.core.routing import Router
from app.web.rendering import render

router = Router()


@router.get("/docs")
async def read_reference(request: Request) -> HTMLResponse:
    """Every endpoint by subject, with its parameters, body and answers; and every schema."""
    document = request.app.openapi()
    subjects: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            subjects[operation.get("tags", ["other"])[0]].append(_endpoint(path, method, operation))
    schemas = [_schema(name, schema) for name, schema in sorted(document["components"]["schemas"].items())]
    return render(request, "reference.html", subjects=dict(subjects), schemas=schemas)


def _endpoint(path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    body = operation.get("requestBody", {}).get("content", {})
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "what": operation.get("description") or operation.get("summary", ""),
        "parameters": [
            (p["name"], p["in"], _type(p["schema"]), p.get("required", False)) for p in operation.get("parameters", [])
        ],
        "body": [(kind, _type(content.get("schema", {}))) for kind, content in body.items()],
        "answers": [
            (status, ", ".join(_type(content.get("schema", {})) for content in answer.get("content", {}).values()))
            for status, answer in operation["responses"].items()
        ],
    }


def _schema(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    required = set(schema.get("required", []))
    return {
        "name": name,
        "what": schema.get("description", ""),
        "fields": [
            (field, _type(shape), field in required, shape.get("description", ""))
            for field, shape in schema.get("properties", {}).items()
        ],
    }


def _type(schema: dict[str, Any]) -> str:
    """A schema in a few words: its name, or what it is made of."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " | ".join(_type(choice) for choice in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"[{_type(schema.get('items', {}))}]"
    kind = str(schema.get("format") or schema.get("type") or "any")
    return str(schema.get("const", kind))
