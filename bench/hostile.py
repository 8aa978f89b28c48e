"""What a client can do to cost the others most, for bench/attacks.

An attack has a part that prepares the server, before anybody is measured, and a part that goes on
until it is killed. All of an attacker's connections come from one address, and it has one identity,
unless the attack says otherwise.
"""

import base64
import dataclasses
import json
import select
import socket
import subprocess
import time
import typing
import urllib.parse

import harness
import twilsock
from harness import DOCUMENTS
from twilsock import Client, connect, frame, packet, request, subscription

ADDRESS = "127.0.0.2"
SERVICE = "/v1/Services/default"
PIECE = 1 << 16
READ_SIZE = 1 << 20
DEPTH = 60
COMPARISONS = 14
BIG_SIZE = 15_700
BIG_ITEMS = 100


@dataclasses.dataclass
class Attack:
    what: str
    run: typing.Callable
    prepare: typing.Callable = lambda target: None


@dataclasses.dataclass
class Target:
    """What an attacker knows of the server, and two counters that others read."""

    port: int
    token: str
    authorization: str
    rest: typing.Callable
    load: typing.Callable
    sent: typing.Any
    received: typing.Any
    facts: dict = dataclasses.field(default_factory=dict)

    def client(self, **named):
        return Client(self.port, ADDRESS, self.token, **named)

    def clients(self, count, **named):
        return [self.client(**named) for _ in range(count)]


# --- as many bytes as the server takes ---

class Stream:
    """Sends `data` over and over. `reopen` makes the next socket when the server closes this one."""

    def __init__(self, plain, data, reopen=None):
        self.socket, self.data, self.reopen, self.at = plain, memoryview(data), reopen, 0
        plain.setblocking(False)

    def send(self):
        sent = self.socket.send(self.data[self.at:self.at + PIECE])
        self.at = (self.at + sent) % len(self.data)
        return sent


class Pump:
    """Keeps streams going, in one thread."""

    def __init__(self, target, reading=True):
        self.target, self.reading = target, reading
        self.streams, self.poll = {}, select.epoll()

    def add(self, stream):
        self.streams[stream.socket.fileno()] = stream
        writing = select.EPOLLOUT if stream.data else 0
        self.poll.register(stream.socket, writing | (select.EPOLLIN if self.reading else 0))

    def drop(self, stream):
        del self.streams[stream.socket.fileno()]
        stream.socket.close()
        try:
            again = stream.reopen and stream.reopen()
        except OSError:
            time.sleep(0.01)
            again = None
        if again:
            self.add(Stream(again, stream.data, stream.reopen))

    def serve(self, stream, events):
        if events & select.EPOLLIN:
            piece = stream.socket.recv(READ_SIZE)
            self.target.received.value += len(piece)
            if not piece:
                raise ConnectionError
        if events & select.EPOLLOUT:
            self.target.sent.value += stream.send()
        if events & (select.EPOLLHUP | select.EPOLLERR):
            raise ConnectionError

    def turn(self, timeout_s):
        for number, events in self.poll.poll(timeout_s):
            stream = self.streams[number]
            try:
                self.serve(stream, events)
            except BlockingIOError:
                pass
            except OSError:
                self.drop(stream)

    def run(self):
        while self.streams:
            self.turn(1)
        raise ConnectionError("the server has closed all connections of the attacker")


def pump(target, clients, data, reading=True):
    """`data` is for all, or one for each."""
    pumping = Pump(target, reading)
    each = data if isinstance(data, list) else [data] * len(clients)
    for client, its in zip(clients, each):
        pumping.add(Stream(client.socket, its))
    pumping.run()


def pump_strangers(target, count, data, opening=b"", reading=True):
    """On `count` sockets that are opened again whenever the server closes one."""
    def reopen():
        plain = connect(target.port, ADDRESS)
        plain.sendall(opening)
        return plain
    pumping = Pump(target, reading)
    for _ in range(count):
        pumping.add(Stream(reopen(), data, reopen))
    pumping.run()


def idle():
    while True:
        time.sleep(60)


# --- maps ---

def deep_data(number):
    """As many members as fit, in the innermost of DEPTH objects: whoever looks for a member there
    from the outside goes through all of them."""
    nested = '{"a":' * (DEPTH - 1)
    numbers = ",".join(f'"{i}":{number}' for i in range(10_000))
    inner = numbers[:BIG_SIZE - 2 - len(nested) - DEPTH]
    return f'{nested}{{{inner[:inner.rindex(",")]}}}{"}" * (DEPTH - 1)}'


