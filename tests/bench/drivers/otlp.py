"""OTLP/JSON in and out, one trace a line; the standard library only."""

import gzip
import json

ROOT = -1
ERROR = 2


def _value(any_value):
    for kind in ("stringValue", "intValue", "doubleValue", "boolValue"):
        if kind in any_value:
            value = any_value[kind]
            return int(value) if kind == "intValue" else value
    return None


def _any_value(value):
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, bool):
        return {"boolValue": value}
    return {"doubleValue": value} if isinstance(value, float) else {"intValue": str(int(value))}


def read(path):
    """Traces of an OTLP/JSON file: lists of spans ordered by start, times in ns, `parent` an index or ROOT."""
    opened = gzip.open(path, "rt") if path.endswith(".gz") else open(path, encoding="utf-8")
    traces = []
    with opened as lines:
        for line in lines:
            spans = []
            for group in json.loads(line).get("resourceSpans", []):
                resource = {a["key"]: _value(a.get("value", {})) for a in group.get("resource", {}).get("attributes", [])}
                for scope in group.get("scopeSpans", []):
                    for span in scope.get("spans", []):
                        spans.append(
                            {
                                "id": span["spanId"],
                                "up": span.get("parentSpanId", ""),
                                "operation": (resource.get("service.name", ""), span.get("name", ""), span.get("kind", 0)),
                                "start": int(span["startTimeUnixNano"]),
                                "end": int(span["endTimeUnixNano"]),
                                "error": int(span.get("status", {}).get("code", 0)) == ERROR,
                                "attributes": {a["key"]: _value(a.get("value", {})) for a in span.get("attributes", [])},
                            }
                        )
            spans.sort(key=lambda span: span["start"])
            index = {span["id"]: i for i, span in enumerate(spans)}
            for i, span in enumerate(spans):
                parent = index.get(span["up"], ROOT)
                # Clocks may put a child before its parent: then it hangs from nothing, so that rows can be drawn downwards.
                span["parent"] = parent if parent < i else ROOT
            if spans:
                traces.append(spans)
    return traces


def evenly(traces, count):
    """At most `count` of the traces, evenly spread over them."""
    kept = min(count, len(traces))
    return [traces[i * len(traces) // kept] for i in range(kept)]


def write(path, traces):
    """Writes traces as OTLP/JSON, one a line, and gives how many; spans as `read` gives them, without ids."""
    count = 0
    with open(path, "w", encoding="utf-8") as out:
        for trace in traces:
            by_service = {}
            for number, span in enumerate(trace):
                service, name, kind = span["operation"]
                by_service.setdefault(service, []).append(
                    {
                        "traceId": f"{count + 1:032x}",
                        "spanId": f"{count + 1:08x}{number + 1:08x}",
                        **({"parentSpanId": f"{count + 1:08x}{span['parent'] + 1:08x}"} if span["parent"] != ROOT else {}),
                        "name": name,
                        "kind": kind,
                        "startTimeUnixNano": str(int(span["start"])),
                        "endTimeUnixNano": str(int(span["end"])),
                        "attributes": [{"key": key, "value": _any_value(value)} for key, value in span["attributes"].items()],
                        "status": {"code": ERROR} if span["error"] else {},
                    }
                )
            groups = [
                {
                    "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]},
                    "scopeSpans": [{"spans": spans}],
                }
                for service, spans in by_service.items()
            ]
            out.write(json.dumps({"resourceSpans": groups}, separators=(",", ":")) + "\n")
            count += 1
    return count
