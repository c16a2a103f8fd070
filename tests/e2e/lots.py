"""A second computation of draws (docs/DRAW.md) that shares nothing with the program: ChaCha20 written out from
RFC 8439, SHA-256 from Python."""
import hashlib
import struct
import unicodedata

MASK = 0xFFFFFFFF


def rotate(value, bits):
    return ((value << bits) | (value >> (32 - bits))) & MASK


def quarter(words, a, b, c, d):
    for x, y, z, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        words[x] = (words[x] + words[y]) & MASK
        words[z] = rotate(words[z] ^ words[x], bits)


def chacha20_block(key, counter, nonce):
    """RFC 8439, section 2.3."""
    start = [*struct.unpack("<4I", b"expand 32-byte k"), *struct.unpack("<8I", key), counter,
             *struct.unpack("<3I", nonce)]
    words = start[:]
    for _ in range(10):
        for column in range(4):
            quarter(words, column, column + 4, column + 8, column + 12)
        for column in range(4):
            quarter(words, column, 4 + (column + 1) % 4, 8 + (column + 2) % 4, 12 + (column + 3) % 4)
    return struct.pack("<16I", *((a + b) & MASK for a, b in zip(words, start)))


def pool_of(ids):
    """(ids in their order, SHA-256 of the pool)."""
    encoded = sorted({unicodedata.normalize("NFC", unit).encode() for unit in ids})
    return [unit.decode() for unit in encoded], hashlib.sha256(b"".join(unit + b"\n" for unit in encoded)).digest()


def draw(ids, seed, count):
    """The ids drawn, in order."""
    units, pool_hash = pool_of(ids)
    text = seed.encode()
    key = hashlib.sha256(b"jiancha-draw-1\0" + struct.pack("<I", len(text)) + text + pool_hash).digest()

    def values():
        block = 0
        while True:
            yield from struct.unpack("<8Q", chacha20_block(key, block, bytes(12)))
            block += 1

    stream = values()

    def below(limit):
        while True:
            value = next(stream)
            if value < (1 << 64) // limit * limit:
                return value % limit

    for i in range(count):
        j = below(len(units) - i)
        units[i], units[i + j] = units[i + j], units[i]
    return units[:count]
