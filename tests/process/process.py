#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The processes of `remora run` under load: killed, told to end, started twice. One veth pair in a namespace."""
import json
import os
import pathlib
import random
import signal
import statistics
import subprocess
import sys
import threading
import time
import traceback
import urllib.request

REMORA = os.environ["REMORA"]
DIR = pathlib.Path(os.environ["PROCESS_DIR"])
LONG = os.environ.get("REMORA_LONG") == "1"
NS = f"rmproc{os.getpid()}"
PORT = 9200
RATE = 30_000
KEEPER_RATE = 10_000  # packets, of which each pair is an event: the store must catch up between two kills


def ns(*command, **options):
    return subprocess.Popen(["ip", "netns", "exec", NS, *map(str, command)], text=True, **options)


def http(path, timeout=10):
    """GET inside the namespace, over a socket that is opened there."""
    out = subprocess.run(["ip", "netns", "exec", NS, "curl", "-sS", "-m", str(timeout), "-g", f"http://127.0.0.1:{PORT}{path}"],
                         capture_output=True, text=True)
    if out.returncode != 0:
        raise OSError(out.stderr.strip())
    return out.stdout


def status():
    return json.loads(http("/-/api/status"))


def until(what, ask, seconds=20):
    end = time.monotonic() + seconds
    last = None
    while time.monotonic() < end:
        try:
            last = ask()
            if last:
                return last
        except (OSError, ValueError) as e:
            last = e
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what} ({last})")


class Run:
    """remora run in the namespace."""

    def __init__(self, name, *more, fresh=True):
        self.data = DIR / name
        if fresh:
            subprocess.run(["rm", "-rf", self.data], check=True)
        self.log = open(DIR / f"{name}.log", "a")
        self.child = ns(REMORA, "run", "-i", "pa", "--data", self.data, *more, stderr=self.log)
        until("the page is served", status)

    def pid(self, name):
        return next(p["pid"] for p in status()["processes"] if p["name"] == name)

    def stop(self):
        self.child.send_signal(signal.SIGTERM)
        code = self.child.wait(60)
        assert code == 0, f"exit status {code}"

    def end(self):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()


def blast(prefix, transactions, rate=RATE):
    return ns(DIR / "blast", "pb", prefix, transactions, rate, stdout=subprocess.PIPE)


def counts(prefix):
    """How many transactions of a prefix are stored, and how many different names and ids they have."""
    body = {"size": 0, "track_total_hits": True, "query": {"bool": {"filter": [{"term": {"type": "dns"}}, {"wildcard": {"dns.question.name": f"*.{prefix}.test"}}]}},
            "aggs": {"names": {"cardinality": {"field": "dns.question.name", "precision_threshold": 40000}}, "ids": {"cardinality": {"field": "event.id"}}}}
    out = subprocess.run(["ip", "netns", "exec", NS, "curl", "-sS", "-H", "Content-Type: application/json", "-d", json.dumps(body),
                          f"http://127.0.0.1:{PORT}/packetbeat-*/_search"], capture_output=True, text=True, check=True).stdout
    a = json.loads(out)
    return a["hits"]["total"]["value"], a["aggregations"]["names"]["value"], a["aggregations"]["ids"]["value"]


def stored(prefix, want, seconds=20):
    try:
        return until("stored", lambda: (c := counts(prefix))[0] >= want and c, seconds)
    except AssertionError:
        return counts(prefix)


class Poller(threading.Thread):
    """Asks the page all the time; remembers when it did not answer."""

    def __init__(self):
        super().__init__(daemon=True)
        self.failed = []
        self.asked = 0
        self.is_over = False
        self.start()

    def run(self):
        while not self.is_over:
            try:
                http("/-/api/status", 3)
                self.asked += 1
            except OSError as e:
                self.failed.append(str(e))
            time.sleep(0.02)


def test_sensor_killed():
    """kill -9 of the sensor under 30,000 packets/s: soon back, at most the packet in hand is missing."""
    r = Run("sensor")
    try:
        kills, gaps, n = (20 if LONG else 7), [], 150_000
        load = blast("sensor", n)
        page = Poller()
        for _ in range(kills):
            time.sleep(0.3)
            pid = r.pid("sensor")
            os.kill(pid, signal.SIGKILL)
            s = until("another sensor", lambda p=pid: (s := status())["processes"][1]["pid"] != p and s["sensor_gaps"] and s)
            gap = s["sensor_gaps"][-1]
            gaps.append((parse(gap["to"]) - parse(gap["from"])) * 1000)
        load.wait()
        page.is_over = True
        page.join()
        total, names, _ = stored("sensor", n)
        s = status()
        median = statistics.median(gaps)
        print(f"  {kills} kills: back within {median:.1f} ms (median), {max(gaps):.1f} ms (most); {names} of {n} transactions; "
              f"{s['capture']['drops']} packets dropped; the page answered {page.asked} times")
        assert median <= 20, gaps
        assert not page.failed, page.failed[:3]
        assert s["processes"][1]["restarts"] == kills
        # A kill may cost the packet in hand, and with it one transaction is halved.
        assert names >= n - 2 * kills, f"{n - names} transactions are missing"
        assert total <= n + 2 * kills, f"{total - n} too many"
        r.stop()
    finally:
        r.end()


