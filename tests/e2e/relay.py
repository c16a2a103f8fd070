"""A net that breaks: a relay that ends connections with a reset after some bytes, the same ones for the same seed."""
import random
import select
import socket
import struct
import threading

CHUNK = 16384


class CuttingRelay:
    """Passes connections on to 127.0.0.1:`port`. Each of the first `cuts` connections is ended when `least` to `most`
    bytes have passed in one of its two directions; all later ones stay whole, so everybody gets through in the end.
    `answers`: whether some are cut in the answers, or "only" there. `at_cut` is called before the client hears of it.
    Listens on `url` from the beginning."""

    def __init__(self, port, seed, cuts, least, most, answers=True, at_cut=None):
        self.port, self.random, self.cuts = port, random.Random(seed), cuts
        self.answers, self.at_cut = answers, at_cut
        self.least, self.most, self.done = least, most, 0  # done: connections ended so far
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def close(self):
        """No more connections are taken; those there are go on to their end."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()

    def _listen(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._relay, args=(client, self._limits()), daemon=True).start()

    def _limits(self):
        """How many bytes may pass (to the server, to the client) before the end; None: all."""
        if self.cuts == 0:
            return [None, None]
        self.cuts -= 1
        bytes_left = self.random.randint(self.least, self.most)
        if self.answers == "only":
            return [None, bytes_left]
        # answers are short: most cuts are in what is sent, one in four within the first bytes of the answers
        if not self.answers or self.random.randrange(4):
            return [bytes_left, None]
        return [None, self.random.randint(1, 900)]

    def _relay(self, client, limits):
        try:
            server = socket.create_connection(("127.0.0.1", self.port))
        except OSError:
            reset(client)
            return
        ways = {client: (server, 0), server: (client, 1)}
        cut = False
        while ways and not cut:
            for source in select.select(list(ways), [], [])[0]:
                cut = self._pass(source, *ways[source], limits, ways)
                if cut:
                    break
        if cut and self.at_cut:
            self.at_cut()
        for connection in (server, client):
            if cut:
                reset(connection)
            else:
                connection.close()
        with self.lock:
            self.done += cut

    @staticmethod
    def _pass(source, target, way, limits, ways):
        """Passes some bytes on; true when the connection is to be ended."""
        try:
            chunk = source.recv(CHUNK)
            if not chunk:
                del ways[source]
                target.shutdown(socket.SHUT_WR)
                return False
            part = chunk if limits[way] is None else chunk[: limits[way]]
            target.sendall(part)
        except OSError:
            ways.clear()
            return False
        if limits[way] is None:
            return False
        limits[way] -= len(part)
        return limits[way] == 0


def reset(connection):
    """Ends it as a lost network does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
