"""SPDY/3.1 frames: bytes to values and back, without a connection.

Control frames begin with a set bit and the version, data frames with the number of their stream; all have flags and
a length of 24 bits. Data is handed on as it comes in, whole frame or not; its last part carries the flag. Source: SPDY
Protocol - Draft 3.1, 2.2 and 2.6.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TypeAlias

from fauxkube.server.streaming.spdy_headers import HeaderError, Headers, Packer, Unpacker

VERSION = 3
#: The largest control frame that is read.
LIMIT = 64 * 1024

_SYN_STREAM, _SYN_REPLY, _RST_STREAM, _PING, _GOAWAY, _HEADERS, _WINDOW_UPDATE = 1, 2, 3, 6, 7, 8, 9
_CONTROL = 0x8000
_FIN = 0x01
_ID = 0x7FFFFFFF

#: Why a stream is reset.
PROTOCOL_ERROR, INVALID_STREAM, REFUSED_STREAM, CANCEL = 1, 2, 3, 5


class FrameError(ValueError):
    """Bytes that are no frames; nothing more can be made of the connection."""


@dataclass(frozen=True, slots=True)
class SynStream:
    """A stream begins."""

    id: int
    headers: Headers
    fin: bool = False
    priority: int = 0


@dataclass(frozen=True, slots=True)
class SynReply:
    """A stream was accepted."""

    id: int
    headers: Headers
    fin: bool = False


@dataclass(frozen=True, slots=True)
class MoreHeaders:
    """Further headers of a stream."""

    id: int
    headers: Headers
    fin: bool = False


@dataclass(frozen=True, slots=True)
class Data:
    """Bytes of a stream; `fin` says that none follow."""

    id: int
    data: bytes
    fin: bool = False


@dataclass(frozen=True, slots=True)
class Reset:
    """A stream ends at once, in both directions."""

    id: int
    status: int


@dataclass(frozen=True, slots=True)
class Ping:
    """To be answered as it is; a client's numbers are odd."""

    id: int


@dataclass(frozen=True, slots=True)
class GoAway:
    """No more streams are accepted."""

    last_stream: int
    status: int = 0


@dataclass(frozen=True, slots=True)
class WindowUpdate:
    """How many more bytes of a stream may be sent."""

    id: int
    delta: int


@dataclass(frozen=True, slots=True)
class Ignored:
    """A frame that asks for nothing here: settings, or of a type that is not known."""

    type: int


Frame: TypeAlias = SynStream | SynReply | MoreHeaders | Data | Reset | Ping | GoAway | WindowUpdate | Ignored


class Encoder:
    """Writes frames; they have to be sent in the order in which they were written."""

    def __init__(self) -> None:
        self._packer = Packer()

    def encode(self, frame: Frame) -> bytes:
        """A frame's bytes."""
        match frame:
            case Data(id, data, fin):
                return struct.pack("!II", id, (_FIN * fin) << 24 | len(data)) + data
            case SynStream(id, headers, fin, priority):
                content = struct.pack("!IIH", id, 0, priority << 13) + self._packer.pack(headers)
                return _control(_SYN_STREAM, content, fin=fin)
            case SynReply(id, headers, fin):
                return _control(_SYN_REPLY, struct.pack("!I", id) + self._packer.pack(headers), fin=fin)
            case MoreHeaders(id, headers, fin):
                return _control(_HEADERS, struct.pack("!I", id) + self._packer.pack(headers), fin=fin)
            case Reset(id, status):
                return _control(_RST_STREAM, struct.pack("!II", id, status))
            case Ping(id):
                return _control(_PING, struct.pack("!I", id))
            case GoAway(last_stream, status):
                return _control(_GOAWAY, struct.pack("!II", last_stream, status))
            case WindowUpdate(id, delta):
                return _control(_WINDOW_UPDATE, struct.pack("!II", id, delta))
        raise TypeError(f"not a frame to be sent: {frame}")


def _control(type_: int, content: bytes, *, fin: bool = False) -> bytes:
    return struct.pack("!HHI", _CONTROL | VERSION, type_, (_FIN * fin) << 24 | len(content)) + content


class Decoder:
    """Reads frames out of bytes that come in pieces; `FrameError` when they are none."""

    def __init__(self) -> None:
        self._unpacker = Unpacker()
        self._buffer = bytearray()
        #: Where in the buffer the next frame, or the rest of a data frame, begins.
        self._at = 0
        #: The data frame that is under way: its stream, its flag, and how many of its bytes are still to come.
        self._stream, self._fin, self._left = 0, False, 0

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are complete with these bytes, and what there is of a data frame."""
        self._buffer += data
        frames: list[Frame] = []
        while (frame := self._next()) is not None:
            frames.append(frame)
        del self._buffer[: self._at]
        self._at = 0
        return frames

    def _next(self) -> Frame | None:
        """The frame at the buffer's next place, which moves on."""
        if self._left:
            return self._data()
        if len(self._buffer) - self._at < 8:
            return None
        first, second = struct.unpack_from("!II", self._buffer, self._at)
        flags, length = second >> 24, second & 0xFFFFFF
        if first & _CONTROL << 16:
            return self._controlled(first, flags, length)
        self._at += 8
        self._stream, self._fin, self._left = first, bool(flags & _FIN), length
        return self._data() if length else Data(first, b"", self._fin)

    def _data(self) -> Frame | None:
        part = bytes(self._buffer[self._at : self._at + self._left])
        self._at += len(part)
        self._left -= len(part)
        return Data(self._stream, part, self._fin and not self._left) if part else None

    def _controlled(self, first: int, flags: int, length: int) -> Frame | None:
        version, type_ = first >> 16 & 0x7FFF, first & 0xFFFF
        if version != VERSION or length > LIMIT:
            raise FrameError(f"a control frame of version {version} with {length} bytes")
        begin, end = self._at + 8, self._at + 8 + length
        if len(self._buffer) < end:
            return None
        self._at = end
        try:
            return self._frame(type_, bytes(self._buffer[begin:end]), fin=bool(flags & _FIN))
        except (struct.error, HeaderError) as error:
            raise FrameError(str(error)) from None

    def _frame(self, type_: int, content: bytes, *, fin: bool) -> Frame:
        if type_ == _SYN_STREAM:
            id_, _, priority = struct.unpack_from("!IIH", content)
            return SynStream(id_ & _ID, self._unpacker.unpack(content[10:]), fin, priority >> 13)
        if type_ in (_SYN_REPLY, _HEADERS):
            (id_,) = struct.unpack_from("!I", content)
            kind = SynReply if type_ == _SYN_REPLY else MoreHeaders
            return kind(id_ & _ID, self._unpacker.unpack(content[4:]), fin)
        if type_ == _PING:
            return Ping(*struct.unpack("!I", content))
        if type_ in _NUMBERED:
            id_, value = struct.unpack("!II", content)
            numbered: Frame = _NUMBERED[type_](id_ & _ID, value)
            return numbered
        return Ignored(type_)


#: Frames of a stream's number and another one.
_NUMBERED = {_RST_STREAM: Reset, _GOAWAY: GoAway, _WINDOW_UPDATE: WindowUpdate}