def deep_query(salt=0):
    path = "a." * (DEPTH - 1)
    return " or ".join(f"{path}no{i} == {salt}" for i in range(COMPARISONS))


def form(**fields):
    return urllib.parse.urlencode(fields)


def prepare_deep(target):
    made = target.rest("POST", f"{SERVICE}/Maps", form(UniqueName="deep"))
    target.facts["deep"] = json.loads(made)["sid"]
    for i in range(BIG_ITEMS):
        target.rest("POST", f"{SERVICE}/Maps/deep/Items", form(Key=f"k{i}", Data=deep_data(i)))


def prepare_map(target, name, items):
    target.rest("POST", f"{SERVICE}/Maps", form(UniqueName=name))
    target.load(items, f"{SERVICE}/Maps/{name}/Items")


def live_query(name, text, number, **more):
    return {"object_sid": f"QU{number:032x}", "object_type": "live_query", "index_name": name,
            "query_string": text} | more


def parts(whole, size):
    return [whole[i:i + size] for i in range(0, len(whole), size)]


# --- queries ---

def run_deep(count):
    def run(target):
        ask = request("POST", "/v3/Insights/deep/Items", {"query_string": deep_query()})
        pump(target, target.clients(count), ask)
    return run


def run_deep_live(target):
    """Two clients: one listens with 200 queries, the other writes to the map."""
    listener, writer = target.clients(2)
    queries = [live_query("deep", deep_query(i), i) for i in range(200)]
    for some in parts(queries, 100):
        listener.socket.sendall(subscription(some))
    writes = b"".join(request("POST", f"/v3/Maps/deep/Items/k{i}",
                              {"data": json.loads(deep_data(i))}) for i in range(BIG_ITEMS))
    pump(target, [listener, writer], [b"", writes])


def prepare_chain(target):
    target.rest("POST", f"{SERVICE}/Maps", form(UniqueName="chain"))
    target.facts["since"] = target.client().call("GET", "/v3/Maps/chain")["last_event_id"]
    target.load(20_000, f"{SERVICE}/Maps/chain/Items")


def run_catch_up(count):
    """The same packet again and again: a new subscription takes the place of the old."""
    def run(target):
        queries = [live_query("chain", f'n == "no{i}"', i, last_event_id=target.facts["since"])
                   for i in range(1000)]
        pump(target, target.clients(count), subscription(queries))
    return run


def run_many_live(target):
    listener, writer = target.clients(2)
    queries = [live_query("wide", f'text contains "no{i}"', i) for i in range(2000)]
    for some in parts(queries, 1000):
        listener.socket.sendall(subscription(some))
    writes = b"".join(request("POST", f"/v3/Maps/wide/Items/k{i}", {"data": {"n": i}})
                      for i in range(100))
    pump(target, [listener, writer], [b"", writes])


# --- answers ---

PAGE = request("GET", "/v3/Maps/deep/Items", params={"PageSize": "100"})


def run_pages(count, compression):
    def run(target):
        pump(target, target.clients(count, compression=compression), PAGE)
    return run


def ask_for_pages(target, count, **named):
    clients = target.clients(count, receive_buffer=4096, **named)
    for client in clients:
        client.socket.sendall(PAGE * 64)
        target.sent.value += len(PAGE * 64)
    return clients


def run_unread(target):
    held = ask_for_pages(target, 16)
    idle()
    del held


def read_slowly(target, clients, size, pause_s):
    while True:
        time.sleep(pause_s)
        for client in clients:
            try:
                target.received.value += len(client.socket.recv(size, socket.MSG_DONTWAIT))
            except OSError:
                pass


def run_slow(target):
    read_slowly(target, ask_for_pages(target, 64, compression=True), 2048, 1)


def rest_get(target, path):
    return (f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {target.authorization}"
            f"\r\n\r\n").encode()


def rest_page(target):
    return rest_get(target, f"{SERVICE}/Maps/deep/Items?PageSize=100")


def run_rest_pages(count, reading):
    def run(target):
        pump_strangers(target, count, rest_page(target), reading=reading)
    return run


# --- without credentials ---

