"""Text files as people save them: read, or told where they are no UTF-8."""


class UndecodableText(ValueError):
    """Bytes that are no text in their encoding; the message goes on after the file's name, and says the line."""


def decoded(content: bytes, encoding: str = "utf-8-sig") -> str:
    """Return the text of a file's bytes.

    Args:
        content: of the whole file.
        encoding: by default UTF-8, with or without the mark that Excel puts before it.

    Raises:
        UndecodableText: they are something else.
    """
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UndecodableText(f"is not UTF-8 (line {line})") from error
