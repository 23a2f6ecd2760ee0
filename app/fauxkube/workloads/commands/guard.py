"""What is the same for all programs: calls that are wrong, and files that cannot be written to."""

from __future__ import annotations

from fauxkube.workloads.files.errors import words_of
from fauxkube.workloads.process import Process, Program, UsageError


def guarded(program: Program) -> Program:
    """The program, which says what is wrong and ends with an exit code instead of failing."""

    async def run(process: Process) -> int:
        try:
            return await program(process)
        except UsageError as error:
            return await process.fail(str(error), error.code)
        except BrokenPipeError:
            raise
        except OSError as error:
            return await process.fail(f"write error: {words_of(error)}")

    return run
