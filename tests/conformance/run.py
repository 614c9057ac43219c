#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Replays the captures of a conformance set through `remora read` and compares the events.

usage: run.py --remora PROGRAM [--probe PROGRAM] [--set FOLDER]... [--list FILE] [CASE...]

A set is a folder with cases.json, base_config.json and captures. Which cases must pass stands in
cases.txt; exceptions with their reasons in docs/conformance.md. Ends with one line
"N passed, N failed, N skipped".
"""
import argparse
import ipaddress
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ABSENT = object()

# Neutral option names of the sets to settings of remora; None: has no meaning here.
RENAME = {
    "interfaces.internal_networks": "enrich.internal_networks",
    "interfaces.device": None,
    "interfaces.type": None,
    "replay.real_time": None,  # file time rules: nothing has to wait
    "procs.enabled": None,
    "tags": "enrich.tags",
    "processors": None,
    "output": None,
    "geoip.paths": "enrich.geoip",
    "community_id.seed": "flows.community_id_seed",
    "flows.vlan_in_key": "flows.vlan_in_key",
    "filters": None,
}
# Secrets are masked by default; the sets expect them in clear unless a case is about masking.
CLEAR = {"http.redact_authorization": "false", "http.redact_cookies": "false", "http.hide_keywords": "[]"}


class Program:
    def __init__(self, path):
        self.path = path
        out = subprocess.run([path, "export", "config", "--as", "json"], capture_output=True, check=True).stdout
        self.settings = {row["name"] for row in json.loads(out)}
        out = subprocess.run([path, "export", "fields", "--as", "json"], capture_output=True, check=True).stdout
        fields = json.loads(out)
        self.aliases = {}
        for row in fields.get("aliases", []):
            self.aliases[row["name"]] = (row["of"], row.get("scale", 0))

    def read(self, pcap, settings):
        args = [self.path, "read", "-o", "ndjson"]
        for name, value in settings.items():
            args += ["-E", f"{name}={value}"]
        run = subprocess.run(args + [pcap], capture_output=True, timeout=120)
        lines = [json.loads(line) for line in run.stdout.splitlines() if line]
        return run.returncode, lines, run.stderr.decode(errors="replace")


def setting_text(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(json.dumps(v) for v in value) + "]"
    return str(value)


def settings_for(case, base, program):
    merged = dict(base)
    merged.update(case["config"])
    settings = {}
    if any(name.endswith(".ports") for name in merged):
        settings["detect"] = "ports"
    if "detect" in merged:
        settings["detect"] = merged.pop("detect")
    for name, value in merged.items():
        own = RENAME.get(name, name)
        if own is not None and own in program.settings:
            settings[own] = setting_text(value)
    for name, value in CLEAR.items():
        if name in program.settings:
            settings.setdefault(name, value)
    return settings


def lookup(event, name, program, flat):
    """The value of a dotted name; header maps keep dots out of the way by longest match."""
    if name in event:
        return event[name]
    head, _, rest = name.partition(".")
    while True:
        if head in event:
            inner = event[head]
            if not rest:
                return inner
            if isinstance(inner, dict):
                found = lookup(inner, rest, None, False)
                if found is not ABSENT:
                    return found
        if not rest:
            break
        more, _, rest = rest.partition(".")
        head = head + "." + more
    if flat and program and name in program.aliases:
        of, scale = program.aliases[name]
        value = lookup(event, of, program, False)
        if value is ABSENT or not scale:
            return value
        return round(value * scale)
    if flat and program:  # members of an aliased object, "http.request_headers.host"
        for alias, (of, _) in program.aliases.items():
            if name.startswith(alias + "."):
                return lookup(event, of + name[len(alias):], program, False)
    return ABSENT


def same(a, b):
    if isinstance(a, bool) != isinstance(b, bool):
        return False
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return a == b
    if isinstance(a, str) and isinstance(b, str) and re.match(r"\d{4}-\d\d-\d\dT", a) and re.match(r"\d{4}-\d\d-\d\dT", b):
        return trim_time(a) == trim_time(cut_time(b, a))
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    return a == b


def cut_time(text, like):
    """The peer writes milliseconds by default, remora microseconds: as many digits as expected are compared."""
    digits = len(like.rstrip("Z").partition(".")[2])
    whole, _, fraction = text.rstrip("Z").partition(".")
    return f"{whole}.{fraction[:digits]}" if digits else whole


def trim_time(text):
    """Trailing zeros of the fraction do not count."""
    whole, dot, fraction = text.rstrip("Z").partition(".")
    return whole + dot + fraction.rstrip("0") if fraction.rstrip("0") else whole


TYPES = {"string": str, "integer": int, "object": dict}


def matches(want, got, event, program, flat):
    if not (isinstance(want, dict) and want and all(k.startswith("$") for k in want)):
        return got is not ABSENT and same(want, got)
    return all(match_one(op, arg, got, event, program, flat) for op, arg in want.items())


def match_one(op, arg, got, event, program, flat):
    if op == "$absent":
        return (got is ABSENT) == bool(arg)
    if op == "$exists":
        return (got is not ABSENT) == bool(arg)
    if op == "$ne":
        return got is ABSENT or not same(arg, got)
    if got is ABSENT:
        return False
    try:
        if op == "$gt":
            return got > arg
        if op == "$gte":
            return got >= arg
        if op == "$lt":
            return got < arg
    except TypeError:
        return False
    if op == "$type":
        return isinstance(got, TYPES[arg]) and not isinstance(got, bool)
    if op == "$one_of":
        return any(same(one, got) for one in arg)
    if op == "$contains":
        return arg in got if isinstance(got, str) else any(same(arg, one) for one in got)
    if op == "$regex":
        return re.search(arg, got if isinstance(got, str) else json.dumps(got)) is not None
    if op == "$len":
        return len(got) == arg
    if op == "$len_gt":
        return len(got) > arg
    if op == "$len_lt":
        return len(got) < arg
    if op == "$each":
        return all(matches_object(arg, one) if isinstance(arg, dict) else matches(arg, one, event, program, flat) for one in got)
    if op == "$index":
        return all(int(i) < len(got) and matches_object(one, got[int(i)]) for i, one in arg.items())
    if op == "$has":
        return matches_object(arg, got)
    if op == "$has_not":
        return all(key not in got for key in arg)
    if op == "$same_as":
        return same(got, lookup(event, arg, program, flat))
    if op == "$gte_field":
        return got >= lookup(event, arg, program, flat)
    if op == "$lines":
        return match_lines(arg, got)
    raise ValueError(f"unknown matcher {op}")


def matches_object(want, got):
    if isinstance(want, dict) and not all(k.startswith("$") for k in want):
        return all(matches(value, lookup(got, key, None, False), got, None, False) for key, value in want.items())
    return matches(want, got, got if isinstance(got, dict) else {}, None, False)


def match_lines(arg, got):
    lines = got.rstrip().split("\n")
    if "count" in arg and len(lines) != arg["count"]:
        return False
    for line in lines[arg.get("from", 0):]:
        if "each_len" in arg and len(line) != arg["each_len"]:
            return False
        if "each_len_lt" in arg and len(line) >= arg["each_len_lt"]:
            return False
    return True


def differences(fields, event, program, flat, quirks):
    bad = []
    for name, want in fields.items():
        if name in ("$at", "$in"):
            continue
        got = lookup(event, name, program, flat)
        if not matches(want, got, event, program, flat):
            if any(q == name or (q.startswith("*") and name.endswith(q[1:])) for q in quirks):
                continue
            bad.append(f"{name}: expected {json.dumps(want)[:300]}, got {'nothing' if got is ABSENT else json.dumps(got)[:300]}")
    return bad


IGNORED = re.compile(r"^(@metadata\.|agent\.|ecs\.version$|event\.start$|event\.end$|host\.name$|@timestamp$|network\.direction$)")


def flatten(value, prefix=""):
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from flatten(inner, f"{prefix}{key}.")
    else:
        yield prefix[:-1]


def check_events(expect, events, program, flat, quirks):
    bad = []
    wanted = expect.get("events", [])
    exact = expect.get("exact", False)
    used = set()
    for number, fields in enumerate(wanted):
        if "$at" in fields:
            places = [fields["$at"]]
        elif "$in" in fields:
            places = fields["$in"]
        else:
            places = [i for i in range(len(events)) if i not in used]
        best = None
        for place in places:
            if place >= len(events) or place < -len(events):
                continue
            diff = differences(fields, events[place], program, flat, quirks)
            if exact:
                known = set(fields)
                diff += [f"{name}: not expected" for name in flatten(events[place])
                         if not IGNORED.match(name) and name not in known and
                         not any(name.startswith(k + ".") for k in known)]
            if best is None or len(diff) < len(best[1]):
                best = (place, diff)
            if not diff:
                break
        if best is None:
            bad.append(f"event {number}: there is no event at its place ({places}), {len(events)} events came")
        elif best[1]:
            bad += [f"event {number} (place {best[0]}): {line}" for line in best[1]]
        else:
            used.add(best[0])
    return bad


def check(expect, events, program, flat, quirks):
    bad = []
    if "only_types" in expect:
        events = [e for e in events if e.get("type") in expect["only_types"]]
    if "total" in expect and len(events) != expect["total"] and "total" not in quirks and "count" not in quirks:
        bad.append(f"{len(events)} events, expected {expect['total']}")
    for key in ("count", "min_count", "derived_count"):
        for kind, n in expect.get(key, {}).items():
            got = sum(1 for e in events if e.get("type") == kind)
            if (got < n if key == "min_count" else got != n) and "count" not in quirks:
                bad.append(f"{got} events of type {kind}, expected {n} ({key})")
    for event in events:
        bad += differences(expect.get("all", {}), event, program, flat, quirks)
    for part in [expect["all_from"]] if isinstance(expect.get("all_from"), dict) else expect.get("all_from", []):
        for event in events[part["index"]:]:
            bad += differences(part["fields"], event, program, flat, quirks)
    for part in [expect["all_in"]] if isinstance(expect.get("all_in"), dict) else expect.get("all_in", []):
        for index in part["indexes"]:
            if index < len(events):
                bad += differences(part["fields"], events[index], program, flat, quirks)
    for part in expect.get("counts_where", []):
        n = sum(1 for e in events if not differences(part["where"], e, program, flat, []))
        if n != part["n"]:
            bad.append(f"{n} events with {part['where']}, expected {part['n']}")
    texts = expect.get("no_string_contains", [])
    for text in [texts] if isinstance(texts, str) else texts:
        if text in json.dumps(events, ensure_ascii=False):
            bad.append(f"{text!r} stands in an event")
    return bad + check_events(expect, events, program, flat, quirks)


def run_probe(case, pcap, probe):
    """Vectors of functions, not events: community ids and reassembled datagrams."""
    expect = case["expect"]
    out = subprocess.run([probe, pcap], capture_output=True, timeout=60, check=True).stdout
    rows = [json.loads(line) for line in out.splitlines()]
    bad = []
    for want in expect.get("community_ids", []):
        ends = (ipaddress.ip_address(want["src"]), ipaddress.ip_address(want["dst"]), want["sport"], want["dport"])
        hit = [r for r in rows if "src" in r and
               (ipaddress.ip_address(r["src"]), ipaddress.ip_address(r["dst"]), r["sport"], r["dport"]) == ends]
        if not hit:
            bad.append(f"no packet {want}")
        elif any(r["community_id"] != want["id"] for r in hit):
            bad.append(f"{want}: got {hit[0]['community_id']}")
    for want in expect.get("reassembled", []):
        if not any(r.get("src") == want["source.ip"] and r.get("dst") == want["destination.ip"] and
                   r.get("sport") == want["source.port"] and r.get("dport") == want["destination.port"] and
                   r.get("payload_len") == want["payload_len"] for r in rows):
            bad.append(f"not put together: {want}")
    if "packets_without_community_id" in expect:
        n = sum(1 for r in rows if not r.get("community_id"))
        if n != expect["packets_without_community_id"]:
            bad.append(f"{n} packets without community id, expected {expect['packets_without_community_id']}")
    return bad


def keeps_only_flows(processors):
    return processors == [{"drop_event": {"when": {"not": {"equals": {"type": "flow"}}}}}]


def run_case(case, folder, base, program, probe, verbose):
    pcap = os.path.join(folder, case["pcap"])
    expect = case["expect"]
    bad = []
    if "community_ids" in expect or "reassembled" in expect:
        if not probe:
            return None
        bad = run_probe(case, pcap, probe)
        if "derived_count" not in expect:
            return bad
    quirks = list(case.get("quirks", {}))
    settings = settings_for(case, base, program)
    status, events, stderr = program.read(pcap, settings)
    if verbose:
        print(json.dumps(settings))
        for event in events:
            print(json.dumps(event))
    if status != 0:
        bad.append(f"exit status {status}: {stderr.strip()[-300:]}")
    if keeps_only_flows(case["config"].get("processors")):
        events = [e for e in events if e.get("type") == "flow"]
    flat = case["field_style"] == "1.x"
    bad += check(expect, events, program, flat, quirks)
    return bad


def exceptions():
    """Lines "- `case`: ..." of docs/conformance.md under "Exceptions": parts of a case that do not hold, with reasons."""
    found = {}
    path = os.path.join(HERE, "..", "..", "docs", "conformance.md")
    if not os.path.exists(path):
        return found
    for line in open(path, encoding="utf-8"):
        hit = re.match(r"- `([\w./-]+)`(?: `([^`]+)`)?: (.+)", line)
        if hit:
            found.setdefault(hit.group(1), []).append(hit.group(2))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--remora", required=True)
    parser.add_argument("--probe")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--list", default=os.path.join(HERE, "cases.txt"))
    parser.add_argument("-v", action="store_true")
    parser.add_argument("cases", nargs="*")
    args = parser.parse_args()
    passed = failed = skipped = 0
    listed = [line.split("#")[0].strip() for line in open(args.list, encoding="utf-8")]
    listed = [line for line in listed if line]
    known = set()
    program = Program(args.remora)
    excused = exceptions()
    for folder in args.set:
        if not os.path.exists(os.path.join(folder, "cases.json")):
            print(f"skipped: the conformance set {folder} is not on this machine")
            skipped += 1
            continue
        base = json.load(open(os.path.join(folder, "base_config.json"), encoding="utf-8"))
        for case in json.load(open(os.path.join(folder, "cases.json"), encoding="utf-8")):
            known.add(case["id"])
            if case["id"] not in (args.cases or listed):
                continue
            bad = run_case(case, folder, base, program, args.probe, args.v)
            if bad is None:
                skipped += 1
                print(f"skipped {case['id']}: needs --probe")
                continue
            names = [name for name in excused.get(case["id"], []) if name]
            unexcused = [line for line in bad if "*" not in names and not any(name in line for name in names)]
            if unexcused:
                failed += 1
                print(f"FAILED {case['id']} ({case['pcap']})")
                for line in unexcused[:40]:
                    print(f"    {line}")
            else:
                passed += 1
    if args.set and known:
        for name in listed:
            if name not in known and not args.cases:
                failed += 1
                print(f"FAILED {name}: listed, but in no set")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
