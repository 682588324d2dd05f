"""Messages to bytes and back (common/protocol/PROTOCOL.md): one msgpack map a message."""

from __future__ import annotations

from typing import Any, Union

import msgpack

Message = dict[str, Any]
Value = Union[int, float]

PROTOCOL_VERSION = 1
MESSAGE_BYTES_MAX = 1 << 25  # from the head
FILE_PART_BYTES_MAX = 1 << 18
NAME_BYTES_MAX = 64
JOBS_NAMED_MAX = 256  # in one question


def pack(kind: str, question: int, fields: Message) -> bytes:
    packed: bytes = msgpack.packb({"v": PROTOCOL_VERSION, "t": kind, "q": question, **fields})
    return packed


def unpack(frame: bytes) -> Message | None:
    """None if it is no message. Texts of programs may not be UTF-8: what is not is replaced."""
    try:
        message = msgpack.unpackb(frame, unicode_errors="replace")
    except (ValueError, msgpack.UnpackException):
        return None
    is_message = isinstance(message, dict) and isinstance(message.get("t"), str)
    return message if is_message else None


def value_of(sent: int | float | str | None) -> Value | None:
    """An exact integer of 128 bits or a float; integers that msgpack cannot hold travel as text."""
    return int(sent) if isinstance(sent, str) else sent
