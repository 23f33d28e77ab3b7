# SPDX-License-Identifier: Apache-2.0
"""Nodes behind HAProxy with deploy/haproxy.cfg as it is, all on loopback; for cluster.py and scripts/demo-cluster."""
import csv
import http.client
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

from support import Service, skip

CONFIG = pathlib.Path(__file__).resolve().parent.parent.parent / "deploy" / "haproxy.cfg"


def program():
    """HAProxy's path; Debian has it where only root's PATH looks."""
    return shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin") or skip(
        "HAProxy isn't installed; scripts/setup --cluster installs it")


def listener():
    """A socket at a free port, for HAProxy to inherit: nobody can take the port in between."""
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    return s


class Cluster:
    """Three nodes (node1 … node3) and HAProxy, for the time of a with block."""

    def __init__(self, *options, model_path=None):
        self.program = program()
        self.nodes = {f"node{i}": Service(*options, model_path=model_path, ends=False) for i in (1, 2, 3)}

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="tael-cluster-")
        self.admin = os.path.join(self.folder.name, "admin.sock")
        self.clients, self.status = listener(), listener()
        self.port = self.clients.getsockname()[1]
        self.proxy = None
        try:
            for node in self.nodes.values():
                node.__enter__()
            self.start_proxy()
        except BaseException:
            self.__exit__(None)
            raise
        return self

    def start_proxy(self):
        inherited = (self.clients.fileno(), self.status.fileno())
        self.said = open(os.path.join(self.folder.name, "haproxy.log"), "w+b")
        nodes = {f"TAEL_NODE{name[4:]}": f"127.0.0.1:{node.port}" for name, node in self.nodes.items()}
        self.proxy = subprocess.Popen(
            [self.program, "-db", "-f", str(CONFIG)], pass_fds=inherited, stdout=self.said, stderr=self.said,
            env={"PATH": os.environ["PATH"], "TAEL_ROOTLESS": "1", "TAEL_LISTEN": f"fd@{inherited[0]}", "TAEL_STATUS": f"fd@{inherited[1]}",
                 "TAEL_ADMIN": self.admin, "TAEL_LUA": str(CONFIG.parent / "tael-prefix.lua"),
                 "TAEL_LOG": os.path.join(self.folder.name, "log.sock"), **nodes})
        self.wait(lambda: os.path.exists(self.admin) and all(self.up(name) for name in self.nodes), "HAProxy sees its nodes")

    def __exit__(self, *_):
        for process in [self.proxy, *(getattr(node, "process", None) for node in self.nodes.values())]:
            if process and process.poll() is None:
                process.kill()
            if process:
                process.wait()
        self.clients.close()
        self.status.close()
        self.folder.cleanup()

    def wait(self, holds, what, seconds=30):
        until = time.monotonic() + seconds
        while not holds():
            if self.proxy.poll() is not None:
                self.said.seek(0)
                raise AssertionError(f"HAProxy ended with {self.proxy.returncode}: {self.said.read().decode()}")
            if time.monotonic() > until:
                raise AssertionError(f"not within {seconds} s: {what}")
            time.sleep(0.02)

    # ---- What HAProxy says of itself ----

    def figures(self):
        """{node: {figure: text}} as HAProxy's `show stat` has them."""
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(self.admin)
            s.sendall(b"show stat nodes -1 -1\n")
            text = b"".join(iter(lambda: s.recv(65536), b"")).decode()
        return {row["svname"]: row for row in csv.DictReader(text.lstrip("# ").splitlines())}

    def up(self, name):
        row = self.figures()[name]
        return row["status"] == "UP" and row["check_status"] == "L7OK"

    def idle(self):
        return self.figures()["BACKEND"]["scur"] == "0"

    # ---- Requests ----

    def ask(self, method, path, body=None, headers=None, timeout=120):
        """Status, node and body of a reply that came whole."""
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        c.request(method, path, data, {**({"Content-Type": "application/json"} if data is not None else {}), **(headers or {})})
        reply = c.getresponse()
        text = reply.read()
        c.close()
        return reply.status, reply.headers["X-Tael-Node"], text
