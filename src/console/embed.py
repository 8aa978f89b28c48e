#!/usr/bin/env python3
"""Write the console's files, and the client SDK's, as a C table.

    embed.py OUTPUT DEPFILE CONSOLE SDK

CONSOLE/index.html is served as /, CONSOLE/demo/X.html as /demo/X, all else of CONSOLE
as /console/..., and SDK/... as /sdk/... . A folder that does not exist has no files. The
same files give the same output, byte for byte. DEPFILE lists the files and the folders
that were looked at, so that a new file is a reason to build, too.
"""

import gzip
import hashlib
import pathlib
import sys

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
}
SKIPPED = {"node_modules", "test", "tests"}
BYTES_A_LINE = 24


def find(folder, seen):
    """Files below `folder`; `seen` gets all that was looked at."""
    if not folder.is_dir():
        seen.append(next(above for above in folder.parents if above.is_dir()))
        return
    seen.append(folder)
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name in SKIPPED:
            continue
        if path.is_dir():
            yield from find(path, seen)
        elif path.suffix in TYPES:
            seen.append(path)
            yield path


def console_path(name):
    if name == "index.html":
        return "/"
    if name.startswith("demo/") and name.endswith(".html"):
        return "/" + name[: -len(".html")]
    return "/console/" + name


def collect(console, sdk, seen):
    files = {}
    for path in find(console, seen):
        files[console_path(path.relative_to(console).as_posix())] = path
    for path in find(sdk, seen):
        files["/sdk/" + path.relative_to(sdk).as_posix()] = path
    return sorted((path.encode("ascii"), file) for path, file in files.items())


def array(name, data):
    lines = [f"static const unsigned char {name}[] = {{"]
    for at in range(0, len(data), BYTES_A_LINE):
        lines.append("".join(f"{byte}," for byte in data[at : at + BYTES_A_LINE]))
    return "\n".join(lines) + "\n};\n"


def bytes_of(name):
    return f"{{(const char *){name}, sizeof {name}}}"


def entry(number, path, data, kind):
    """The arrays of one file, and its row. Compressed only where that is worth it."""
    tag = hashlib.sha256(data).hexdigest()[:16]
    packed = gzip.compress(data, 9, mtime=0)
    arrays = array(f"plain{number}", data or b"\0")
    plain = bytes_of(f"plain{number}") if data else '{"", 0}'
    small = "{NULL, 0}"
    if len(packed) < len(data):
        arrays += array(f"gzip{number}", packed)
        small = bytes_of(f"gzip{number}")
    path = path.decode()
    row = f'{{STR_INIT("{path}"), "{kind}", STR_INIT("{tag}"), {plain}, {small}}},\n'
    return arrays if data else "", row


def main():
    output, depfile, console, sdk = map(pathlib.Path, sys.argv[1:])
    seen, arrays, rows = [], "", ""
    files = collect(console.absolute(), sdk.absolute(), seen)
    for number, (path, file) in enumerate(files):
        more, row = entry(number, path, file.read_bytes(), TYPES[file.suffix])
        arrays, rows = arrays + more, rows + row
    output.write_text(
        '/* Made by src/console/embed.py. */\n#include "console/files.h"\n\n'
        f"{arrays}\nconst struct file files_table[] = {{\n{rows}{{{{NULL, 0}}, NULL, {{NULL, 0}}, "
        "{NULL, 0}, {NULL, 0}}\n};\n"
        f"const size_t files_count = {len(files)};\n",
        encoding="ascii",
    )
    escaped = [str(path).replace(" ", "\\ ") for path in seen]
    depfile.write_text(f"{output}: " + " ".join(escaped) + "\n", encoding="utf-8")


main()
