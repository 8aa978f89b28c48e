"""A client in real time (docs/realtime.md) on a plain socket.

Messages are made as bytes beforehand and sent as often as wanted: an attack is to cost the server
time, not the client. The mask of a frame is zero, so its payload is as it is.
"""

import base64
import json
import os
import socket
import struct
import urllib.parse
import zlib

TEXT, BINARY, CONTINUATION, PING = 1, 2, 0, 9
IP_BIND_ADDRESS_NO_PORT = 24


def connect(port, address, receive_buffer=None, timeout_s=60):
    """A socket that is bound to `address`: all of 127.0.0.0/8 is this machine."""
    plain = socket.socket()
    plain.settimeout(timeout_s)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    plain.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
    if receive_buffer:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    plain.bind((address, 0))
    plain.connect(("127.0.0.1", port))
    return plain


def frame(payload, kind=BINARY, deflated=False, final=True):
    first = (0x80 if final else 0) | (0x40 if deflated else 0) | kind
    if len(payload) < 126:
        head = struct.pack("!BB", first, 0x80 | len(payload))
    elif len(payload) < 0x10000:
        head = struct.pack("!BBH", first, 0x80 | 126, len(payload))
    else:
        head = struct.pack("!BBQ", first, 0x80 | 127, len(payload))
    return head + bytes(4) + payload


def deflate(payload):
    """As permessage-deflate wants it, without the end of the last block."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (deflater.compress(payload) + deflater.flush(zlib.Z_SYNC_FLUSH))[:-4]


def packet(header, payload=b""):
    if payload:
        header = header | {"payload_size": len(payload), "payload_type": "application/json"}
    text = json.dumps(header, separators=(",", ":")).encode()
    return b"TWILSOCK V3.0 %d\r\n%s\r\n%s" % (len(text), text, payload)


def request(method, path, body=None, params=None, headers=None):
    """The frame of a request."""
    payload = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
    header = {"method": "message", "id": "TM1", "http_request": {
        "host": "127.0.0.1", "path": path, "method": method,
        "params": {name: urllib.parse.quote(text) for name, text in (params or {}).items()},
        "headers": headers or {}}}
    return frame(packet(header, payload))


def subscription(requests, action="establish"):
    """The frame that subscribes to, or cancels, up to 1,000 objects."""
    return request("POST", "/v4/Subscriptions", {
        "event_protocol_version": 4, "action": action, "correlation_id": 1, "requests": requests})


def handshake(compression=False):
    offer = "Sec-WebSocket-Extensions: permessage-deflate\r\n" if compression else ""
    key = base64.b64encode(os.urandom(16)).decode()
    return (f"GET /v3/wsconnect HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n"
            f"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
            f"{offer}\r\n").encode()


def init(token):
    return frame(packet({"method": "init", "id": "TM0", "token": token,
                         "capabilities": ["client_update"]}))


class Client:
    """One that was let in. `call` waits for its answer; what is sent otherwise goes to `socket`."""

    def __init__(self, port, address, token, compression=False, receive_buffer=None):
        self.socket = connect(port, address, receive_buffer)
        self.received = b""
        self.socket.sendall(handshake(compression))
        while b"\r\n\r\n" not in self.received:
            self.receive()
        answer, _, self.received = self.received.partition(b"\r\n\r\n")
        if b" 101 " not in answer.partition(b"\r\n")[0]:
            raise ConnectionError(answer.partition(b"\r\n")[0].decode())
        self.socket.sendall(init(token))
        header, _ = self.await_packet("TM0")
        if header["status"]["code"] != 200:
            raise ConnectionError(str(header))

    def receive(self):
        piece = self.socket.recv(1 << 20)
        if not piece:
            raise ConnectionError("closed by the server")
        self.received += piece

    def take(self, length):
        while len(self.received) < length:
            self.receive()
        taken, self.received = self.received[:length], self.received[length:]
        return taken

    def message(self):
        first, length = self.take(2)
        if length == 126:
            length = struct.unpack("!H", self.take(2))[0]
        elif length == 127:
            length = struct.unpack("!Q", self.take(8))[0]
        payload = self.take(length)
        if first & 0x40:
            payload = zlib.decompressobj(-15).decompress(payload + b"\0\0\xff\xff")
        return first & 15, payload

    def await_packet(self, number):
        while True:
            kind, payload = self.message()
            if kind == 8:
                raise ConnectionError(f"closed by the server: {payload[2:].decode()}")
            if kind not in (TEXT, BINARY):
                continue
            _, header, rest = payload.split(b"\r\n", 2)
            header = json.loads(header)
            if header.get("id") == number:
                return header, rest

    def call(self, *arguments, **named):
        self.socket.sendall(request(*arguments, **named))
        header, body = self.await_packet("TM1")
        status = header["http_status"]["code"]
        answer = json.loads(body) if body.strip() else None
        if status >= 300:
            raise ConnectionError(f"{arguments[:2]} gave {status}: {answer}")
        return answer
