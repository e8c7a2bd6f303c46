"""Downloads, against a real server: good files enter the cache, and nothing else does."""

import gzip
import hashlib
import signal
import socket
import threading
from pathlib import Path

import numpy as np
import pytest

from minivae.data import DataError, FileSet

IMAGES = bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6])
LABELS = bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 9])
CONTENTS = {"images.gz": IMAGES, "labels.gz": LABELS}
DIGESTS = {name: hashlib.md5(raw).hexdigest() for name, raw in CONTENTS.items()}


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Point pooch's cache, and nothing of the user's, to an empty folder."""
    monkeypatch.delenv("MINIVAE_DATA", raising=False)
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / project)
    return tmp_path / "minivae" / "toy"


@pytest.fixture
def toy(server, cache):
    """A set of two files that the server holds; both are good until a test says otherwise."""
    for name, raw in CONTENTS.items():
        server.answers[f"/good/{name}"] = sends(gzip.compress(raw))
    return FileSet("toy", DIGESTS, mirrors=(f"{server.url}/good/",))


def sends(body, length=None):
    """Answer with ``body``, announcing ``length`` bytes; False announces none."""

    def answer(handler):
        handler.send_response(200)
        if length is not False:
            handler.send_header("Content-Length", str(len(body) if length is None else length))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def fails(status):
    return lambda handler: handler.send_error(status)


def hangs_up(handler):
    handler.connection.shutdown(socket.SHUT_RDWR)


GOOD = gzip.compress(IMAGES)
BAD_ANSWERS = {
    "404": (fails(404), "404 Not Found"),
    "500": (fails(500), "500 Internal Server Error"),
    "hung up": (hangs_up, "ConnectionError"),
    "cut in the body": (sends(GOOD[:20], length=len(GOOD)), "ConnectionError|ChunkedEncodingError"),
    "cut in the body, no length": (sends(GOOD[:20], length=False), "gzip data end early"),
    "cut to nothing": (sends(b""), "truncated"),
    "wrong digest": (sends(gzip.compress(IMAGES[:-1] + b"\7")), "expected MD5 .*, got "),
    "damaged": (sends(GOOD[:-6] + b"\0" + GOOD[-5:]), "damaged"),
    "a web page": (sends(b"<html>please log in</html>"), "not a gzip file"),
}
bad_answers = pytest.mark.parametrize(
    ("answer", "says"), BAD_ANSWERS.values(), ids=BAD_ANSWERS.keys()
)


def files_in(folder: Path):
    return sorted(path.name for path in folder.rglob("*"))


def test_a_download_brings_every_file_and_only_once(toy, cache, server):
    assert toy.missing() == list(CONTENTS)
    assert toy.fetch() == cache
    assert toy.missing() == []
    assert files_in(cache) == sorted(CONTENTS)
    np.testing.assert_array_equal(toy.read_idx("images.gz"), [[1, 2, 3], [4, 5, 6]])
    np.testing.assert_array_equal(toy.read_idx("labels.gz"), [7, 9])
    toy.fetch()
    assert sorted(server.asked) == ["/good/images.gz", "/good/labels.gz"]


def test_only_what_is_missing_is_downloaded(toy, cache, server):
    toy.fetch()
    (cache / "labels.gz").unlink()
    server.asked.clear()
    toy.fetch()
    assert server.asked == ["/good/labels.gz"]


@bad_answers
def test_the_second_mirror_helps_out(toy, cache, server, answer, says):
    server.answers["/bad/images.gz"] = answer
    toy.fetch(mirrors=(f"{server.url}/bad", f"{server.url}/good"))
    assert files_in(cache) == sorted(CONTENTS)
    assert server.asked[:2] == ["/bad/images.gz", "/good/images.gz"]


def test_a_mirror_that_is_down_is_passed_over(toy, cache, server):
    toy.fetch(mirrors=(closed_port(), f"{server.url}/good"))
    assert files_in(cache) == sorted(CONTENTS)


@bad_answers
def test_a_bad_answer_leaves_nothing_and_the_next_call_works(toy, cache, server, answer, says):
    server.answers["/bad/images.gz"] = answer
    with pytest.raises(DataError, match=says) as e:
        toy.fetch(mirrors=[f"{server.url}/bad/"])
    assert f"{server.url}/bad/" in str(e.value)
    assert files_in(cache) == []
    toy.fetch()
    assert toy.missing() == []


def test_when_everything_fails_one_line_says_what_was_tried_and_how_to_mend_it(toy, cache, server):
    down = closed_port()
    with pytest.raises(DataError) as e:
        toy.fetch(mirrors=[down, f"{server.url}/nothing/"])
    assert str(e.value) == (
        f"images.gz: cannot be downloaded into {cache} "
        f"({down}: ConnectionError; {server.url}/nothing/: 404 Not Found); "
        "connect to the network, or put images.gz, labels.gz in a folder DIR/toy "
        "and set MINIVAE_DATA=DIR"
    )
    assert files_in(cache) == []


@pytest.fixture
def ctrl_c():
    """Python's own answer to SIGINT, which a shell may have switched off for its children."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_an_interruption_leaves_nothing_and_the_next_call_works(toy, cache, server):
    interrupted = threading.Event()

    def half_then_interrupt(handler):
        sends(GOOD[:20], length=len(GOOD))(handler)
        handler.wfile.flush()
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        interrupted.wait(10)

    server.answers["/slow/images.gz"] = half_then_interrupt
    with pytest.raises(KeyboardInterrupt):
        toy.fetch(mirrors=[f"{server.url}/slow/", f"{server.url}/good/"])
    interrupted.set()
    assert server.asked == ["/slow/images.gz"]
    assert files_in(cache) == []
    toy.fetch()
    assert toy.missing() == []


