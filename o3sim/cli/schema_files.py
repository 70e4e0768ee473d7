"""JSON Schemas of the configuration files, for editors to complete and check them with.

The files in ``docs/schemas`` are what :func:`schema_files` returns; each shipped YAML names its
schema in a first line that the YAML language server understands.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from o3sim.config.architecture import Architecture
from o3sim.config.workload import Workload
from o3sim.runs.cluster.config import SlurmCluster
from o3sim.studies.search.config import Explore
from o3sim.studies.sweep.config import Sweep
from o3sim.train.config import Training

MODELS: dict[str, type[BaseModel]] = {
    "architecture": Architecture,
    "workload": Workload,
    "sweep": Sweep,
    "explore": Explore,
    "training": Training,
    "cluster": SlurmCluster,
}

_EXTENDS = {
    "description": "File (relative to this one) or shipped name; its values hold where this one states none.",
    "type": "string",
    "minLength": 1,
}


def json_schema(kind: str) -> dict[str, Any]:
    """Return the schema of one kind of file.

    With ``extends`` a file may leave out any key that its mappings would otherwise require, so
    requirements are moved into a condition: what is required, at any depth, without ``extends``.
    """
    schema = MODELS[kind].model_json_schema(mode="validation")
    mappings: list[dict[str, Any]] = []
    required = _required(schema, schema.get("$defs", {}), mappings)
    for mapping in mappings:
        mapping.pop("required", None)
    schema["properties"] = {"extends": _EXTENDS, **schema["properties"]}
    schema["if"] = {"required": ["extends"]}
    schema["else"] = required
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def schema_files() -> dict[str, str]:
    """Return the text of every schema file by its name."""
    return {
        f"{kind}.schema.json": json.dumps(json_schema(kind), indent=2, ensure_ascii=False) + "\n"
        for kind in MODELS
    }


def _required(
    schema: dict[str, Any], definitions: dict[str, Any], mappings: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return what a mapping and the mappings directly in it require; list those in `mappings`."""
    mappings.append(schema)
    nested = {}
    for key, value in schema["properties"].items():
        inner = definitions.get(value.get("$ref", "").rsplit("/", 1)[-1], value)
        if "properties" in inner:
            nested[key] = _required(inner, definitions, mappings)
    return {"required": schema.get("required", []), "properties": nested}
