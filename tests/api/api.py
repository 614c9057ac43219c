#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Elasticsearch-like API over a store that holds the events of two test captures, against what `read` prints."""
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections import Counter

REMORA = os.environ["REMORA"]
FILES = ["src/proto/dns/test/dns.pcap", "tests/harness/captures/http-pipelined.pcap", "src/proto/icmp/test/icmp.pcap"]
passed = failed = 0


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


PORT = free_port()


def http(method, path, body=None, **headers):
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode() if body is not None else None
    if data is not None:
        headers.setdefault("Content-Type", "application/json")
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode(), e.headers


def get(path, **headers):
    return http("GET", path, **headers)


def search(body, index="remora-*", query=""):
    status, text, _ = http("POST", f"/{index}/_search{query}", body)
    return status, json.loads(text)


def check(name, got, want):
    global passed, failed
    if got == want:
        passed += 1
    else:
        failed += 1
        print(f"FAILED {name}\n  expected {want!r}\n  got      {got!r}")


def at(event, path):
    for part in path.split("."):
        event = event.get(part) if isinstance(event, dict) else None
    return event


def hits(query, field=None):
    _, a = search({"size": 1000, "query": query, "track_total_hits": True})
    if "error" in a:
        return a["error"]["type"]
    return a["hits"]["total"]["value"] if field is None else sorted(str(at(h["_source"], field)) for h in a["hits"]["hits"])


def shapes(events):
    status, text, headers = get("/")
    root = json.loads(text)
    check("/", (status, root["tagline"], "number" in root["version"], headers["X-Elastic-Product"]), (200, "You Know, for Search", True, "Elasticsearch"))
    status, text, _ = get("/_cat/indices?v")
    lines = text.strip().split("\n")
    check("_cat/indices has a head", lines[0].split()[:4], ["health", "status", "index", "uuid"])
    check("_cat/indices counts", sum(int(line.split()[6]) for line in lines[1:]), len(events))
    status, text, _ = get("/_cat/indices?format=json&h=index,docs.count")
    check("_cat/indices as JSON", sorted(json.loads(text)[0]), ["docs.count", "index"])
    check("_cat/health", get("/_cat/health")[1].split()[3], "green")
    check("_cluster/health", json.loads(get("/_cluster/health")[1])["status"], "green")
    check("_count", json.loads(get("/remora-*/_count")[1])["count"], len(events))
    check("_count with q", json.loads(get("/remora-*/_count?q=type:icmp")[1])["count"], sum(e["type"] == "icmp" for e in events))
    mapping = json.loads(get("/remora-*/_mapping")[1])
    properties = next(iter(mapping.values()))["mappings"]["properties"]
    check("_mapping", (properties["@timestamp"]["type"], properties["dns"]["properties"]["question"]["properties"]["name"]["type"]), ("date", "keyword"))
    caps = json.loads(get("/remora-*/_field_caps?fields=dns.question.*,source.ip")[1])["fields"]
    check("_field_caps", (sorted(caps["source.ip"]), caps["dns.question.name"]["keyword"]["aggregatable"]), (["ip"], True))
    many = '{"index":"remora-*"}\n{"size":0,"track_total_hits":true}\n{}\n{"query":{"term":{"type":"dns"}},"size":1}\n{}\n{"query":{"nonsense":{}}}\n'
    answers = json.loads(http("POST", "/_msearch", many)[1])["responses"]
    check("_msearch", [a["status"] for a in answers], [200, 200, 400])
    check("_msearch counts", answers[0]["hits"]["total"]["value"], len(events))
    one = search({"size": 1, "query": {"term": {"type": "dns"}}})[1]["hits"]["hits"][0]
    status, text, _ = get(f"/{one['_index']}/_doc/{one['_id']}")
    check("_doc", (status, json.loads(text)["_source"]), (200, one["_source"]))
    check("_doc that is not there", (get(f"/{one['_index']}/_doc/none")[0], json.loads(get(f"/{one['_index']}/_doc/none")[1])["found"]), (404, False))


