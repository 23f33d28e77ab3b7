# SPDX-License-Identifier: Apache-2.0
"""What the parts of the benchmark share: where things are, running Tael, medians, and results as JSON and as a table.

Environment: TAEL (the program), TAEL_MODELS (a folder of NAME.gguf), TAEL_PEER (the folder that bench/peer-setup makes),
TAEL_THREADS (default: the cores). bench/run sets what is missing."""
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BENCH = os.path.join(ROOT, "bench")
RESULTS = os.environ.get("TAEL_RESULTS", os.path.join(ROOT, "build", "bench-results"))
TAEL = os.environ.get("TAEL", os.path.join(ROOT, "build", "release", "tael"))
PEER = os.environ.get("TAEL_PEER", "")
LOGITS = os.environ.get("TAEL_LOGITS", os.path.join(ROOT, "build", "bench-logits"))
PEAK = os.environ.get("TAEL_PEAK", os.path.join(ROOT, "build", "bench-peak"))
THREADS = int(os.environ.get("TAEL_THREADS", len(os.sched_getaffinity(0))))
SHAPES = ["qwen3-0.6b-q4_0", "qwen3-0.6b-q4_k_m", "qwen3-1.7b-q4_0", "qwen3-1.7b-q4_k_m"]  # bench/shapes makes them
MODELS = ["smollm2-135m", "qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b"]


def model_path(name):
    """The file of a catalogue name, or the path itself; pulled when it isn't there."""
    if name.endswith(".gguf"):
        return name
    if name in SHAPES:
        return shape_path(name)
    for folder in filter(None, (os.environ.get("TAEL_MODELS"),)):
        path = os.path.join(folder, name + ".gguf")
        if os.path.isfile(path):
            return path
    out = subprocess.run([TAEL, "--json", "pull", name], stdout=subprocess.PIPE, check=True).stdout
    return json.loads(out)["path"]


def made_folder():
    """Where models that benchmarks make are kept."""
    return os.environ.get("TAEL_SHAPES", os.path.join(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")),
                                                      "tael", "shapes"))


def shape_path(name):
    """A file of random weights in the shape of a real model (bench/shapes), made once."""
    folder = made_folder()
    path = os.path.join(folder, name + ".gguf")
    if not os.path.isfile(path):
        subprocess.run([os.path.join(PEER, "python"), os.path.join(BENCH, "shapes"), name[:name.index("-q4")],
                        model_path("qwen2.5-coder-0.5b"), PEER, folder], check=True)
    return path


def token_sum(path, code):
    """A sum over a file's matrices."""
    code = "import sys, gguf; r = gguf.GGUFReader(sys.argv[1]); m = [t for t in r.tensors if len(t.shape) > 1]; " + code
    return int(subprocess.run([os.path.join(PEER, "python"), "-c", code, path], stdout=subprocess.PIPE, check=True).stdout)


def token_bytes(path):
    """Bytes of weights that one decoded token reads: all matrices but the token embeddings (its one row counts for
    nothing), unless they are the output layer too."""
    return token_sum(path, "tied = 'output.weight' not in {t.name for t in m}; "
                           "print(sum(int(t.n_bytes) for t in m if t.name != 'token_embd.weight' or tied))")


def token_weights(path):
    """Weights that each token of a prompt is multiplied with: all matrices but the output layer and the embeddings."""
    return token_sum(path, "print(sum(int(t.n_elements) for t in m if t.name not in ('token_embd.weight', 'output.weight')))")


def bandwidth(threads):
    """GB/s that so many cores read, by `tael doctor`: the best of three."""
    cores = sorted(os.sched_getaffinity(0))[:threads]
    command = ["taskset", "-c", ",".join(map(str, cores)), TAEL, "--json", "doctor"]
    runs = [json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout) for _ in range(3)]
    return max(r["bandwidth_gbs"] for r in runs)


def operations(threads):
    """8-bit operations a second of so many cores (peak.c); None where they have no such product."""
    run = subprocess.run([PEAK, str(threads)], stdout=subprocess.PIPE)
    return json.loads(run.stdout)["operations"] if run.returncode == 0 else None


def short(model):
    return os.path.basename(model).removesuffix(".gguf")


def tael(*args):
    """One command of Tael with --json; its document."""
    run = subprocess.run([TAEL, "--json", *map(str, args)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    if run.returncode:
        sys.exit(f"bench: `tael {' '.join(map(str, args))}` failed with {run.returncode}")
    return json.loads(run.stdout)


def peer(job):
    """One job for llama.cpp in a process of its own; its answer."""
    run = subprocess.run([os.path.join(PEER, "python"), os.path.join(BENCH, "peer.py")], input=json.dumps(job), stdout=subprocess.PIPE, text=True)
    if run.returncode:
        sys.exit(f"bench: the peer failed with {run.returncode} at {job['do']}")
    return json.loads(run.stdout)


def measured(args, **kw):
    """(seconds, seconds to the first byte of output, peak resident bytes, exit status) of one process."""
    start = time.monotonic()
    process = subprocess.Popen([str(a) for a in args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, **kw)
    first = None
    while chunk := os.read(process.stdout.fileno(), 65536):
        first = first or time.monotonic() - start
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    return time.monotonic() - start, first, usage.ru_maxrss * 1024, process.returncode


def warm(path):
    """Read a file once, so that it lies in the page cache."""
    with open(path, "rb", buffering=0) as f:
        while f.read(1 << 24):
            pass


def load():
    return round(os.getloadavg()[0], 2)


def median(values):
    return statistics.median(values)


def machine():
    cpu = platform.processor() or platform.machine()
    family = ""
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
        for line in f:
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                cpu = value.strip()
            if key.strip() == "model":
                family = value.strip()
            if not line.strip():
                break
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, text=True).stdout.strip()
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {"cpu": f"{cpu} (model {family})", "cores": len(os.sched_getaffinity(0)), "memory_gib": round(gib, 1),
            "kernel": platform.release(), "commit": commit, "threads": THREADS,
            "time": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")}


PEERED = ("speed", "speed-noamx", "depth", "agree", "perplexity", "many", "serve")


def peer_words():
    return os.environ.get("TAEL_PEER_WORDS", "llama.cpp")


def report(part, title, head, rows, data, notes=()):
    """Prints the part's table and keeps it, with everything measured, in RESULTS/PART.{json,md}."""
    m = machine()
    m["load_after"] = load()
    lines = [f"## {title}", "",
             f"{m['time']} · {m['cpu']}, {m['cores']} cores, {m['memory_gib']} GiB · commit {m['commit']} · "
             f"load average at the end {m['load_after']} · `bench/run {os.environ.get('TAEL_PART', part)}`", ""]
    lines += [f"Peer: {peer_words()}.", ""] if part in PEERED else []
    lines += ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(c) for c in row) + " |" for row in rows]
    lines += [""] + [f"{n}\n" for n in notes]
    text = "\n".join(lines).rstrip() + "\n"
    os.makedirs(RESULTS, exist_ok=True)
    with open(os.path.join(RESULTS, part + ".json"), "w", encoding="utf-8") as f:
        json.dump({"part": part, "machine": m, "peer": peer_words(), **data}, f, ensure_ascii=False, indent=1)
        f.write("\n")
    with open(os.path.join(RESULTS, part + ".md"), "w", encoding="utf-8") as f:
        f.write(text)
    print(text)


def verdict(good):
    return "met" if good else "**not met**"


def temporary():
    """A folder that goes away with the program."""
    return tempfile.TemporaryDirectory(prefix="tael-bench-")
