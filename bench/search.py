#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long the page's panels take on what a running remora has stored: bench/search.py [URL [INDEX [ROUNDS]]]

Prints the median of ROUNDS (5) of each panel's search in milliseconds, as the server says it (`took`)."""
import json
import statistics
import sys
import urllib.error
import urllib.request

url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:9200"
index = sys.argv[2] if len(sys.argv) > 2 else "remora-*"
rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
everything = {"match_all": {}}
percentiles = {"p": {"percentiles": {"field": "event.duration", "percents": [50, 95, 99]}}}


def histogram(step):
    return {"date_histogram": {"field": "@timestamp", "fixed_interval": step}}


def ask(body):
    request = urllib.request.Request(f"{url}/{index}/_search", json.dumps({"size": 0, "track_total_hits": True, **body}).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


span = ask({"aggs": {"a": {"min": {"field": "@timestamp"}}, "b": {"max": {"field": "@timestamp"}}}})["aggregations"]
step = f"{max(1, int((span['b']['value'] - span['a']['value']) / 60000))}s"
panels = {
    "count": {},
    "count of errors": {"query": {"term": {"status": "Error"}}},
    "newest 200": {"size": 200, "sort": [{"@timestamp": "desc"}]},
    "newest 200 of a word": {"size": 200, "sort": [{"@timestamp": "desc"}], "query": {"query_string": {"query": "NXDOMAIN"}}},
    "over time": {"aggs": {"t": histogram(step)}},
    "over time by status": {"aggs": {"t": {**histogram(step), "aggs": {"s": {"terms": {"field": "status", "size": 5}}}}}},
    "top 10 of a column": {"aggs": {"t": {"terms": {"field": "dns.question.name", "size": 10}}}},
    "top 10 clients": {"aggs": {"t": {"terms": {"field": "client.ip", "size": 10}}}},
    "top 10 of a field without a column": {"aggs": {"t": {"terms": {"field": "dns.question.registered_domain", "size": 10}}}},
    "different names": {"aggs": {"t": {"cardinality": {"field": "dns.question.name"}}}},
    "percentiles": {"aggs": percentiles},
    "percentiles over time": {"aggs": {"t": {**histogram(step), "aggs": percentiles}}},
    "top 10 with percentiles": {"aggs": {"t": {"terms": {"field": "dns.question.type", "size": 10}, "aggs": percentiles}}},
}
print(f"{ask({})['hits']['total']['value']} events, steps of {step}")
for name, body in panels.items():
    try:
        took = statistics.median(ask(body)["took"] for _ in range(rounds))
        print(f"{name:36} {took:8.0f} ms", flush=True)
    except urllib.error.HTTPError as e:
        print(f"{name:36} {json.load(e)['error']['type']}", flush=True)
