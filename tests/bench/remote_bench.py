#!/usr/bin/python3
"""What takes long over a wire on which every request takes 100 ms more: adding 5,000 tasks, and 200 small files up and
down; beside the least that one request after the other would take. Usage: remote_bench.py PROGRAM"""
import json
import os
import subprocess
import sys
import tempfile
import time

os.environ["BATCHITE_PROGRAM"] = os.path.abspath(sys.argv[1])
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "sdk"))
import emulator  # noqa: E402
from misbehaving_python_test import Wire  # noqa: E402

TASKS, FILES, LATENCY = 5000, 200, 0.1


class LateWire(Wire):
    def late(self, connection, request):
        time.sleep(LATENCY)
        self.fine(connection, request)


def report(what, took, requests):
    least = requests * LATENCY
    print(f"{what} over {LATENCY * 1000:.0f} ms: {took:.2f} s; one request after the other takes {least:.2f} s at least "
          f"({took / least:.2f})")


def tasks(server, wire, folder):
    documents = {
        "pool.json": {"pool": {"properties": {
            "id": "p", "vmSize": "standard_a1_v2", "targetDedicatedNodes": 0, "virtualMachineConfiguration": {
                "imageReference": {"publisher": "canonical", "offer": "0001-com-ubuntu-server-jammy",
                                   "sku": "22_04-lts"}, "nodeAgentSKUId": "batch.node.ubuntu 22.04"}}}},
        "job.json": {"job": {"type": "Microsoft.Batch/batchAccounts/jobs", "properties": {
            "id": "j", "poolInfo": {"poolId": "p"}, "taskFactory": {
                "type": "parametricSweep", "parameterSets": [{"start": 1, "end": TASKS}],
                "repeatTask": {"commandLine": "true {0}"}}}}}}
    for name, document in documents.items():
        with open(os.path.join(folder, name), "w") as file:
            json.dump(document, file)
    run = subprocess.Popen([os.environ["BATCHITE_PROGRAM"], "run", "pool.json", "job.json", "--backend", "azure",
                            "--storage-endpoint", server.blob_account_url], cwd=folder, text=True,
                           env={**os.environ, **server.variables, "AZURE_BATCH_ENDPOINT": wire.url},
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    took = begin = 0.0
    for line in run.stderr:
        if line.startswith("Adding"):
            begin = time.monotonic()
        elif line.startswith("Monitoring"):
            took = time.monotonic() - begin
    run.wait()  # there are no nodes, so it gives up
    report(f"{TASKS} tasks added", took, TASKS / 100)


def files(server, wire, folder):
    os.mkdir(os.path.join(folder, "in"))
    for number in range(FILES):
        with open(os.path.join(folder, "in", str(number)), "w") as file:
            file.write("x" * 1024)
    variables = {**os.environ, **server.variables}
    variables.pop("AZURE_STORAGE_CONNECTION_STRING")
    for what, words in {"": ["container", "create", "many"], "up": ["blob", "upload", "many", "in"],
                        "down": ["blob", "download", "many", "--to", "out"]}.items():
        begin = time.monotonic()
        subprocess.run([os.environ["BATCHITE_PROGRAM"], *words, "--backend", "azure", "--storage-endpoint",
                        f"{wire.url}/{server.storage_account}"], cwd=folder, env=variables, check=True,
                       stdout=subprocess.DEVNULL)
        if what:
            report(f"{FILES} files of 1 KiB {what}", time.monotonic() - begin, FILES)


def main():
    server = emulator.Emulator()
    batch, blobs = (LateWire(url, lambda *_: "late") for url in (server.batch_url, server.blob_url))
    with tempfile.TemporaryDirectory() as folder:
        tasks(server, batch, folder)
        files(server, blobs, folder)
    batch.close()
    blobs.close()
    server.stop()


if __name__ == "__main__":
    main()
