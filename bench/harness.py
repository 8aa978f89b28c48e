"""What bench/run and bench/peers share: servers on free ports, their load and their cost."""

import base64
import contextlib
import http.client
import json
import os
import pathlib
import re
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / os.environ.get("BENCH_BUILD", "build")
CONNECTIONS = 64
PIPELINED = 16
DATA_SIZE = 300
NOISE_MOST = 0.2
DOCUMENTS = "/v1/Services/default/Documents"


@contextlib.contextmanager
def workplace():
    """A folder for all data of a run, on a disk: /var/tmp is never in memory."""
    disk = os.environ.get("BENCH_DIR", "/var/tmp")
    with tempfile.TemporaryDirectory(prefix="tutti-bench-", dir=disk,
                                     ignore_cleanup_errors=True) as folder:
        yield pathlib.Path(folder)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(ready, what, timeout_s=60):
    deadline = time.monotonic() + timeout_s
    while not ready():
        if time.monotonic() > deadline:
            raise SystemExit(f"bench: {what} did not get ready in {timeout_s} s")
        time.sleep(0.005)


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


class Process:
    """A server that is stopped when the `with` block ends. Its output goes to a file."""

    def __init__(self, command, log, **options):
        self.log = pathlib.Path(log)
        with open(self.log, "ab") as output:
            self.process = subprocess.Popen([str(word) for word in command],
                                            stdin=subprocess.DEVNULL, stdout=output,
                                            stderr=output, **options)
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def wait_until_it_listens(self):
        """The port, from the line that says that the server is ready."""
        def ready():
            if self.process.poll() is not None:
                raise SystemExit(f"bench: a server ended:\n{self.log.read_text()}")
            return self.port_printed() is not None
        wait_until(ready, self.process.args[0])
        return self.port_printed()

    def port_printed(self):
        ports = re.findall(r"listening on http://127\.0\.0\.1:(\d+)", self.log.read_text())
        return int(ports[-1]) if ports else None

    def cpu_s(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self):
        return self.status_mb("VmRSS")

    def peak_memory_mb(self):
        """The most since the start, or since forget_peak()."""
        return self.status_mb("VmHWM")

    def forget_peak(self):
        pathlib.Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def status_mb(self, name):
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(rf"{name}:\s+(\d+) kB", status).group(1)) / 1024


class Responder(Process):
    def __init__(self, folder, body_size):
        super().__init__([BUILD / "bench" / "responder", 0, os.cpu_count(), body_size],
                         folder / "responder.log")
        self.port = self.wait_until_it_listens()


