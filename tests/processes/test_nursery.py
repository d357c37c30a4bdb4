"""A program from the nursery is what one started from nothing is; only so may the other tests stand on it."""

from pathlib import Path
from signal import SIGKILL

import pytest

from tests.processes.programs import Copy, copy_in


@pytest.mark.parametrize("words", [("map",), ("clock", "sett"), ("residents", "forget", "--help")], ids=" ".join)
async def test_it_says_the_same_and_ends_with_the_same_code(copy: Copy, words: tuple[str, ...]) -> None:
    warm, cold = await copy.run(*words), await copy.cold.run(*words)

    assert (warm.returncode, warm.stdout, warm.stderr) == (cold.returncode, cold.stdout, cold.stderr)
    assert warm.stdout + warm.stderr


async def test_it_has_a_folder_a_session_streams_and_an_end_of_its_own(tmp_path: Path) -> None:
    async with copy_in(tmp_path) as copy:
        program = copy.start("databases")
        await program.ready()
        process = Path(f"/proc/{program.process.pid}")
        parts = (process / "stat").read_text().rpartition(") ")[2].split()
        inside = (process / "cwd").readlink()
        opened = {number: (process / "fd" / number).readlink() for number in "012"}

        program.process.kill()

        assert await program.ended(seconds=30) == -SIGKILL
    assert inside == tmp_path
    assert opened == {"0": Path("/dev/null"), "1": program.log, "2": program.log}
    assert int(parts[3]) == program.process.pid  # the number of its session