def errors():
    for name, (status, kind), got in (
            ("unknown query", (400, "parsing_exception"), search({"query": {"frob": {}}})),
            ("unknown aggregation", (400, "parsing_exception"), search({"aggs": {"a": {"frob": {"field": "type"}}}})),
            ("an index that is not there", (404, "index_not_found_exception"), search({}, "nothing")),
            ("broken query string", (400, "query_shard_exception"), search({"query": {"query_string": {"query": "a: ("}}})),
            ("a network of IPv6", (400, "illegal_argument_exception"), search({"query": {"term": {"source.ip": "2001:db8::/32"}}})),
            ("too many hits", (400, "illegal_argument_exception"), search({"size": 20000})),
    ):
        check(name, (got[0], got[1]["error"]["type"]), (status, kind))
    status, text, _ = http("POST", "/remora-*/_search", "{broken")
    check("broken JSON", (status, json.loads(text)["status"]), (400, 400))
    check("unknown path", get("/_frob/x")[0] in (400, 404), True)
    check("a foreign Host", get("/", Host="evil.example")[0], 403)
    check("a foreign Origin", http("POST", "/remora-*/_search", {}, Origin="http://evil.example")[0], 403)


def queries(events):
    dns = [e for e in events if e["type"] == "dns"]
    for name, query, want in (
            ("match_all", {"match_all": {}}, len(events)),
            ("term on a column", {"term": {"dns.response_code": "NXDOMAIN"}}, sum(at(e, "dns.response_code") == "NXDOMAIN" for e in dns)),
            ("term on a field without a column", {"term": {"dns.op_code": "UPDATE"}}, sum(at(e, "dns.op_code") == "UPDATE" for e in dns)),
            ("term on a number without a column", {"term": {"dns.id": 5}}, sum(at(e, "dns.id") == 5 for e in dns)),
            ("term on a list", {"term": {"dns.header_flags": "RD"}}, sum("RD" in (at(e, "dns.header_flags") or []) for e in dns)),
            ("terms", {"terms": {"type": ["icmp", "http"]}}, sum(e["type"] in ("icmp", "http") for e in events)),
            ("range", {"range": {"source.bytes": {"gte": 30, "lt": 40}}}, sum(30 <= (at(e, "source.bytes") or -1) < 40 for e in events)),
            ("exists", {"exists": {"field": "dns.resolved_ip"}}, sum(at(e, "dns.resolved_ip") is not None for e in dns)),
            ("exists of an object", {"exists": {"field": "dns.opt"}}, sum(at(e, "dns.opt") is not None for e in dns)),
            ("prefix", {"prefix": {"dns.question.name": "www."}}, sum((at(e, "dns.question.name") or "").startswith("www.") for e in dns)),
            ("wildcard", {"wildcard": {"dns.question.name": {"value": "*.example.com"}}}, sum((at(e, "dns.question.name") or "").endswith(".example.com") for e in dns)),
            ("bool", {"bool": {"must": [{"term": {"type": "dns"}}], "must_not": [{"term": {"status": "OK"}}]}}, sum(e["status"] != "OK" for e in dns)),
            ("should", {"bool": {"should": [{"term": {"type": "icmp"}}, {"term": {"type": "http"}}], "minimum_should_match": 1}},
             sum(e["type"] in ("icmp", "http") for e in events)),
            ("ids", {"ids": {"values": [dns[0]["event"]["id"]]}}, 1),
            ("query_string", {"query_string": {"query": "type:dns AND NOT (status:OK OR dns.response_code:NXDOMAIN)"}},
             sum(e["status"] != "OK" and at(e, "dns.response_code") != "NXDOMAIN" for e in dns)),
            ("kql", {"kql": {"query": "type: dns and not (status: OK or dns.response_code: NXDOMAIN) and dns.id >= 5"}},
             sum(e["status"] != "OK" and at(e, "dns.response_code") != "NXDOMAIN" and at(e, "dns.id") >= 5 for e in dns)),
            ("a name of 1.x", {"term": {"client_ip": "192.0.2.10"}}, sum(at(e, "source.ip") == "192.0.2.10" for e in events)),
            ("a network", {"term": {"source.ip": "192.0.2.0/28"}}, sum((at(e, "source.ip") or "") in [f"192.0.2.{i}" for i in range(16)] for e in events)),
    ):
        check(name, hits(query), want)
    words = [json.dumps(e) for e in events]
    check("a bare word", hits({"query_string": {"query": "nothing.example.com"}}), sum("nothing.example.com" in w for w in words))
    body = {"size": 2, "sort": [{"@timestamp": "asc"}], "_source": ["query", "source.ip"], "query": {"term": {"type": "dns"}}}
    check("_source of the body", sorted(search(body)[1]["hits"]["hits"][0]["_source"]), ["query", "source"])
    _, text, _ = get("/remora-*/_search?q=type:dns&size=1&_source=status,dns.question.name")
    check("_source of the URL", sorted(json.loads(text)["hits"]["hits"][0]["_source"]), ["dns", "status"])
    first = search({"size": 3, "sort": [{"@timestamp": "asc"}]})[1]["hits"]["hits"]
    second = search({"size": 3, "from": 2, "sort": [{"@timestamp": "asc"}]})[1]["hits"]["hits"]
    check("from and size", second[0]["_id"], first[2]["_id"])
    check("search_after", search({"size": 1, "sort": [{"@timestamp": "asc"}, {"event.id": "asc"}],
                                  "search_after": search({"size": 1, "sort": [{"@timestamp": "asc"}, {"event.id": "asc"}]})[1]["hits"]["hits"][0]["sort"]})[0], 200)