def test_a_file_appears_under_its_name_only_when_complete(toy, cache, server):
    seen = []

    def looks_into_the_cache(handler):
        seen.append((cache / "images.gz").exists())
        sends(GOOD)(handler)

    server.answers["/good/images.gz"] = looks_into_the_cache
    toy.fetch()
    assert seen == [False]


def test_a_cache_that_cannot_be_written_is_named(toy, cache):
    cache.parent.write_text("a file where the folder should be")
    with pytest.raises(DataError, match=r"Not a directory|File exists") as e:
        toy.fetch()
    assert str(cache) in str(e.value)


def test_a_file_damaged_in_the_cache_is_refused(toy, cache):
    toy.fetch()
    (cache / "images.gz").write_bytes(gzip.compress(IMAGES[:-1] + b"\7"))
    with pytest.raises(DataError, match="expected MD5") as e:
        toy.read_idx("images.gz")
    assert str(cache / "images.gz") in str(e.value)


def test_nothing_is_downloaded_into_the_users_folder(toy, server, tmp_path, monkeypatch):
    monkeypatch.setenv("MINIVAE_DATA", str(tmp_path / "mine"))
    with pytest.raises(DataError, match="no such file; put it there, or unset MINIVAE_DATA") as e:
        toy.fetch()
    assert str(tmp_path / "mine" / "toy" / "images.gz") in str(e.value)
    assert server.asked == []
    assert not (tmp_path / "mine").exists()


def test_the_users_folder_comes_before_the_cache(toy, cache, tmp_path, monkeypatch):
    toy.fetch()
    cache.rename(tmp_path / "toy")
    monkeypatch.setenv("MINIVAE_DATA", str(tmp_path))
    assert toy.fetch() == tmp_path / "toy"
    np.testing.assert_array_equal(toy.read_idx("labels.gz"), [7, 9])


def test_an_empty_variable_is_no_folder(toy, cache, monkeypatch):
    monkeypatch.setenv("MINIVAE_DATA", "")
    assert toy.folder() == cache


def closed_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{s.getsockname()[1]}/"
