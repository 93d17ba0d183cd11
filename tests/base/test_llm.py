"""The language model's client against a server on this machine that behaves well, badly, slowly, or not at all."""

from __future__ import annotations

import logging
import socket
import time
import traceback
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from chat_server import FakeServer, Reply, say, send
from kinoeye.base.errors import InputError, KinoeyeError
from kinoeye.base.llm import LanguageModel, LanguageModelError, Question

KEY = "sk-secret-0123456789"


def drip(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(1000):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.02)


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def server() -> Iterator[FakeServer]:
    fake = FakeServer()
    yield fake
    fake.close()


def client(server: FakeServer, **options: Any) -> LanguageModel:
    defaults: dict[str, Any] = {"model": "small", "base_url": server.url, "api_key": KEY, "sleep": lambda _: None}
    return LanguageModel(**{**defaults, **options})


def test_a_question_goes_out_as_the_chat_protocol_wants_it(server: FakeServer):
    server.replies = [say("A slow push in.")]
    png = b"\x89PNG not really"
    assert client(server).ask(Question("What moves?", (png,), instructions="Be short.")) == "A slow push in."
    system, user = server.asked[0]["messages"]
    assert system == {"role": "system", "content": "Be short."}
    assert [part["type"] for part in user["content"]] == ["text", "image_url"]
    assert user["content"][1]["image_url"]["url"].startswith("data:image/png;base64,iVBO")
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"
    client(server, api_key=None).ask(Question("x"))
    assert "Authorization" not in server.headers[1]


@pytest.mark.parametrize(
    "bad",
    [send(b"oops", 500), send(b"", 429, {"Retry-After": "7"}), send(b"busy", 503), send(b"<html>"), say(None), hang_up,
     send(b'{"choices": []}'), send(b'{"choices": [3]}'), send(b"[]"), say("  "), send(b'{"choices": [{}]}')],
)  # fmt: skip
def test_what_may_pass_is_tried_again(bad: Reply, server: FakeServer):
    server.replies = [bad, bad, say("at last")]
    waits: list[float] = []
    assert client(server, sleep=waits.append).ask(Question("x")) == "at last"
    assert waits in ([0.5, 1.0], [7.0, 7.0])


def test_an_answer_with_half_a_letter_is_stored_like_any_other(server: FakeServer, tmp_path: Path):
    server.replies = [send(b'{"choices": [{"message": {"content": "push in \\ud83d"}}]}')]
    for mode in ("record", "replay"):
        assert client(server, cache=tmp_path, mode=mode).ask(Question("x")) == "push in ?"


def test_attempts_are_bounded_and_the_last_problem_is_told(server: FakeServer):
    server.replies = [send(b"", 500)]
    with pytest.raises(LanguageModelError, match=r"127.0.0.1:\d+ answered 500 .*after 3 attempts"):
        client(server, attempts=3).ask(Question("x"))
    assert len(server.asked) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_refusal_is_told_once_and_without_the_key(status: int, server: FakeServer):
    server.replies = [send(f"Incorrect API key provided: {KEY}".encode(), status)]
    with pytest.raises(LanguageModelError, match="refused") as caught:
        client(server).ask(Question("x"))
    assert len(server.asked) == 1
    assert KEY not in str(caught.value)
    assert str(status) in str(caught.value)


def test_slow_answers_end_at_the_timeout(server: FakeServer):
    server.replies = [drip]
    with pytest.raises(LanguageModelError, match=r"did not answer within 0.2 s, after 2 attempts"):
        client(server, timeout_s=0.2, attempts=2).ask(Question("x"))
    server.replies = [lambda handler: time.sleep(2)]
    with pytest.raises(LanguageModelError, match=r"did not answer within 0.1 s"):
        client(server, timeout_s=0.1, attempts=1).ask(Question("x"))


def test_answers_are_bounded_and_whole(server: FakeServer):
    server.replies = [say("x" * 5000)]
    with pytest.raises(LanguageModelError, match="more than 1,000 bytes"):
        client(server, max_answer_bytes=1000).ask(Question("x"))
    server.replies = [say("and then", finish="length")]
    with pytest.raises(LanguageModelError, match="did not come to an end"):
        client(server).ask(Question("x"))


