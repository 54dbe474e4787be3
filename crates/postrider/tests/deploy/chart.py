"""Renders the chart with Helm's own library, and holds what comes out against the schemas of Kubernetes.

Reads {"chart": folder, "kubernetes": [version, ...], "cases": {name: values}} and writes

    {"lint": [complaint, ...],
     "cases": {name: {"schema": refusal or null, "template": refusal or null, "objects": [...], "problems": [...]}}}

The templates are rendered from a copy of the chart without its schema: they must refuse by themselves what must never
be, since Helm can be told to skip schemas.
"""

import json
import os
import shutil
import sys
import tempfile

import helm_python as helm
import kubernetes_validate
import yaml

WARNING = 2
# Resources of their own projects, whose schemas are not those of Kubernetes.
FOREIGN = ("gateway.networking.k8s.io/v1", "monitoring.coreos.com/v1")


def lint(folder, values):
    report = helm.lint(folder, values, strict=True)
    told = [message["error"] for message in report["messages"] if message["severity"] >= WARNING]
    return told + report["errors"]


def schema_refusal(folder, values):
    with helm.Chart.load(folder) as chart:
        try:
            chart.validate_schema(values)
        except helm.HelmValuesError as refusal:
            return str(refusal)
    return None


def render(bare, values):
    """The objects, or why the templates refuse."""
    with helm.Chart.load(bare) as chart:
        try:
            files = chart.render(values, name="demo", namespace="hooks", is_install=True)
        except helm.HelmRenderError as refusal:
            return [], str(refusal)
    objects = []
    for name, text in sorted(files.items()):
        if name.endswith(".yaml"):
            objects += [item for item in yaml.safe_load_all(text) if item is not None]
    return objects, None


def problems(item, versions):
    if item["apiVersion"] in FOREIGN:
        return
    for version in versions:
        try:
            kubernetes_validate.validate(item, version, strict=True)
        except kubernetes_validate.ValidationError as problem:
            yield f"{item['kind']} in {version}: {problem.message}"


def main():
    order = json.load(sys.stdin)
    folder = order["chart"]
    answer = {"lint": [], "cases": {}}
    with tempfile.TemporaryDirectory() as place:
        bare = os.path.join(place, os.path.basename(folder))
        shutil.copytree(folder, bare)
        os.remove(os.path.join(bare, "values.schema.json"))
        for name, values in order["cases"].items():
            schema = schema_refusal(folder, values)
            objects, template = render(bare, values)
            if schema is None and template is None:
                answer["lint"] += [f"{name}: {told}" for told in lint(folder, values)]
            answer["cases"][name] = {
                "schema": schema,
                "template": template,
                "objects": objects,
                "problems": [told for item in objects for told in problems(item, order["kubernetes"])],
            }
    json.dump(answer, sys.stdout)


main()
