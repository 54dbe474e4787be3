#!/usr/bin/env python3
"""Boils a description of the client libraries' models down to what our API document is held to.

    client_contract.py client-models.json > client_contract.json

One entry for each operation: its method and path, its query parameters, and the names of the properties that the
client sends and expects, required and optional. Of a list's answer, `item` describes the rows.
"""

import json
import sys


# What is served so far. Whole parts of the interface come later and are not listed: streams, transformations
# and others.
MODULES = {
    "application",
    "authentication",
    "background_task",
    "endpoint",
    "event_type",
    "health",
    "ingest_authentication",
    "ingest_endpoint",
    "ingest_endpoint_transformation",
    "ingest_source",
    "message",
    "message_attempt",
}
LATER = {
    "get_stream_poller_token",
    "rotate_stream_poller_token",
    "stream_expire_all",
    "stream_logout",
    "stream_portal_access",
    "get_attempt_stats",
    "transformation_partial_update",
    "import_openapi",
    "bulk_expunge_content",
    "expunge_all_contents",
}


def main(path):
    with open(path) as file:
        facts = json.load(file)
    models = facts["models"]
    operations = {}
    for operation in facts["operations"]:
        if operation["module"] not in MODULES or operation["method"] in LATER:
            continue
        # Two methods of a client may be one operation.
        operations[operation["path"], operation["http"]] = {
            "method": operation["http"],
            "path": operation["path"],
            "query": sorted(operation["query"]),
            "request": shape(models, operation["request"]),
            "answer": shape(models, operation["response"]),
        }
    found = [operations[key] for key in sorted(operations)]
    json.dump({"client": facts["client"], "operations": found}, sys.stdout, indent=1)
    print()


def shape(models, name):
    model = models.get(name)
    if not model or "properties" not in model:
        return None if name in (None, "None") else {"required": [], "optional": []}
    required = sorted(model.get("required", []))
    found = {"required": required, "optional": sorted(set(model["properties"]) - set(required))}
    rows = model["properties"].get("data", {}).get("items", {}).get("$ref")
    if name.startswith("ListResponse") and rows:
        found["item"] = shape(models, rows.rsplit("/", 1)[-1])
    return found


main(sys.argv[1])
