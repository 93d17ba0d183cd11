"""Questions to a language model behind any server that speaks OpenAI's chat protocol, with a cache to replay from.

Nothing is sent unless the environment names a server: OPENAI_BASE_URL and OPENAI_MODEL, and OPENAI_API_KEY where the
server wants one. The key goes into one header of the request and nowhere else.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import IO, Any, Literal
from urllib.parse import urlsplit

from kinoeye.base.errors import InputError, KinoeyeError
from kinoeye.base.files import read_json, write_json

URL_VARIABLE, MODEL_VARIABLE, KEY_VARIABLE = "OPENAI_BASE_URL", "OPENAI_MODEL", "OPENAI_API_KEY"
Mode = Literal["cache", "record", "replay"]
"""Ask only what is not stored; ask everything and store it anew; ask nothing."""
_RETRIED = (408, 429)
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 30.0
_CHUNK = 1 << 16
_QUOTED = 300
"""Characters of a server's own words that an error quotes."""


class LanguageModelError(KinoeyeError):
    """A question that got no usable answer."""


@dataclass(frozen=True)
class Question:
    """What is asked: instructions, a text, and images to look at.

    Example:
        >>> Question("Name the colour.", instructions="One word.").messages()[1]["role"]
        'user'
    """

    text: str
    images_png: tuple[bytes, ...] = ()
    """Whole PNG files."""
    instructions: str = ""
    """How to answer; the system's message."""
    attempt: int = 0
    """Another number asks for another answer to the same question."""
    max_tokens: int = 1000
    """Of the answer; one that does not fit is an error."""

    def messages(self) -> list[dict[str, Any]]:
        """The messages of the chat protocol."""
        parts: list[dict[str, Any]] = [{"type": "text", "text": self.text}]
        for png in self.images_png:
            url = f"data:image/png;base64,{base64.b64encode(png).decode()}"
            parts.append({"type": "image_url", "image_url": {"url": url}})
        asked = {"role": "user", "content": parts if self.images_png else self.text}
        return [*([{"role": "system", "content": self.instructions}] if self.instructions else []), asked]