def run_inflated(target):
    """A message that means nothing and has no answer, so that nothing but its size counts."""
    header = {"method": "telemetry.v1", "id": "TM1"}
    plain = packet(header, bytes(256 * 1024 - 200))
    bomb = frame(twilsock.deflate(plain), deflated=True)
    pump_strangers(target, 20, bomb, twilsock.handshake(True))


def run_strangers(addresses):
    """As many WebSockets without `init` as the server lets be, each with the first part of a
    message that it has to keep."""
    def run(target):
        opening = twilsock.handshake() + frame(bytes(250_000))[:200_000]
        held = []
        while True:
            try:
                plain = connect(target.port, f"127.0.1.{len(held) % addresses + 1}", timeout_s=2)
                plain.setblocking(False)
                target.sent.value += plain.send(opening)
                held.append(plain)
            except OSError:
                time.sleep(0.001)
            if len(held) > 14_000:
                held.pop(0).close()
    return run


def run_connections(target):
    """Connections that send nothing."""
    held = []
    while True:
        try:
            held.append(connect(target.port, ADDRESS, timeout_s=2))
            target.sent.value += 1
        except OSError:
            time.sleep(0.001)
        if len(held) > 14_000:
            held.pop(0).close()


def run_bad_tokens(target):
    head, _, signature = target.token.rpartition(".")
    bad = twilsock.init(f"{head}.{signature[::-1]}")
    pump_strangers(target, 64, bad, twilsock.handshake())


def run_storm(count):
    """Each connection is closed as soon as it is answered."""
    def run(target):
        hello = twilsock.handshake() + twilsock.init(target.token)
        while True:
            some = []
            for _ in range(count):
                some.append(connect(target.port, ADDRESS))
                some[-1].sendall(hello)
                target.sent.value += len(hello)
            for plain in some:
                target.received.value += len(plain.recv(READ_SIZE))
                plain.close()
    return run


def run_wrong_passwords(target):
    wrong = "Basic " + base64.b64encode(f"AC{'X' * 32}:wrong".encode()).decode()
    ask = (f"GET {SERVICE}/Documents HTTP/1.1\r\nHost: 127.0.0.1\r\n"
           f"Authorization: {wrong}\r\n\r\n").encode()
    pump_strangers(target, 64, ask * 16)


# --- frames ---

def run_frames(data, count=16):
    def run(target):
        pump(target, target.clients(count), data)
    return run


PINGS = frame(b"x" * 100, twilsock.PING) * 500
NOTHING = frame(packet({"method": "telemetry.v1", "id": "TM1"}))


def run_fragments(target):
    """A message of empty fragments that never ends."""
    clients = target.clients(16)
    for client in clients:
        client.socket.sendall(frame(b"", final=False))
    pump(target, clients, frame(b"", twilsock.CONTINUATION, final=False) * 5000)


def run_flip_flop(target):
    objects = [{"object_sid": target.facts["deep"], "object_type": "map"}]
    objects += [{"object_sid": f"ET{i:032x}", "object_type": "document"} for i in range(999)]
    pump(target, target.clients(16), subscription(objects) + subscription(objects, "cancel"))


def rest_write(target, body, key):
    return (f"POST {SERVICE}/Documents/doc-1 HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: {target.authorization}\r\nIdempotency-Key: {key}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}").encode()


def run_idempotency(target):
    """Each write has a key of its own, the first time round."""
    pumping = Pump(target)
    body = form(Data='{"v":"%s"}' % ("x" * 1000))
    for i in range(64):
        writes = (rest_write(target, body, f"{i}-{j}") for j in range(1000))
        pumping.add(Stream(connect(target.port, ADDRESS), b"".join(writes)))
    pumping.run()


def rest_post(target, path, body):
    return (f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {target.authorization}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}").encode()


def pump_rest(target, data):
    """A connection for each."""
    pumping = Pump(target)
    for its in data:
        pumping.add(Stream(connect(target.port, ADDRESS), its))
    pumping.run()


def run_bodies(target):
    """As large as a body may be, and refused only when all of it has been parsed."""
    deepest = '{"a":' * 100 + "[" + "1," * 50_000 + "1]" + "}" * 100
    ask = rest_post(target, f"{DOCUMENTS}/doc-1", "Data=" + deepest)
    pump_rest(target, [ask] * 64)


