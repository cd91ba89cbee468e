"""Engines of others, installed for a test as a distribution with entry points would be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

__all__ = ["WICKED", "install"]

WICKED = '''
"""An engine that runs ours, and does what its option says meanwhile."""
import ctypes, os, signal, subprocess, sys, time
from pathlib import Path
from parity.subjects import parse_subject, record_of, subject_for


def honest(config, root):
    return record_of(subject_for(parse_subject("declarative")), config, root)


def hangs(config, root):
    Path(__file__).with_name("hanging").write_text(str(os.getpid()))
    while True:
        pass


def hangs_in_c(config, root):
    Path(__file__).with_name("hanging").write_text(str(os.getpid()))
    ctypes.PyDLL(None).pause()  # PyDLL keeps the interpreter's lock: no thread of Python's runs


def segfaults(config, root):
    ctypes.string_at(0)


def aborts(config, root):
    os.abort()


def leaves(config, root):
    os._exit(0)


def leaves_with_seven(config, root):
    os._exit(7)


def raises(config, root):
    raise RuntimeError("no")


def exits(config, root):
    sys.exit(5)


def interrupts_itself(config, root):
    raise KeyboardInterrupt


def hoards(config, root):
    held = []
    while True:
        held.append(bytearray(os.urandom(1) * 20_000_000))


def hoards_in_a_child(config, root):
    code = "held = []\\nwhile True: held.append(bytearray(b'x' * 20_000_000))"
    subprocess.run([sys.executable, "-c", code])
    return honest(config, root)


def floods(config, root):
    for _ in range(2000):
        os.write(1, b"out \\x1b[2J" * 1000)
        os.write(2, b"err " * 1000)
    return honest(config, root)


def floods_for_ever(config, root):
    while True:
        os.write(1, b"out " * 16_000)


def leaves_children(config, root):
    keep = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(600)"
    for number, new in enumerate((False, True)):  # of its group, and as a daemon
        file = Path(__file__).with_name(f"child-{number}")
        subprocess.Popen([sys.executable, "-c", keep, file], start_new_session=new)
        while not (file.exists() and file.read_text()):
            time.sleep(0.01)
    return honest(config, root)


def closes_everything(config, root):
    os.closerange(0, 64)
    return honest(config, root)


def wanders(config, root):
    record = honest(config, root)
    os.chdir("/")
    os.environ.clear()
    sys.path.clear()
    sys.stdout = sys.stderr = None
    return record


def ignores_signals(config, root):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    hangs(config, root)


def leaves_a_thread(config, root):
    import atexit, threading
    threading.Thread(target=time.sleep, args=(600,)).start()
    atexit.register(hangs, None, None)
    return honest(config, root)


def answers_with_garbage(config, root):
    folder = next(Path(root).parent.glob(f"{Path(root).name}.process-*"))
    (folder / "answer").write_bytes(b"garbage")
    os._exit(0)


def forges_half_an_answer(config, root):
    folder = next(Path(root).parent.glob(f"{Path(root).name}.process-*"))
    from parity.subjects import wire
    (folder / "answer").write_bytes(wire.encode({"record": honest(config, root)}, folder)[:-9])
    os._exit(0)


def answers_with_a_list(config, root):
    folder = next(Path(root).parent.glob(f"{Path(root).name}.process-*"))
    from parity.subjects import wire
    (folder / "answer").write_bytes(wire.encode([1], folder))
    os._exit(0)


def answers_with_a_pipe(config, root):
    folder = next(Path(root).parent.glob(f"{Path(root).name}.process-*"))
    os.mkfifo(folder / "answer")
    os._exit(0)


def answers_with_no_record(config, root):
    return {"status": "succeeded"}


def holds_what_cannot_be_sent(config, root):
    import msgspec
    from parity.channels import Channel
    record = honest(config, root)
    changed = {**record.channels, Channel.METRICS: {"x": {"y": object()}}}
    return msgspec.structs.replace(record, channels=changed)


def differs_each_time(config, root):
    import msgspec
    from parity.channels import Channel
    record = honest(config, root)
    drift = 1.0 + (time.time_ns() % 1_000_003 + 1) * 2.0 ** -40
    metrics = {
        place: {k: v * drift if isinstance(v, float) else v for k, v in figures.items()}
        for place, figures in record.channels[Channel.METRICS].items()
    }
    return msgspec.structs.replace(record, channels={**record.channels, Channel.METRICS: metrics})


def any(config, root):
    return globals()[Path(__file__).with_name("act").read_text()](config, root)


class Subject:
    def __init__(self, act):
        self.name, self._act = "imperative", act  # a name that is not its own

    def run(self, config, root):
        return self._act(config, root)


def make(name):
    return lambda options: Subject(globals()[name])


def __getattr__(name):  # an entry point wicked:make_x is make("x")
    if name.startswith("make_"):
        return make(name.removeprefix("make_"))
    raise AttributeError(name)
'''


def install(folder: Path, name: str, source: str, entries: Mapping[str, str]) -> Path:
    """Put a module and its entry points of the group ``parity.engines`` into a folder."""
    info = folder / f"{name}-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    lines = [f"{entry} = {target}" for entry, target in entries.items()]
    (info / "entry_points.txt").write_text("\n".join(["[parity.engines]", *lines]) + "\n")
    (folder / f"{name}.py").write_text(source, encoding="utf-8")
    return folder
