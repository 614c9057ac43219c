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
INSIDE = ["nsenter", f"--net=/run/netns/{NS}", "--"]  # ip netns exec wants to mount, which a chroot cannot
PORT = 9200
RATE = 30_000
KEEPER_RATE = 10_000  # packets, of which each pair is an event: the store must catch up between two kills


def ns(*command, **options):
    return subprocess.Popen([*INSIDE, *map(str, command)], text=True, **options)


def http(path, timeout=10):
    """GET inside the namespace, over a socket that is opened there."""
    out = subprocess.run([*INSIDE, "curl", "-sS", "-m", str(timeout), "-g", f"http://127.0.0.1:{PORT}{path}"],
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
        self.child = ns(REMORA, "run", "-i", "pa", "--data", self.data, *more, stdout=subprocess.DEVNULL, stderr=self.log)
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
    out = subprocess.run([*INSIDE, "curl", "-sS", "-H", "Content-Type: application/json", "-d", json.dumps(body),
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


def test_reload():
    """SIGHUP: the settings are read again without a restart of the sensor; broken ones leave everything as it is."""
    settings = DIR / "reload.yml"
    settings.write_text("dns:\n  enabled: false\n")
    r = Run("reload", "-c", settings)
    try:
        blast("before", 200, 2000).wait()
        sensor = r.pid("sensor")
        settings.write_text("dns:\n  enabled: true\ntags: [\n")
        r.child.send_signal(signal.SIGHUP)
        time.sleep(1)
        blast("broken", 200, 2000).wait()
        settings.write_text("dns:\n  enabled: true\nenrich:\n  tags: [again]\n")
        r.child.send_signal(signal.SIGHUP)
        until("it was read", lambda: "the settings were read again" in (DIR / "reload.log").read_text())
        time.sleep(0.5)
        blast("after", 200, 2000).wait()
        assert stored("after", 200)[0] == 200
        assert counts("before")[0] == 0 and counts("broken")[0] == 0
        assert r.pid("sensor") == sensor, "the sensor was restarted"
        found = json.loads(http("/packetbeat-*/_search?q=tags:again&size=0"))
        assert found["hits"]["total"]["value"] >= 200, found
        assert all(p["restarts"] == 0 for p in status()["processes"])
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


def plant(word):
    """A datagram that makes the sensor do what the word says (src/worker/test_hook.c)."""
    ns("python3", "-c", "import socket, sys\ns = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)\ns.bind(('pb', 0))\n"
       "p = sys.argv[1].encode() + bytes(40)\nu = b'\\x75\\x30\\x75\\x31' + (8 + len(p)).to_bytes(2, 'big') + bytes(2) + p\n"
       "i = b'\\x45\\0' + (20 + len(u)).to_bytes(2, 'big') + bytes(4) + b'\\x40\\x11' + bytes(2) + bytes([198, 51, 100, 9, 198, 51, 100, 10]) + u\n"
       "s.send(b'\\2' + bytes(11) + b'\\x08\\0' + i)", word).wait()


def after_plant(r, word, restarts):
    before = status()["processes"][1]["restarts"]
    plant(word)
    until(f"a new sensor after {word}", lambda: status()["processes"][1]["restarts"] == before + restarts, 15)
    until("it captures", lambda: status()["processes"][1]["pid"] > 0)


def test_crash():
    """A packet that crashes a parser costs that packet; the third in a minute switches the parser off."""
    r = Run("crash")
    try:
        load = blast("crash", 30_000, 10_000)
        for _ in range(2):
            time.sleep(1)
            after_plant(r, "REMORA-CRASH", 1)
        load.wait()
        total, names, _ = stored("crash", 30_000)
        print(f"  2 crashes: {names} of 30000 transactions")
        assert names == 30_000 and total == 30_000, (total, names)
        evidence = until("evidence", lambda: sorted(r.data.glob("evidence-*.pcap")))
        assert any(b"REMORA-CRASH" in f.read_bytes() for f in evidence)
        after_plant(r, "REMORA-CRASH", 1)
        assert "switched off for ten minutes" in (DIR / "crash.log").read_text()
        assert "remora_parser_crashes_total 3" in http("/metrics")
        r.stop()
    finally:
        r.end()


def test_hang():
    """A packet in which a parser hangs: the watchdog ends the sensor, the packet is passed over."""
    r = Run("hang")
    try:
        after_plant(r, "REMORA-HANG", 1)
        blast("hang", 1000, 10_000).wait()
        assert stored("hang", 1000)[0] == 1000
        r.stop()
    finally:
        r.end()


def test_planted_code():
    """Code in a parser opens no file, no socket, no process: each try ends the sensor (SIGSYS)."""
    r = Run("planted")
    try:
        escape = pathlib.Path("/tmp/remora-escape")
        escape.unlink(missing_ok=True)
        words = ("OPEN", "READ", "SOCKET", "SEND", "FORK", "EXEC")
        for word in words:
            after_plant(r, f"REMORA-{word}", 1)
        log = (DIR / "planted.log").read_text()
        assert log.count("name=sensor signal=31") == len(words), log
        assert not escape.exists()
        r.stop()
    finally:
        r.end()


def test_forged_batches():
    """What a sensor in foreign hands publishes does not harm the keeper: refused, counted, the ring replaced."""
    r = Run("forged")
    try:
        blast("before", 500, 10_000).wait()
        keeper = r.pid("keeper")
        plant("REMORA-FORGE-RECORDS")
        until("it is refused", lambda: "remora_keeper_lies_total 1" in http("/metrics"))
        assert r.pid("keeper") == keeper
        plant("REMORA-FORGE-RING")
        until("another keeper", lambda: r.pid("keeper") not in (0, keeper))
        blast("after", 500, 10_000).wait()
        assert stored("before", 500)[0] == 500
        assert stored("after", 500)[0] == 500
        r.stop()
    finally:
        r.end()


def test_full_disk():
    """No room on the disk: said on the page, nothing lost, and it goes on when there is room again."""
    data = DIR / "full"
    data.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=700m", "tmpfs", data], check=True)
    try:
        r = Run("full", fresh=False)
        try:
            blast("full", 2000, 10_000).wait()
            assert stored("full", 2000)[0] == 2000
            filler = data / "filler"
            with open(filler, "wb") as f:
                os.posix_fallocate(f.fileno(), 0, 300 << 20)
            blast("more", 3000, 10_000).wait()
            trouble = until("trouble is told", lambda: status()["store"]["trouble"])
            assert "full" in trouble, trouble
            assert counts("more")[0] < 3000
            filler.unlink()
            assert stored("more", 3000) == (3000, 3000, 3000)
            r.stop()
        finally:
            r.end()
    finally:
        subprocess.run(["umount", data], check=False)


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
            subprocess.run([*INSIDE, "ip", *command.split()], check=True)
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