def prepare_crafted(target):
    target.rest("POST", f"{SERVICE}/Maps", form(UniqueName="crafted"))
    made = target.client().call("GET", "/v3/Maps/crafted")
    done = subprocess.run([harness.BUILD / "bench" / "collide", str(made["last_event_id"]),
                           "60000"], check=True, capture_output=True, text=True)
    target.facts["keys"] = done.stdout.split()


def run_crafted(target):
    """Made the first time round, refused from then on, for which each is looked up."""
    path = f"{SERVICE}/Maps/crafted/Items"
    writes = [rest_post(target, path, f"Data=%7B%7D&Key={key}") for key in target.facts["keys"]]
    pump_rest(target, [b"".join(some) for some in parts(writes, len(writes) // 64 + 1)])


def run_fan_out(target):
    """As many clients as one identity may have hear of a large document that is written."""
    sid = json.loads(target.rest("GET", f"{DOCUMENTS}/doc-1"))["sid"]
    heard = subscription([{"object_sid": sid, "object_type": "document"}])
    pumping = Pump(target)
    body = form(Data=json.dumps({"v": "x" * 16_000}))
    pumping.add(Stream(connect(target.port, ADDRESS), rest_post(target, f"{DOCUMENTS}/doc-1", body)))
    for _ in range(900):
        client = target.client()
        client.socket.sendall(heard)
        pumping.add(Stream(client.socket, b""))
        pumping.turn(0)
    pumping.run()


def run_nothing(target):
    target.sent.value = 1
    while True:
        pass


ATTACKS = {
    "nothing": Attack("an attacker that only uses the processor: what this machine adds",
                      run_nothing),
    "deep-query": Attack("a deep instant query, again and again", run_deep(1), prepare_deep),
    "deep-queries": Attack("the same, by 16 clients at once", run_deep(16), prepare_deep),
    "deep-live": Attack("200 deep live queries, and writes to their map", run_deep_live,
                        prepare_deep),
    "catch-up": Attack("1,000 live queries that catch up with 20,000 changes", run_catch_up(1),
                       prepare_chain),
    "catch-ups": Attack("the same, by 16 clients at once", run_catch_up(16), prepare_chain),
    "many-live": Attack("2,000 live queries of 10,000 items, and writes to them", run_many_live,
                        lambda target: prepare_map(target, "wide", 10_000)),
    "pages": Attack("pages of 100 large items, pipelined, deflated", run_pages(1, True),
                    prepare_deep),
    "pages-many": Attack("the same, by 16 clients at once", run_pages(16, True), prepare_deep),
    "unread": Attack("64 pages asked for by each of 16 clients, not read", run_unread,
                     prepare_deep),
    "slow-readers": Attack("the same by 64 that read 2 KiB a second, deflated", run_slow,
                           prepare_deep),
    "inflated": Attack("20 strangers, messages of 256 KiB deflated 750:1", run_inflated),
    "strangers": Attack("strangers that fill all places", run_strangers(1)),
    "strangers-many": Attack("the same, from 200 addresses", run_strangers(200)),
    "connections": Attack("silent connections that fill all places", run_connections),
    "rest-pages": Attack("REST: pages of large items, 64 connections", run_rest_pages(64, True),
                         prepare_deep),
    "rest-unread": Attack("REST: the same, pipelined, 200 connections, not read",
                          run_rest_pages(200, False), prepare_deep),
    "bad-tokens": Attack("init with bad tokens, 64 connections", run_bad_tokens),
    "reconnects": Attack("clients that come and go", run_storm(16)),
    "wrong-passwords": Attack("REST: wrong passwords, 64 connections", run_wrong_passwords),
    "pings": Attack("ping frames, 16 clients", run_frames(PINGS)),
    "messages": Attack("small messages that mean nothing, 16 clients", run_frames(NOTHING * 200)),
    "fragments": Attack("messages of empty fragments without end, 16 clients", run_fragments),
    "flip-flop": Attack("1,000 objects subscribed and cancelled in turn, 16 clients",
                        run_flip_flop, prepare_deep),
    "idempotency": Attack("REST: writes with an Idempotency-Key each, 64 connections",
                          run_idempotency),
    "bodies": Attack("REST: the largest bodies, refused once parsed, 64 connections", run_bodies),
    "crafted-keys": Attack("60,000 keys that an index without a secret puts in one place",
                           run_crafted, prepare_crafted),
    "fan-out": Attack("900 clients that hear of a large document, which is written", run_fan_out),
}
