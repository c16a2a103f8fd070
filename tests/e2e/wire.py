"""Protobuf's wire format and the few messages the tests send themselves.

The numbers are those of proto/jiancha/v1. Written by hand so that a test can also send what no
generated client would, and needs nothing but Python."""


def _varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def pack(*fields):
    """(number, value) pairs: int as varint, str and bytes as they are, None left out, a list repeated."""
    out = b""
    for number, value in fields:
        for one in value if isinstance(value, list) else [value]:
            if one is None:
                continue
            if isinstance(one, int):
                out += _varint(number << 3) + _varint(one)
            else:
                data = one.encode() if isinstance(one, str) else one
                out += _varint(number << 3 | 2) + _varint(len(data)) + data
    return out


def unpack(data):
    """{number: [values]}: varints as int, everything else as bytes."""
    fields, at = {}, 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        tag = varint()
        if tag & 7 == 0:
            value = varint()
        elif tag & 7 == 2:
            size = varint()
            value, at = data[at : at + size], at + size
        else:
            raise ValueError(f"wire type {tag & 7}")
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def first(fields, number, default=b""):
    return fields.get(number, [default])[0]


def timestamp(seconds):
    return pack((1, seconds))


# --- sessions and devices ---------------------------------------------------------------------------


def login(login_name, password, agency=""):
    return pack((1, agency), (2, login_name), (3, password))


def change_password(old, new):
    return pack((1, old), (2, new))


def enroll(code, name="test", public_key=b""):
    return pack((1, code), (2, name), (3, public_key), (4, "test"))


# --- sync -------------------------------------------------------------------------------------------

APPLIED, REJECTED, KEPT = 1, 2, 3
DUPLICATE_VISIT = 10  # ReviewReason
SIGNED = pack((1, pack((1, "张三"), (2, "安全总监"))))  # UnitSignature.signed


def inspection(inspection_id, unit_id, inspectors, started, number=None, task_id=b"", findings=()):
    """An inspection of an hour, completed on site; `number` is (year, number) of its record."""
    document = pack((1, 1), (2, number[0]), (3, number[1])) if number else None
    return pack((1, inspection_id), (2, task_id), (3, unit_id), (4, timestamp(started)), (5, timestamp(started + 3600)),
                (6, list(inspectors)), (7, 1), (8, 1), (12, list(findings)), (13, SIGNED), (17, document))


def operation(operation_id, started, command, message, depends_on=()):
    """`command` is the field of OperationBody's oneof: 11 submit_inspection, 16 add_ad_hoc_inspection …"""
    body = pack((1, timestamp(started)), (2, 1), (command, message))
    return pack((1, operation_id), (2, body), (4, list(depends_on)))


def sync(operations=(), cursor=b""):
    return pack((1, cursor), (2, list(operations)))


def results(answer):
    """{operation id: (status, code)} of a SyncResponse."""
    out = {}
    for data in unpack(answer).get(1, []):
        fields = unpack(data)
        out[first(fields, 1)] = (first(fields, 2, 0), first(fields, 3).decode())
    return out


def receipt(answer):
    """The operation ids that the receipt of a SyncResponse names as durable."""
    return set(unpack(first(unpack(answer), 7)).get(1, []))


def number_blocks(answer):
    """[(kind, year, first, last)] of a SyncResponse."""
    out = []
    for data in unpack(answer).get(8, []):
        fields = unpack(data)
        out.append(tuple(first(fields, number, 0) for number in (1, 2, 3, 4)))
    return out
