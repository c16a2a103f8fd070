#!/usr/bin/env python3
"""A relay that kills the server in the middle of a sync, always at the same point.

usage: cut_relay.py --to HOST:PORT --kill PID --at answer|body

Listens on a free port of 127.0.0.1 and says so ("listening on 127.0.0.1:PORT"), takes one connection, and
passes the first request with a body on.

  --at answer  the request arrives whole; at the first byte of the answer PID is killed (SIGKILL) and both
               connections are cut: the server has done everything, and the client has heard nothing
  --at body    PID is killed when half of the body has arrived: the server has done nothing

Ends with 0 once PID is dead; with 1 if the client went away before."""
import argparse
import os
import select
import signal
import socket
import struct
import sys

CHUNK = 65536


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", required=True, metavar="HOST:PORT")
    parser.add_argument("--kill", required=True, type=int, metavar="PID")
    parser.add_argument("--at", required=True, choices=("answer", "body"))
    return parser.parse_args()


def kill(pid):
    """Returns when the process is dead: its pidfd becomes readable then, reaped or not."""
    fd = os.pidfd_open(pid)
    signal.pidfd_send_signal(fd, signal.SIGKILL)
    select.select([fd], [], [])
    os.close(fd)


def cut(connection):
    """Closes with a reset, as a lost network does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def read_request(client):
    """(head, body) of a request with Content-Length, or None when the client goes away."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = client.recv(CHUNK)
        if not chunk:
            return None
        data += chunk
    head, body = data.split(b"\r\n\r\n", 1)
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    length = int(lengths[0]) if lengths else 0
    while len(body) < length:
        chunk = client.recv(CHUNK)
        if not chunk:
            return None
        body += chunk
    return head + b"\r\n\r\n", body


def main():
    options = arguments()
    host, port = options.to.rsplit(":", 1)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(f"listening on 127.0.0.1:{listener.getsockname()[1]}", flush=True)
        client, _ = listener.accept()
    request = read_request(client)
    if not request:
        return 1
    head, body = request
    server = socket.create_connection((host, int(port)))
    if options.at == "answer":
        server.sendall(head + body)
        if not server.recv(1):
            return 1
    else:
        server.sendall(head + body[: len(body) // 2])
    kill(options.kill)
    cut(server)
    cut(client)
    return 0


sys.exit(main())
