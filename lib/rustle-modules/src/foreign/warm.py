# A Python that is kept while the runner runs, and forks for each module: starting Python and compiling Ansible's library
# cost more than most modules do. A request is a line of JSON and the program; an answer is a line of JSON and what the
# module wrote. Ends with its input.

import sys

sys.path[:] = [p for p in sys.path if p]

import json
import marshal
import os

# What modules import anyway: once, here.
for name in (
    "ast", "atexit", "base64", "collections", "contextlib", "copy", "ctypes", "dataclasses", "datetime", "decimal", "enum", "errno",
    "fcntl", "fnmatch", "functools", "grp", "hashlib", "importlib.abc", "importlib.resources", "inspect", "io", "ipaddress",
    "itertools", "keyword", "locale", "logging", "platform", "pwd", "random", "re", "resource", "runpy", "select", "selectors", "shlex",
    "shutil", "signal", "socket", "stat", "string", "struct", "subprocess", "syslog", "tempfile", "textwrap", "threading", "time",
    "traceback", "types", "typing", "unicodedata", "urllib.parse", "uuid", "warnings", "zipfile", "zipimport", "zlib",
):
    try:
        __import__(name)
    except Exception:
        pass

COMPILED = {}
NEW = None


def remember_compiled():
    """Sources in archives are compiled at each import; what one module compiled the next one finds."""
    import hashlib
    import zipimport

    compile_source = zipimport._compile_source

    def compile_once(path, source):
        key = hashlib.sha256(source).digest()
        code = COMPILED.get(key)
        if code is None:
            code = compile_source(path, source)
            if NEW is not None:
                os.write(NEW, marshal.dumps((key, marshal.dumps(code))))
        return code

    zipimport._compile_source = compile_once


def hidden_file():
    if hasattr(os, "memfd_create"):
        return os.memfd_create("rustle")
    import tempfile

    return os.dup(tempfile.TemporaryFile().fileno())


def content(fd):
    os.lseek(fd, 0, os.SEEK_SET)
    parts = []
    while True:
        part = os.read(fd, 1 << 16)
        if not part:
            break
        parts.append(part)
    os.close(fd)
    return b"".join(parts)


def learn(data):
    import io

    stream = io.BytesIO(data)
    while stream.tell() < len(data):
        try:
            key, code = marshal.load(stream)
            COMPILED[key] = marshal.loads(code)
        except (EOFError, ValueError, TypeError):
            return


def serve():
    """Answers until the end of input (None), or returns a program: in the child that is to run it."""
    global NEW
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    answers.write(b"rustle-warm-ready\n")
    answers.flush()
    while True:
        line = requests.readline()
        if not line:
            return None
        request = json.loads(line)
        program = requests.read(request["program"])
        out, err, new = hidden_file(), hidden_file(), hidden_file()
        child = os.fork()
        if child == 0:
            requests.close()
            answers.close()
            os.dup2(out, 1)
            os.dup2(err, 2)
            for fd in (out, err, nothing):
                os.close(fd)
            NEW = new
            os.environ.update(request["environment"])
            return program
        _, status = os.waitpid(child, 0)
        code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        learn(content(new))
        out, err = content(out), content(err)
        answers.write(json.dumps({"rc": code, "out": len(out), "err": len(err)}).encode() + b"\n" + out + err)
        answers.flush()


try:
    remember_compiled()
except Exception:
    pass
work = serve()
if work is not None:
    import types

    sys.argv = [""]
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    # As if it had been read from standard input: whatever it raises ends this process as it should.
    exec(compile(work, "<stdin>", "exec"), main.__dict__)
