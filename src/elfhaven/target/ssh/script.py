# SPDX-License-Identifier: BSD-2-Clause
"""What the board's shell does before the bridge speaks: POSIX sh, with what busybox and coreutils share.

Its lines begin with a mark, so that greetings of a login shell are not taken for them. After `end` it waits
for one word: `put` (the bridge follows, exactly its size in bytes), `go`, or the end of its input.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterable
from typing import Final
from uuid import UUID

_SCRIPT: Final = r"""
LC_ALL=C; export LC_ALL
say() { printf '%s %s\n' MARK "$*"; }
node=NODE
say user "$(id -un)"
say machine "$(uname -m)"
if [ -r $node ] && [ -w $node ]; then say node good
elif [ -e $node ]; then say node denied "$(ls -l $node)"
else say node absent; fi
for process in /proc/[0-9]*; do
  name=; read -r name < "$process/comm"
  if [ "$name" = tee-supplicant ]; then say supplicant "$(tr '\0' '\t' < "$process/cmdline")"; fi
done 2> /dev/null
[ -e /dev/teepriv0 ] && say private "$( (: <> /dev/teepriv0) 2>&1 && echo free)"
for directory in DIRECTORIES; do [ -d "$directory" ] && say directory "$directory"; done
cache="${XDG_CACHE_HOME:-$HOME/.cache}/elfhaven"
bridge="$cache/bridge-HASH"
"$bridge" > /dev/null 2>&1
if [ $? = 2 ]; then say bridge here; else say bridge wanted "$cache"; fi
say end
read -r order directory
if [ "$order" = look ]; then
  for uuid in UUIDS; do
    file="$directory/$uuid.ta"
    [ -f "$file" ] && [ -r "$file" ] && say image "$uuid" "$(sha256sum < "$file")"
  done
  if [ -d "$directory" ] && [ -w "$directory" ]; then say writable
  else say unwritable "$(ls -ld "$directory" 2>&1)"; fi
  say end
  read -r order rest
fi
if [ "$order" = put ]; then
  new="$bridge.$$"
  trap 'rm -f "$new"' EXIT HUP INT TERM PIPE
  take() {
    umask 077
    mkdir -p "$cache" && head -c SIZE > "$new" && chmod 700 "$new" || return 1
    case "$(sha256sum < "$new")" in HASH*) mv "$new" "$bridge" ;; *) echo "it came with errors"; false ;; esac
  }
  if why="$( (take) 2>&1)"; then say stored; else rm -f "$new"; say failed "$why"; exit 1; fi
  "$bridge" > /dev/null 2>&1
  if [ $? != 2 ]; then say failed "$bridge cannot be run: $("$bridge" 2>&1)"; exit 1; fi
  trap - EXIT HUP INT TERM
  say ready
  read -r order rest
fi
[ "$order" = go ] && exec "$bridge" "$directory" -
exit 1
"""


def board_script(
    mark: str, bridge: bytes, directories: Iterable[str], uuids: Iterable[UUID], node: str = "/dev/tee0"
) -> str:
    """The line for the board's shell. `directories`: where supplicants usually look for TAs."""
    words = {
        "MARK": mark,
        "NODE": node,
        "HASH": content_name(bridge),
        "SIZE": str(len(bridge)),
        "DIRECTORIES": " ".join(map(shlex.quote, directories)),
        "UUIDS": " ".join(map(str, uuids)),
    }
    text = _SCRIPT
    for name, word in words.items():
        text = text.replace(name, word)
    return f"exec sh -c {shlex.quote(text.strip())}"


def content_name(bridge: bytes) -> str:
    """The part of the bridge's file name that stands for its content."""
    return hashlib.sha256(bridge).hexdigest()[:32]
