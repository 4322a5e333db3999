"""A run's folder. A file appears under its final name when it is complete, and not before."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from adapters.errors import OutputError, reason_of

PARTIAL = ".partial"


class RunFolder:
    """Where one run writes. Made at once, so that an unwritable place is known before the run and not after it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._made = not path.exists()
            path.mkdir(parents=True, exist_ok=True)
            probe = path / f"probe{PARTIAL}"
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise OutputError(f"{path}: results cannot be written there: {reason_of(error)}") from error

    def write(self, files: Mapping[str, Iterable[str]], *, stale: Iterable[str] = ()) -> None:
        """Write all files, then give all of them their names; OutputError names the file that could not be written.

        Until every file is complete none has its name, so a full disk leaves what was there before. `stale` are names
        of an earlier run's files that this run has not.
        """
        written: list[tuple[Path, Path]] = []
        target = self.path
        try:
            for name, chunks in files.items():
                target = self.path / name
                partial = self.path / (name + PARTIAL)
                written.append((partial, target))
                with partial.open("w", encoding="utf-8", newline="") as stream:
                    stream.writelines(chunks)
            for partial, target in written:
                partial.replace(target)
            for name in stale:
                if name not in files:
                    target = self.path / name
                    target.unlink(missing_ok=True)
        except OSError as error:
            for partial, _ in written:
                _forget(partial)
            raise OutputError(f"{target}: cannot be written: {reason_of(error)}") from error
        except BaseException:
            for partial, _ in written:
                _forget(partial)
            raise

    def discard(self) -> None:
        """Take the folder away again if this run made it and nothing is in it."""
        if self._made:
            try:
                self.path.rmdir()
            except OSError:
                return


def new_run_folder(command: str, *, now: datetime | None = None, base: Path = Path("runs")) -> RunFolder:
    """`runs/<UTC time>-<command>`, with a number behind it where two runs start in the same second."""
    stamp = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    for number in range(1, 1000):
        path = base / (f"{stamp}-{command}" if number == 1 else f"{stamp}-{command}-{number}")
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise OutputError(f"{path}: results cannot be written there: {reason_of(error)}") from error
        folder = RunFolder(path)
        folder._made = True
        return folder
    raise OutputError(f"{base}: a thousand runs have started in this second")


def _forget(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return