def test_the_key_follows_no_redirect(server: FakeServer):
    elsewhere = FakeServer()
    elsewhere.replies = [say("stolen")]
    for status in (301, 302, 307, 308):
        server.replies = [send(b"", status, {"Location": elsewhere.url})]
        with pytest.raises(LanguageModelError, match="sends elsewhere"):
            client(server).ask(Question("x"))
    assert elsewhere.asked == []
    elsewhere.close()


def test_without_a_server_there_is_one_clear_line():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    model = LanguageModel(model="small", base_url=f"http://127.0.0.1:{port}/v1", sleep=lambda _: pytest.fail("waited"))
    with pytest.raises(LanguageModelError, match=f"at http://127.0.0.1:{port} cannot be reached: Connection refused"):
        model.ask(Question("x"))


def test_the_cache_answers_what_was_asked_before(server: FakeServer, tmp_path: Path):
    server.replies = [say("one"), say("two"), say("three"), say("four")]
    model = client(server, cache=tmp_path)
    assert [model.ask(Question("x")) for _ in range(2)] == ["one", "one"]
    assert model.ask(Question("x", attempt=1)) == "two"
    assert model.ask(Question("x", (b"image",))) == "three"
    assert client(server, cache=tmp_path, mode="record").ask(Question("x")) == "four"
    replay = LanguageModel(model="small", base_url=None, cache=tmp_path, mode="replay")
    assert replay.ask(Question("x")) == "four"
    with pytest.raises(InputError, match="has no answer of small to this question; record it first"):
        replay.ask(Question("y"))
    assert len(server.asked) == 4


def test_a_damaged_answer_is_said_not_used(server: FakeServer, tmp_path: Path):
    server.replies = [say("one")]
    model = client(server, cache=tmp_path)
    model.ask(Question("x"))
    (file,) = tmp_path.iterdir()
    file.write_text("{}")
    with pytest.raises(InputError, match="holds no answer"):
        model.ask(Question("x"))


def test_the_key_is_nowhere(server: FakeServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: Any):
    caplog.set_level(logging.DEBUG)
    server.replies = [say(f"your key is {KEY}"), send(KEY.encode(), 500), send(KEY.encode(), 401)]
    model = client(server, cache=tmp_path, attempts=1)
    seen = [model.ask(Question("x")), repr(model), str(model)]
    for _ in range(2):
        try:
            model.ask(Question("y"))
        except KinoeyeError as error:
            seen += ["".join(traceback.format_exception(error)), repr(error)]
    seen += [file.read_text() for file in tmp_path.iterdir()]
    seen += [caplog.text, *capfd.readouterr()]
    assert len(server.asked) == 3
    assert all(KEY not in text for text in seen)


def test_passwords_in_the_address_are_not_told():
    model = LanguageModel(model="small", base_url="http://user:hunter2@127.0.0.1:1/v1?key=hunter2", attempts=1)
    with pytest.raises(LanguageModelError) as caught:
        model.ask(Question("x"))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("environment", "mode", "message"),
    [
        ({}, "cache", "set OPENAI_BASE_URL and OPENAI_MODEL"),
        ({"OPENAI_API_KEY": KEY}, "cache", "set OPENAI_BASE_URL and OPENAI_MODEL"),
        ({"OPENAI_BASE_URL": "http://x", "OPENAI_API_KEY": KEY}, "cache", "set OPENAI_MODEL"),
        ({"OPENAI_BASE_URL": "file:///etc/passwd", "OPENAI_MODEL": "m"}, "cache", "no http address"),
        ({"OPENAI_BASE_URL": "http://x", "OPENAI_MODEL": "m"}, "record", "without a folder"),
        ({"OPENAI_BASE_URL": "http://x", "OPENAI_MODEL": "m", "OPENAI_API_KEY": f"{KEY}\n"}, "cache", "no key has"),
        ({"OPENAI_MODEL": "m"}, "replay", "cannot be replayed"),
    ],
)
def test_what_is_missing_is_told(environment: dict[str, str], mode: Any, message: str):
    with pytest.raises(InputError, match=message) as caught:
        LanguageModel.from_environment(environment=environment, mode=mode)
    assert KEY not in str(caught.value)
