"""/openapi.json, made of the route table (OpenAPI 3.1)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from bot.http.auth import COOKIE
from bot.http.listing import Listing
from bot.http.problem import ProblemBody
from bot.http.route import Route
from core.text import say

_REF = "#/components/schemas/{name}"
_PARAMETER = re.compile(r"\{(\w+)\}")


def make_spec(table: Sequence[Route], language: str, version: str) -> dict[str, Any]:
    """The description of every route in the table."""
    kinds = {kind: None for route in table for kind in (*_bodies(route), route.answer) if kind}
    kinds[ProblemBody] = None
    schemas, components = msgspec.json.schema_components(kinds, ref_template=_REF)
    schema_of = dict(zip(kinds, schemas, strict=True))
    problem = schema_of[ProblemBody]
    paths: dict[str, dict[str, Any]] = {}
    for route in table:
        operation = _operation(route, language, problem)
        if bodies := [schema_of[body] for body in _bodies(route)]:
            schema = bodies[0] if len(bodies) == 1 else {"anyOf": bodies}
            operation["requestBody"] = {
                "required": not route.body_optional,
                "content": {"application/json": {"schema": schema}},
            }
        if route.answer is not None:
            content = {"application/json": {"schema": schema_of[route.answer]}}
            operation["responses"][str(route.status)]["content"] = content
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "tocsin",
            "version": version,
            "description": say("http.docs.intro", language),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
            },
        },
    }


def _bodies(route: Route) -> tuple[Any, ...]:
    return route.body if isinstance(route.body, tuple) else (route.body,) if route.body else ()


def _operation(route: Route, language: str, problem: dict[str, Any]) -> dict[str, Any]:
    responses: dict[str, Any] = {
        str(route.status): {"description": say("http.docs.done", language)}
    }
    for status in _refusals(route):
        responses[str(status)] = {
            "description": say(f"http.status.{status}", language),
            "content": {"application/problem+json": {"schema": problem}},
        }
    if route.key == "health.readyz":  # it tells the same in both cases
        responses["503"] = {"description": say("http.status.503", language)}
    operation: dict[str, Any] = {
        "operationId": route.key.replace(".", "_"),
        "summary": say(f"http.route.{route.key}", language),
        "tags": [say(f"http.group.{route.group}", language)],
        "parameters": [
            *_in_path(route.path),
            *_in_query(route.listing, language),
            *(_parameter(name, {"type": "string"}, language) for name in route.query),
        ],
        "responses": responses,
        "security": [{"token": []}, {"session": []}] if route.role is not None else [],
    }
    if route.role is not None:
        operation["x-role"] = route.role
    return operation


def _refusals(route: Route) -> list[int]:
    refused = {429, 503, *route.refuses}
    if route.role is not None:
        refused |= {401, 403}
    if "{" in route.path:
        refused.add(404)
    if route.listing is not None or route.query:
        refused.add(422)
    if route.body is not None:
        refused |= {400, 413, 415, 422}
    if route.action:
        refused |= {403, 409, 422}
    return sorted(refused)


def _in_path(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PARAMETER.findall(path)
    ]


def _in_query(listing: Listing | None, language: str) -> list[dict[str, Any]]:
    if listing is None:
        return []
    text: dict[str, Any] = {"type": "string"}
    pair = {"type": "string", "pattern": "^[^=]+=", "maxLength": 1000}
    found: list[tuple[str, dict[str, Any]]] = [
        ("limit", {"type": "integer", "minimum": 1, "maximum": 500, "default": 50}),
        ("cursor", text),
        ("since", text),
        ("until", text),
        ("q", {"type": "string", "maxLength": 500}),
    ]
    for name, allowed in (("status", listing.statuses), ("severity", listing.severities)):
        if allowed:
            found.append((name, {"type": "array", "items": {"type": "string", "enum": allowed}}))
    if listing.labels:
        found.append(("label", {"type": "array", "items": pair, "maxItems": 20}))
    return [_parameter(name, schema, language) for name, schema in found]


def _parameter(name: str, schema: dict[str, Any], language: str) -> dict[str, Any]:
    described = say(f"http.filter.{name}", language)
    return {"name": name, "in": "query", "description": described, "schema": schema}