def aggregations(events):
    dns = [e for e in events if e["type"] == "dns"]
    _, a = search({"size": 0, "aggs": {
        "types": {"terms": {"field": "type", "size": 10}, "aggs": {"bytes": {"sum": {"field": "network.bytes"}}}},
        "names": {"cardinality": {"field": "dns.question.name"}},
        "time": {"date_histogram": {"field": "@timestamp", "fixed_interval": "1d", "min_doc_count": 1}},
        "sizes": {"histogram": {"field": "source.bytes", "interval": 10, "min_doc_count": 1}},
        "stats": {"stats": {"field": "source.bytes"}},
        "slow": {"percentiles": {"field": "event.duration", "percents": [50, 95]}},
        "bad": {"filter": {"term": {"status": "Error"}}},
        "both": {"filters": {"filters": {"e": {"term": {"status": "Error"}}, "o": {"term": {"status": "OK"}}}}},
        "codes": {"terms": {"field": "dns.op_code"}},
        "top": {"top_hits": {"size": 1, "_source": ["type"]}},
    }})
    a = a["aggregations"]
    want = Counter(e["type"] for e in events)
    check("terms", {b["key"]: b["doc_count"] for b in a["types"]["buckets"]}, dict(want))
    check("sum inside terms", {b["key"]: b["bytes"]["value"] for b in a["types"]["buckets"]}["icmp"], float(sum(at(e, "network.bytes") for e in events if e["type"] == "icmp")))
    check("cardinality", a["names"]["value"], len({at(e, "dns.question.name") for e in dns} - {None}))
    check("date_histogram", sum(b["doc_count"] for b in a["time"]["buckets"]), len(events))
    sizes = Counter(at(e, "source.bytes") // 10 * 10 for e in events if at(e, "source.bytes") is not None)
    check("histogram", {int(b["key"]): b["doc_count"] for b in a["sizes"]["buckets"]}, dict(sizes))
    values = [at(e, "source.bytes") for e in events if at(e, "source.bytes") is not None]
    check("stats", (a["stats"]["count"], a["stats"]["min"], a["stats"]["max"]), (len(values), float(min(values)), float(max(values))))
    check("percentiles", sorted(a["slow"]["values"]), ["50.0", "95.0"])
    check("filter", a["bad"]["doc_count"], sum(e.get("status") == "Error" for e in events))
    check("filters", {k: b["doc_count"] for k, b in a["both"]["buckets"].items()}, {"e": sum(e.get("status") == "Error" for e in events), "o": sum(e.get("status") == "OK" for e in events)})
    check("terms on a field without a column", {b["key"]: b["doc_count"] for b in a["codes"]["buckets"]}, dict(Counter(at(e, "dns.op_code") for e in dns)))
    check("top_hits", list(a["top"]["hits"]["hits"][0]["_source"]), ["type"])


def main():
    events = [json.loads(line) for line in subprocess.run([REMORA, "read", "-o", "ndjson", *FILES], capture_output=True, text=True, check=True).stdout.splitlines()]
    server = subprocess.Popen([REMORA, "read", "-o", "store", "--serve", "--listen", f"127.0.0.1:{PORT}", *FILES], stderr=subprocess.PIPE, text=True)
    try:
        for line in server.stderr:
            if "the page is at" in line:
                break
        stored = [h["_source"] for h in search({"size": 1000})[1]["hits"]["hits"]]
        for e in stored:
            e.pop("host", None), e["agent"].pop("name", None)
        plain = lambda es: sorted(json.dumps(e, sort_keys=True) for e in es)
        check("what is stored is what was read", plain(stored) == plain(events), True)
        shapes(events)
        errors()
        queries(events)
        aggregations(events)
        check("the page", get("/")[0], 200)
        check("/metrics", "remora_keeper_events_total" in get("/metrics")[1], True)
    finally:
        server.send_signal(signal.SIGINT)
        said = server.communicate(timeout=30)[1]
        if "error" in said or "WARNING" in said:
            print(said[:8000])
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return failed != 0


if __name__ == "__main__":
    raise SystemExit(main())