def parse(text):
    import datetime
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def test_keeper_killed():
    """kill -9 of the keeper at random moments under load: nothing lost, nothing twice."""
    r = Run("keeper")
    try:
        kills, n = (50 if LONG else 10), (300_000 if LONG else 60_000)
        rng = random.Random(7)
        load = blast("keeper", n, KEEPER_RATE)
        for _ in range(kills):
            time.sleep(0.25 + rng.random())
            pid = until("the keeper's pid", lambda: r.pid("keeper"))
            os.kill(pid, signal.SIGKILL)
            until("another keeper", lambda p=pid: r.pid("keeper") != p)
        load.wait()
        total, names, ids = stored("keeper", n, 60)
        s = status()
        print(f"  {kills} kills: {total} of {n} stored, {names} names, {ids} ids; {s['events']['dropped']} given up, {s['capture']['drops']} packets dropped")
        assert s["capture"]["drops"] == 0 and s["events"]["dropped"] == 0, "the load was too much for this machine"
        assert total == n and names == n, (total, names)
        assert ids == total, f"{total - ids} ids twice"
        r.stop()
    finally:
        r.end()


def test_clean_stop():
    """SIGTERM: what was captured is stored, and is there after the next start."""
    r = Run("stop")
    try:
        n = 20_000
        blast("stop", n).wait()
        time.sleep(0.1)
        r.stop()
        r = Run("stop", fresh=False)
        total, names, ids = counts("stop")
        assert (total, names, ids) == (n, n, n), (total, names, ids)
        r.stop()
    finally:
        r.end()


def test_second_instance():
    """A second instance on the same data directory, and on the same port: one clear sentence, exit status 1."""
    r = Run("second")
    try:
        again = ns(REMORA, "run", "-i", "pa", "--data", r.data, stderr=subprocess.PIPE)
        _, said = again.communicate(timeout=20)
        assert again.returncode == 1 and "another remora runs on the data directory" in said, (again.returncode, said)
        busy = ns(REMORA, "run", "-i", "pa", "--data", DIR / "second2", "--listen", f"127.0.0.1:{PORT}", stderr=subprocess.PIPE)
        _, said = busy.communicate(timeout=20)
        assert busy.returncode == 1 and str(PORT) in said, (busy.returncode, said)
        moved = ns(REMORA, "run", "-i", "pa", "--data", DIR / "second3", stderr=subprocess.PIPE)
        line = ""
        while "the page is at" not in line:
            line = moved.stderr.readline()
            assert line, "it ended"
        assert f":{PORT + 1}" in line, line
        moved.send_signal(signal.SIGTERM)
        assert moved.wait(30) == 0
        r.stop()
    finally:
        r.end()


def test_privileges():
    """What each process kept, read back from /proc."""
    r = Run("caps")
    try:
        table = {"sensor": {"CapEff": 0, "CapPrm": 0, "CapBnd": 0, "NoNewPrivs": 1, "Seccomp": 2}, "keeper": {"CapEff": 0, "CapPrm": 0, "CapBnd": 0, "NoNewPrivs": 1, "Seccomp": 2}}
        for name, want in table.items():
            pid = r.pid(name)
            lines = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
            for key, value in want.items():
                got = int(lines[key].strip(), 16 if key.startswith("Cap") else 10)
                assert got == value, f"{name}: {key} is {lines[key].strip()}"
            assert lines["Uid"].split()[0] != "0", f"{name} runs as root"
            assert pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == f"remora-{name}"
        fds = {os.readlink(f) for f in pathlib.Path(f"/proc/{r.pid('sensor')}/fd").iterdir()}
        assert not any(f.startswith("/") and f != "/dev/null" and not f.startswith(str(DIR)) and not f.startswith("/memfd") for f in fds), fds
        r.stop()
    finally:
        r.end()


def main():
    passed = failed = 0
    subprocess.run(["ip", "netns", "add", NS], check=True)
    try:
        for command in ("link set lo up", "link add pa type veth peer name pb", "link set pa up", "link set pb up"):
            subprocess.run(["ip", "-n", NS, *command.split()], check=True)
        tests = [(n, f) for n, f in globals().items() if n.startswith("test_") and (len(sys.argv) < 2 or n in sys.argv[1:])]
        for name, test in tests:
            begin = time.monotonic()
            try:
                test()
                passed += 1
                print(f"ok {name} ({time.monotonic() - begin:.1f} s)", flush=True)
            except Exception:  # noqa: BLE001 - a failed test is reported, the others go on
                failed += 1
                print(f"FAILED {name}: {test.__doc__}\n{traceback.format_exc()}", flush=True)
    finally:
        subprocess.run(["ip", "netns", "del", NS], check=False)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
