"""Master keys as text: one line a key, newest first, in a file or in an environment variable."""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import re
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from consentcore.domain.clock import LAST_SECOND, SECOND
from consentcore.domain.errors import ConfigurationError, ConsentcoreError
from consentcore.domain.files import give_to_owner_of, like, make_folder
from consentcore.keys.ring import KEY_BYTES, MasterKey, decode, encode

log = logging.getLogger("consentcore.keys")

_FROM = "from="
_REVOKED = "revoked="
_HEADER = """\
# The master keys of consentcore, newest first: id, key, time of making, from=TIME where a key waits before it is
# used, and revoked=TIME where it may be known to others. Keep this file secret, keep a copy of it in a safe place,
# and keep old keys: without them evidence cannot be verified and secrets cannot be read.
"""


class NoOldKey(ConsentcoreError):
    """Every key of the file is in use or waits: there is none to revoke."""


def read_key_file(path: Path) -> list[MasterKey]:
    """The keys of a file, newest first.

    :raises ConfigurationError: naming the line that is wrong.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        raise ConfigurationError(
            [
                f"consentcore.keys: there is no file {path}; `consentcore init` or `consentcore keys create` makes it"
            ]
        ) from None
    except OSError as error:
        raise ConfigurationError([_unreadable(path, error.strerror)]) from None
    except UnicodeDecodeError:
        raise ConfigurationError([_unreadable(path, "it is not ASCII")]) from None
    if mode & 0o077:
        log.warning("%s can be read by others than its owner; chmod 600 it", path)
    return parse(text, str(path))


def _unreadable(path: Path, why: str | None) -> str:
    return f"consentcore.keys: expected a readable key file {path} ({why})"


def create_key_file(path: Path | str) -> bool:
    """Make a key file with one new key, readable by its owner only; False when there was one before.

    Two that do this at once end with one and the same file, and nobody ever reads half a file. What root makes in a
    folder of somebody else is theirs.
    """
    target = Path(path)
    make_folder(target.parent)
    draft = _write_draft(target, [new_master_key()])
    try:
        os.link(draft, target)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True


def rotate_key_file(path: Path, lead_s: int = 0, *, revoke: bool = False) -> MasterKey:
    """Put a new master key before those of a key file and return it; the old ones stay.

    Two that do this at once on one machine take turns, so that neither loses the other's key. The file keeps its
    owner, group and mode, whoever does this; where it is a link, what it points to is replaced.

    :param lead_s: how long everybody gets to read the new key before anything is made with it.
    :param revoke: mark the old ones: whoever may have seen one has seen the file.
    :raises ConfigurationError: when the file is not in order.
    """
    target = path.resolve()
    with key_file_turn(target):
        before = read_key_file(path)
        fresh = new_master_key(lead_s)
        if revoke:
            before = [replace(key, revoked_at=key.revoked_at or fresh.used_from) for key in before]
        draft = _write_draft(target, [fresh, *before], target.stat())
        draft.replace(target)
    return fresh


def revoke_old_keys(path: Path) -> list[str]:
    """Mark every key of a key file as revoked that a newer one has taken the place of, see :func:`rotate_key_file`.

    :returns: the ids of those that were not revoked before.
    :raises ConfigurationError: when the file is not in order.
    :raises NoOldKey: when no key has taken the place of another yet.
    """
    target = path.resolve()
    with key_file_turn(target):
        before = read_key_file(path)
        now = int(datetime.now(UTC).timestamp()) * SECOND
        current = next((at for at, key in enumerate(before) if key.used_from <= now), len(before) - 1)
        doomed = [key.key_id for key in before[current + 1 :] if not key.revoked_at]
        if not before[current + 1 :]:
            raise NoOldKey(f"{path} has no key that another has taken the place of: rotate first")
        after = [replace(key, revoked_at=now) if key.key_id in doomed else key for key in before]
        draft = _write_draft(target, after, target.stat())
        draft.replace(target)
    return doomed


@contextmanager
def key_file_turn(path: Path) -> Iterator[None]:
    """Wait for whoever makes or rotates the same key file; by its folder, because the file itself is replaced."""
    try:
        folder = os.open(path.parent, os.O_RDONLY)
    except OSError:  # the file is not there either, which reading it says better
        yield
        return
    try:
        with suppress(OSError):  # not every network file system can lock a folder
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def new_master_key(lead_s: int = 0) -> MasterKey:
    """A new key id and 32 random bytes, to be used ``lead_s`` seconds from now."""
    made = datetime.now(UTC).replace(microsecond=0)
    starts = made + timedelta(seconds=lead_s)
    return MasterKey(
        f"k{secrets.token_hex(4)}",
        secrets.token_bytes(KEY_BYTES),
        made.isoformat(),
        int(starts.timestamp()) * SECOND,
    )


def key_line(key: MasterKey) -> str:
    """A key as a line of a key file. This is the key itself: only for files and ``env:`` values."""
    waits = key.used_from and key.used_from != _ms(key.made)
    times = [_FROM + _iso(key.used_from)] if waits else []
    times += [_REVOKED + _iso(key.revoked_at)] if key.revoked_at else []
    return " ".join(part for part in (key.key_id, encode(key.secret), key.made, *times) if part)


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms // SECOND, UTC).isoformat()


def parse(text: str, place: str) -> list[MasterKey]:
    """Lines ``id key [made] [from=TIME] [revoked=TIME]``, or a single ``key`` whose id is then derived from it.

    :param place: where the text stands, for what is said.
    :raises ConfigurationError: naming the line.
    """
    found = []
    for number, line in enumerate(re.split(r"[\n;]", text), 1):
        parts = line.split()
        if not parts or parts[0].startswith("#"):
            continue
        try:
            found.append(_from_line(parts))
        except ValueError as error:
            raise ConfigurationError(
                [f"consentcore.keys: {place} line {number}: expected {error.args[0]}"]
            ) from None
    if not found:
        raise ConfigurationError([f"consentcore.keys: {place} holds no key"])
    return found


def _from_line(parts: Sequence[str]) -> MasterKey:
    made = " ".join(part for part in parts[2:] if not part.startswith((_FROM, _REVOKED)))
    key_id, encoded = (parts[0], parts[1]) if len(parts) > 1 else ("", parts[0])
    try:
        secret = decode(encoded)
    except ValueError:
        secret = b""
    if len(secret) != KEY_BYTES:
        raise ValueError(f"a key id and {KEY_BYTES} bytes in base64")
    key = MasterKey(key_id or _fingerprint(secret), secret, made, _ms(made))
    starts, revoked = _time_in(parts, _FROM), _time_in(parts, _REVOKED)
    return replace(key, used_from=starts or key.used_from, revoked_at=revoked)


def _time_in(parts: Sequence[str], word: str) -> int:
    """The time that stands behind a word, in ms; 0 where the word does not stand."""
    for part in parts[2:]:
        if part.startswith(word):
            found = _ms(part.removeprefix(word))
            if not found:
                raise ValueError(f"{word} and a time such as 2026-11-26T12:00:00+00:00")
            return found
    return 0


def _ms(text: str) -> int:
    """A time in ISO, in ms since the epoch (UTC where no zone is named); 0 when it is none.

    What lies before the epoch is its beginning; what lies behind the year 9999, in UTC, is no time.
    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return 0
    seconds = int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp())
    return max(seconds, 1) * SECOND if seconds <= LAST_SECOND else 0


def _fingerprint(key: bytes) -> str:
    return "k" + hashlib.sha256(b"consentcore key id" + key).hexdigest()[:8]


def _write_draft(target: Path, keys: Sequence[MasterKey], old: os.stat_result | None = None) -> Path:
    """:param old: of the file whose place it is to take."""
    try:
        return _draft_of(target, keys, old)
    except OSError as error:  # which names the draft, a file that nobody has heard of, or none
        raise OSError(error.errno, error.strerror, str(target)) from None


def _draft_of(target: Path, keys: Sequence[MasterKey], old: os.stat_result | None) -> Path:
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(_HEADER + "".join(f"{key_line(key)}\n" for key in keys))
            file.flush()
            if old is None:
                give_to_owner_of(target.parent, file.fileno())
            elif lost := like(old, file.fileno()):
                log.warning("%s could not keep %s: see that the service can read it", target, lost)
            os.fsync(file.fileno())
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)
