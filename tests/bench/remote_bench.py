#!/usr/bin/python3
"""How long 5,000 tasks take to be added over a wire on which every request takes 100 ms more, beside the least that
collections of 100 would take one after the other. Usage: remote_bench.py PROGRAM"""
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

TASKS, LATENCY = 5000, 0.1


class LateWire(Wire):
    def late(self, connection, request):
        time.sleep(LATENCY)
        self.fine(connection, request)


def main():
    server = emulator.Emulator()
    wire = LateWire(server.batch_url, lambda *_: "late")
    with tempfile.TemporaryDirectory() as folder:
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
    wire.close()
    server.stop()
    least = TASKS / 100 * LATENCY
    print(f"{TASKS} tasks added over {LATENCY * 1000:.0f} ms: {took:.2f} s; one collection after the other takes "
          f"{least:.2f} s at least ({took / least:.2f})")


if __name__ == "__main__":
    main()