class Tutti(Process):
    """A server with its own data folder, and the sids of its documents in a file."""

    sid = "AC" + "X" * 32
    token = secrets.token_hex(16)
    authorization = "Basic " + base64.b64encode(f"{sid}:{token}".encode()).decode()
    program = BUILD / "tutti"
    # All clients are one identity. In the environment, where another version passes it over.
    settings = {"TUTTI_SESSIONS_PER_IDENTITY_MAX": "0"}

    def __init__(self, folder, *options, program=program):
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.program = program
        self.sids = folder / "sids"
        environment = os.environ | self.settings | {"TUTTI_ACCOUNT_SID": self.sid,
                                                    "TUTTI_AUTH_TOKEN": self.token}
        (folder / "log").write_text("")
        super().__init__([self.program, "serve", "--listen", "127.0.0.1:0",
                          "--data", folder / "data", *options], folder / "log",
                         env=environment)

    def start(self):
        self.port = self.wait_until_it_listens()
        return self

    def create_documents(self, count):
        """Seconds that it took."""
        return self.create(count, DOCUMENTS, self.sids)

    def create(self, count, path, *sids):
        """Create documents or items at `path`; seconds that it took."""
        started = time.monotonic()
        subprocess.run([BUILD / "bench" / "load", str(self.port), str(count), "256",
                        self.authorization, path, *sids], check=True)
        return time.monotonic() - started

    def repeat_sids(self, count):
        """As many lines of sids as another server has: a load generator that takes requests from
        a large file waits for its own memory, which is not to be taken for the server's time."""
        sids = self.sids.read_bytes()
        self.sids.write_bytes(sids * (count * len(sids.splitlines()[0] + b"\n") // len(sids)))

    def access_token(self, identity="bench"):
        """For a client in real time."""
        done = subprocess.run([self.program, "token", "--identity", identity, "--data",
                               self.folder / "data", "--account-sid", self.sid],
                              check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def first_sid(self):
        with open(self.sids, encoding="ascii") as lines:
            return lines.readline().strip()

    def fetch(self, sid):
        """The reply's body; raises OSError while there is no server."""
        return self.request("GET", f"{DOCUMENTS}/{sid}")

    def request(self, method, path, body=None):
        """The reply's body; raises OSError while there is no server."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body, headers={
            "Authorization": self.authorization,
            "Content-Type": "application/x-www-form-urlencoded"})
        reply = connection.getresponse()
        body = reply.read()
        connection.close()
        if reply.status >= 300:
            raise SystemExit(f"bench: {method} {path} gave {reply.status}: {body.decode()}")
        return body


def wrk_command(port, seconds, script, *arguments, connections=CONNECTIONS):
    return [str(word) for word in
            ["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", script,
             f"http://127.0.0.1:{port}", "--", *arguments]]


def wrk(server, seconds, script, *arguments, connections=CONNECTIONS):
    """Load a server: requests a second, latencies, CPU a request."""
    cpu_before = server.cpu_s()
    done = subprocess.run(wrk_command(server.port, seconds, script, *arguments,
                                      connections=connections), capture_output=True, text=True)
    cpu_s = server.cpu_s() - cpu_before
    line = re.search(r"^result (.*)$", done.stdout, re.MULTILINE)
    if not line:
        raise SystemExit(f"bench: wrk failed:\n{done.stdout}{done.stderr}")
    result = json.loads(line.group(1))
    result["rate"] = result["requests"] / (result["duration_us"] / 1e6)
    result["cpu_us"] = cpu_s * 1e6 / result["requests"]
    return result


def documents(server, seconds, method, of):
    """GET or POST random documents of the server `of`; `server` is it, or the bare responder."""
    return wrk(server, seconds, ROOT / "bench" / "documents.lua", method, of.sids,
               of.authorization)


def pipelined(server, seconds, method):
    """The same, PIPELINED in a packet, over as many connections."""
    return wrk(server, seconds, ROOT / "bench" / "documents.lua", method, server.sids,
               server.authorization, PIPELINED, connections=PIPELINED)


def items(server, seconds, what, path, count):
    """push, set, get or page the items at `path`, of which there are `count`."""
    return wrk(server, seconds, ROOT / "bench" / "items.lua", what, path, count,
               server.authorization)


class Redis(Process):
    """Redis that syncs its log before each reply, and a compare-and-set in Lua."""

    compare_and_set = """
        local revision = redis.call('HGET', KEYS[1], 'revision') or '0'
        if ARGV[1] ~= '*' and ARGV[1] ~= revision then
            return redis.error_reply('revision')
        end
        return redis.call('HSET', KEYS[1], 'revision', revision + 1, 'data', ARGV[2])"""

    def __init__(self, folder):
        folder.mkdir()
        self.port = free_port()
        super().__init__(["redis-server", "--bind", "127.0.0.1", "--port", self.port,
                          "--dir", folder, "--appendonly", "yes", "--appendfsync", "always",
                          "--auto-aof-rewrite-percentage", "0", "--save", ""], folder / "log")
        wait_until(lambda: accepts(self.port), "redis-server")
        self.script = subprocess.run(["redis-cli", "-p", str(self.port), "script", "load",
                                      self.compare_and_set],
                                     check=True, capture_output=True, text=True).stdout.strip()
        self.rate = self.benchmark(20000)["rate"]

    def write(self, seconds):
        result = self.benchmark(int(self.rate * seconds))
        self.rate = result["rate"]
        return result

    def benchmark(self, requests):
        cpu_before = self.cpu_s()
        done = subprocess.run(["redis-benchmark", "-p", str(self.port), "-c", str(CONNECTIONS),
                               "-n", str(requests), "-r", "2000", "--csv", "evalsha", self.script,
                               "1", "doc:__rand_int__", "*", "x" * DATA_SIZE],
                              check=True, capture_output=True, text=True)
        cells = done.stdout.strip().splitlines()[-1].replace('"', "").split(",")[-7:]
        rate, _mean, _least, p50, _p95, p99, most = map(float, cells)
        return {"rate": rate, "p50_us": p50 * 1000, "p99_us": p99 * 1000, "max_us": most * 1000,
                "cpu_us": (self.cpu_s() - cpu_before) * 1e6 / requests}


def measure_rounds(rounds, seconds, measures):
    """One measurement of everything, then again: a slow minute hits all sides alike."""
    results = {name: [] for name in measures}
    for number in range(rounds):
        for name, measure in measures.items():
            show_progress(f"round {number + 1} of {rounds}: {name}")
            results[name].append(measure(seconds))
    show_progress("")
    return results


def median(results, key):
    return statistics.median(result[key] for result in results)


def ratios(results, others):
    """Of rates, round by round, so that what slows one round slows both sides of it."""
    return [a["rate"] / b["rate"] for a, b in zip(results, others)]


def judge(rounds, least):
    """What the ratios of the rounds say of a floor. Where they differ much, nothing is said of the
    program: the machine was not quiet."""
    if least is None:
        return "-"
    measured = statistics.median(rounds)
    if measured >= least:
        return "ok"
    noisy = (max(rounds) - min(rounds)) / measured > NOISE_MOST
    return "noisy machine" if noisy else "BELOW"


def show_floors(floors):
    """A table of (what, ratios of the rounds, at least or None)."""
    table = [("ratio", "measured", "rounds", "at least", "")]
    for what, rounds, least in floors:
        floor = "-" if least is None else f"{least:.2f}"
        if rounds:
            table.append((what, f"{statistics.median(rounds):.2f}",
                          f"{min(rounds):.2f}-{max(rounds):.2f}", floor, judge(rounds, least)))
        else:
            table.append((what, "-", "-", floor, "not built"))
    show_table(table)


def show_progress(text):
    """One line, rewritten in place; nothing when nobody watches."""
    if sys.stderr.isatty():
        print(f"\r{text:<60.60}\r", end="", file=sys.stderr, flush=True)


def show_table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join([row[0].ljust(widths[0])] +
                        [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]))
    print()


def show_results(results_by_name):
    rows = [("", "a second", "p50 ms", "p99 ms", "max ms", "server CPU us")]
    for name, results in results_by_name.items():
        milliseconds = [f"{median(results, key) / 1000:.2f}" for key in ("p50_us", "p99_us")]
        most = f"{max(result['max_us'] for result in results) / 1000:.1f}"
        rows.append((name, f"{median(results, 'rate'):,.0f}", *milliseconds, most,
                     f"{median(results, 'cpu_us'):.1f}"))
    show_table(rows)


def show_machine(folder):
    """What the figures depend on most: cores, and how long the disk takes to sync."""
    with open(folder / "probe", "wb") as file:
        started = time.monotonic()
        count = 0
        while time.monotonic() - started < 0.5:
            file.write(b"x" * 4096)
            file.flush()
            os.fdatasync(file.fileno())
            count += 1
    print(f"{os.cpu_count()} cores; {0.5e6 / count:.0f} us to write and sync 4 KiB\n", flush=True)