@dataclass(frozen=True, kw_only=True)
class LanguageModel:
    """A model on a server, asked over HTTP; every answer is stored under the hash of its request.

    Example:
        >>> model = LanguageModel.from_environment(cache=Path("answers"))  # doctest: +SKIP
        >>> model.ask(Question("Describe the camera's motion."))  # doctest: +SKIP
    """

    model: str
    base_url: str | None
    """Such as http://localhost:8000/v1; None where answers are only replayed."""
    api_key: str | None = field(default=None, repr=False)
    cache: Path | None = None
    """Folder of answers."""
    mode: Mode = "cache"
    timeout_s: float = 120.0
    """Of one attempt, from the request to the last byte of the answer."""
    attempts: int = 5
    """How often a question is sent at most."""
    max_answer_bytes: int = 1 << 20
    sleep: Callable[[float], object] = field(default=time.sleep, repr=False, compare=False)
    """Waits between attempts."""

    def __post_init__(self) -> None:
        if self.mode == "replay":
            if self.cache is None or not self.cache.is_dir():
                raise InputError(f"answers cannot be replayed: {self.cache or 'no folder'} holds none")
        elif self.base_url is None or urlsplit(self.base_url).scheme not in ("http", "https"):
            raise InputError(
                f"{URL_VARIABLE} is no http address of a server; give one such as http://localhost:8000/v1"
            )
        if self.api_key and not (self.api_key.isascii() and self.api_key.isprintable() and " " not in self.api_key):
            raise InputError(f"{KEY_VARIABLE} holds a blank, a line break or a letter that no key has")
        if self.mode == "record" and self.cache is None:
            raise InputError("answers cannot be recorded without a folder for them")

    @classmethod
    def from_environment(
        cls,
        *,
        cache: Path | None = None,
        mode: Mode = "cache",
        environment: Mapping[str, str] = os.environ,
    ) -> LanguageModel:
        """The model that the environment names.

        Args:
            cache: folder of answers.
            mode: whether stored answers are used.
            environment: variables; the process's own.

        Raises:
            InputError: a variable that is needed is not set.
        """
        needed = (MODEL_VARIABLE,) if mode == "replay" else (URL_VARIABLE, MODEL_VARIABLE)
        missing = [name for name in needed if not environment.get(name)]
        if missing:
            raise InputError(
                f"no language model is named: set {' and '.join(missing)} to a server that speaks OpenAI's chat "
                f"protocol ({KEY_VARIABLE} if it wants a key)"
            )
        return cls(
            model=environment[MODEL_VARIABLE],
            base_url=environment.get(URL_VARIABLE),
            api_key=environment.get(KEY_VARIABLE) or None,
            cache=cache,
            mode=mode,
        )

    def ask(self, question: Question) -> str:
        """The model's answer in words.

        Raises:
            LanguageModelError: the server cannot be reached, refuses, or gives no usable answer.
            InputError: a stored answer is needed and there is none, or it is damaged.
        """
        body = {
            "model": self.model,
            "messages": question.messages(),
            "temperature": 0,
            "seed": question.attempt,
            "max_tokens": question.max_tokens,
        }
        request = json.dumps(body, sort_keys=True, ensure_ascii=False).encode()
        stored = None if self.cache is None else self.cache / f"{hashlib.sha256(request).hexdigest()}.json"
        if stored is not None and self.mode != "record" and stored.is_file():
            return _stored_answer(stored)
        if self.mode == "replay":
            raise InputError(f"{self.cache} has no answer of {self.model} to this question; record it first")
        answer = self._without_key(self._answer(request))
        if stored is not None:
            asked = {"text": question.text, "instructions": question.instructions, "images": len(question.images_png)}
            write_json(stored, {"model": self.model, "asked": asked, "answer": answer})
        return answer

    @property
    def _where(self) -> str:
        """The server as errors name it: without user, password, or query."""
        parts = urlsplit(self.base_url or "")
        return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}"

    def _without_key(self, words: str) -> str:
        return words.replace(self.api_key, "[key]") if self.api_key else words

    def _answer(self, body: bytes) -> str:
        wait = _FIRST_WAIT_S
        for attempt in range(self.attempts):
            try:
                return self._attempt(body)
            except _TryAgain as problem:
                if attempt + 1 == self.attempts:
                    tries = f"after {self.attempts} attempts" if self.attempts > 1 else "after one attempt"
                    raise LanguageModelError(f"the language model at {self._where} {problem}, {tries}") from None
                self.sleep(min(problem.wait_s or wait, _LONGEST_WAIT_S))
                wait *= 2
        raise AssertionError("there is at least one attempt")

    def _attempt(self, body: bytes) -> str:
        request = urllib.request.Request(
            f"{str(self.base_url).rstrip('/')}/chat/completions",
            data=body,
            headers={"Content-Type": "application/json", "Accept": "application/json"},
        )
        if self.api_key:
            request.add_unredirected_header("Authorization", f"Bearer {self.api_key}")
        deadline = time.monotonic() + self.timeout_s
        try:
            with _OPENER.open(request, timeout=self.timeout_s) as response:
                data = self._read(response, deadline)
        except urllib.error.HTTPError as error:
            raise self._refusal(error, deadline) from None
        except TimeoutError:
            raise _TryAgain(f"did not answer within {self.timeout_s:g} s") from None
        except urllib.error.URLError as error:
            if isinstance(error.reason, TimeoutError):
                raise _TryAgain(f"did not answer within {self.timeout_s:g} s") from None
            if isinstance(error.reason, ConnectionResetError):
                raise _TryAgain("broke the connection") from None
            reason = getattr(error.reason, "strerror", None) or error.reason
            raise LanguageModelError(f"the language model at {self._where} cannot be reached: {reason}") from None
        except (ConnectionError, HTTPException):
            raise _TryAgain("broke the connection") from None
        return self._words(data)

    def _read(self, response: HTTPResponse | urllib.error.HTTPError, deadline: float) -> bytes:
        """A bounded answer, whole before the deadline: a socket's timeout alone lets a slow drip go on for ever."""
        data = b""
        while chunk := response.read1(_CHUNK):  # type: ignore[union-attr]
            data += chunk
            if len(data) > self.max_answer_bytes:
                limit = f"{self.max_answer_bytes:,} bytes"
                raise LanguageModelError(f"the language model at {self._where} answered with more than {limit}")
            if time.monotonic() > deadline:
                raise TimeoutError
        return data

    def _refusal(self, error: urllib.error.HTTPError, deadline: float) -> Exception:
        """What to raise for a status that is not success."""
        if error.code in _RETRIED or error.code >= 500:
            return _TryAgain(f"answered {error.code} ({error.reason})", _seconds(error.headers))
        if 300 <= error.code < 400:
            return LanguageModelError(
                f"{self._where} sends elsewhere ({error.code}); set {URL_VARIABLE} to where it is"
            )
        try:
            said = self._without_key(self._read(error, deadline).decode(errors="replace"))[:_QUOTED]
        except (OSError, HTTPException, LanguageModelError):
            said = str(error.reason)
        hint = f"; is {KEY_VARIABLE} right?" if error.code in (401, 403) else ""
        return LanguageModelError(f"the language model at {self._where} refused ({error.code}): {said}{hint}")

    def _words(self, data: bytes) -> str:
        try:
            choice = json.loads(data)["choices"][0]
            words, ended = choice["message"]["content"], choice.get("finish_reason")
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
            raise _TryAgain("gave an answer that is not of the chat protocol") from None
        if not isinstance(words, str) or not words.strip():
            raise _TryAgain("gave an empty answer")
        if ended == "length":
            raise LanguageModelError(f"{self.model} did not come to an end within the tokens that it was given")
        return words.encode(errors="replace").decode()  # half of a surrogate pair has no place in a file


class _TryAgain(Exception):  # noqa: N818 - a signal between attempts, never seen outside
    """An attempt that failed in a way that another may not."""

    def __init__(self, problem: str, wait_s: float | None = None) -> None:
        super().__init__(problem)
        self.wait_s = wait_s


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Another server than the one that was named gets nothing."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirects)


def _seconds(headers: Message) -> float | None:
    """How long a server asks to wait, if it says it in seconds."""
    try:
        seconds = float(headers.get("Retry-After", ""))
    except ValueError:
        return None
    return seconds if 0 < seconds < float("inf") else None


def _stored_answer(path: Path) -> str:
    data = read_json(path)
    if not isinstance(data, dict) or not isinstance(data.get("answer"), str):
        raise InputError(f"{path} holds no answer; delete it to ask again")
    return data["answer"]
