"""The fenced code blocks of a document, and what a block of comments shows of an answer."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import attrs

_FENCE = re.compile(r"^( *)(`{3,}|~{3,})(.*)$")
_STATUS_LINE = re.compile(r"^HTTP/1\.1 \d{3} ")


@attrs.frozen
class Block:
    """One fenced block. `line` is that of its first line of content."""

    file: Path
    line: int
    language: str
    text: str

    @property
    def name(self) -> str:
        """For the list of tests."""
        return f"{self.file.name}:{self.line}"

    @property
    def commands(self) -> list[str]:
        """The lines of a shell block that are neither empty nor comments."""
        return [line for line in self.text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


@attrs.frozen
class ShownAnswer:
    """An HTTP answer as a document shows it."""

    status_line: str
    headers: dict[str, str]
    body: Any


def blocks_of(file: Path) -> list[Block]:
    """The fenced blocks of a Markdown file. Raises ValueError for one that is not closed."""
    found: list[Block] = []
    content: list[str] = []
    fence: str | None = None
    language = ""
    begun = 0
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        match = _FENCE.match(line)
        if fence is None:
            if match is not None:
                fence, language, begun, content = match[2], match[3].strip(), number + 1, []
        elif match is not None and match[2].startswith(fence) and not match[3].strip():
            found.append(Block(file, begun, language, "\n".join(content) + "\n"))
            fence = None
        else:
            content.append(line)
    if fence is not None:
        raise ValueError(f"{file.name}:{begun - 1}: this block is not closed")
    return found


def shown_answer(block: Block) -> ShownAnswer | None:
    """The HTTP answer that an `http` block is, or that the comments of another show; None where there is none."""
    lines = block.text.splitlines()
    if block.language != "http":
        lines = [line[1:].removeprefix(" ") for line in lines if line.startswith("#")]
    start = next((at for at, line in enumerate(lines) if _STATUS_LINE.match(line)), None)
    if start is None:
        return None
    end = lines.index("", start)
    headers = dict(line.split(": ", 1) for line in lines[start + 1 : end])
    return ShownAnswer(lines[start], headers, json.loads("\n".join(lines[end:])))
