"""Why a file cannot be had, in the words of the C library."""

from __future__ import annotations

import errno

#: The words of the errors that occur here, as glibc and musl have them in common.
_WORDS = {
    errno.ENOENT: "No such file or directory",
    errno.EISDIR: "Is a directory",
    errno.ENOTDIR: "Not a directory",
    errno.EEXIST: "File exists",
    errno.EACCES: "Permission denied",
    errno.ENOTEMPTY: "Directory not empty",
    errno.EROFS: "Read-only file system",
    errno.ENOSPC: "No space left on device",
    errno.ELOOP: "Too many levels of symbolic links",
    errno.ENAMETOOLONG: "File name too long",
    errno.EBUSY: "Device or resource busy",
    errno.EPERM: "Operation not permitted",
    errno.EINVAL: "Invalid argument",
}


def failure(number: int, path: str) -> OSError:
    """The error of that number about a path."""
    return OSError(number, _WORDS[number], path)


def words_of(error: OSError) -> str:
    """`No such file or directory`."""
    return str(error.strerror or error)
