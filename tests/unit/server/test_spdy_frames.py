"""SPDY/3.1 frames: real bytes one way and the other."""

from __future__ import annotations

import zlib

import pytest

from fauxkube.server.streaming.spdy_frames import (
    LIMIT,
    Data,
    Decoder,
    Encoder,
    Frame,
    FrameError,
    GoAway,
    Ignored,
    MoreHeaders,
    Ping,
    Reset,
    SynReply,
    SynStream,
    WindowUpdate,
)
from fauxkube.server.streaming.spdy_headers import DICTIONARY, HeaderError, Packer, Unpacker

HEADERS = {"streamtype": "data", "port": "8080", "requestid": "0"}
FRAMES: list[Frame] = [
    SynStream(1, HEADERS),
    SynStream(3, HEADERS, fin=True, priority=7),
    SynReply(1, {}),
    SynReply(3, {"a": "b"}, fin=True),
    MoreHeaders(1, {"more": "headers"}),
    Data(1, b"some bytes"),
    Data(1, b"", fin=True),
    Reset(1, 5),
    Ping(7),
    GoAway(3, 1),
    WindowUpdate(1, 65_536),
]


def test_the_dictionary_is_the_protocol_s_own() -> None:
    """zlib tells a dictionary by its Adler-32 sum, which is that of SPDY/3 in every client."""
    assert (len(DICTIONARY), zlib.adler32(DICTIONARY)) == (1423, 0xE3C6A7C2)


@pytest.mark.parametrize(
    ("frame", "written"),
    [
        (Data(1, b"abc"), "00000001 00000003 616263"),
        (Data(5, b"abc", fin=True), "00000005 01000003 616263"),
        (Reset(3, 1), "80030003 00000008 00000003 00000001"),
        (Ping(2), "80030006 00000004 00000002"),
        (GoAway(3), "80030007 00000008 00000003 00000000"),
        (WindowUpdate(1, 16), "80030009 00000008 00000001 00000010"),
    ],
    ids=lambda each: type(each).__name__ if not isinstance(each, str) else "",
)
def test_frames_without_headers_are_these_bytes(frame: Frame, written: str) -> None:
    assert Encoder().encode(frame) == bytes.fromhex(written)
    assert Decoder().feed(bytes.fromhex(written)) == [frame]


def test_a_stream_as_a_go_client_opens_it_is_read() -> None:
    """What moby/spdystream writes: names in lower case, zlib's best compression, a sync flush."""
    packed = zlib.compressobj(9, zdict=DICTIONARY)
    text = b"\0\0\0\x01" + b"\0\0\0\x0astreamtype" + b"\0\0\0\x05stdin"
    block = packed.compress(text) + packed.flush(zlib.Z_SYNC_FLUSH)
    head = bytes.fromhex("80030001") + (10 + len(block)).to_bytes(4, "big") + bytes.fromhex("00000001 00000000 0000")
    assert Decoder().feed(head + block) == [SynStream(1, {"streamtype": "stdin"})]


def test_what_is_written_is_read_again() -> None:
    encoder = Encoder()
    assert Decoder().feed(b"".join([encoder.encode(frame) for frame in FRAMES])) == FRAMES


@pytest.mark.parametrize("size", [1, 2, 7, 9])
def test_frames_may_come_in_pieces_and_data_is_handed_on_at_once(size: int) -> None:
    encoder, decoder = Encoder(), Decoder()
    written = b"".join([encoder.encode(frame) for frame in FRAMES])
    read = [frame for at in range(0, len(written), size) for frame in decoder.feed(written[at : at + size])]
    data = [frame for frame in read if isinstance(frame, Data)]
    assert [frame for frame in read if not isinstance(frame, Data)] == [
        frame for frame in FRAMES if not isinstance(frame, Data)
    ]
    assert b"".join(frame.data for frame in data) == b"some bytes"
    assert [frame.fin for frame in data] == [False] * (len(data) - 1) + [True]


def test_the_end_comes_with_the_last_piece_of_a_frame() -> None:
    decoder = Decoder()
    assert decoder.feed(bytes.fromhex("00000001 01000004")) == []
    assert decoder.feed(b"ab") == [Data(1, b"ab")]
    assert decoder.feed(b"cd" + bytes.fromhex("80030006 00000004 00000001")) == [Data(1, b"cd", fin=True), Ping(1)]


def test_settings_and_unknown_frames_are_passed_over() -> None:
    settings = bytes.fromhex("80030004 0000000c 00000001 00000004 00000064")
    unknown = bytes.fromhex("80030063 00000002 0000")
    assert Decoder().feed(settings + unknown) == [Ignored(4), Ignored(99)]


@pytest.mark.parametrize(
    "written",
    [
        "80020006 00000004 00000001",
        "80030006 00000003 000001",
        "80030001 00000002 0000",
        "80030001 0000000c 00000001 00000000 0000 1234",
        f"80030001 {LIMIT + 1:08x}",
    ],
    ids=["version", "ping", "short", "headers", "large"],
)
def test_what_is_no_frame_is_an_error(written: str) -> None:
    with pytest.raises(FrameError):
        Decoder().feed(bytes.fromhex(written))


def test_headers_that_unfold_to_too_much_are_an_error() -> None:
    packed = Packer().pack({"a": "b" * 1_000_000})
    with pytest.raises(HeaderError, match="larger than"):
        Unpacker().unpack(packed)
