"""`--backend azure` over HTTP/2, which Azure's services do not all speak, but proxies before them do: a whole run, large
blobs in pieces, and how many connections it takes."""
import hashlib
import json
import os
import subprocess
import tempfile
import unittest

import emulator
import templates

FILES = 12
FILES_AT_ONCE, PIECES_AT_ONCE = 8, 4


class Http2:
    def __init__(self, url, folder):
        here = os.path.dirname(os.path.abspath(__file__))
        self.process = subprocess.Popen(
            ["node", os.path.join(here, "http2_wire.js"), url.split("/")[2], os.path.join(folder, "server.pem"),
             os.path.join(folder, "server.key")], stdout=subprocess.PIPE, text=True)
        self.url = f"https://127.0.0.1:{self.process.stdout.readline().strip()}"

    def stop(self):
        """How it was asked."""
        self.process.terminate()
        return json.loads(self.process.communicate(timeout=20)[0])


class OverHttp2(unittest.TestCase):
    def setUp(self):
        self.server = emulator.Emulator("--tls")
        self.addCleanup(self.server.stop)
        keys = os.path.dirname(self.server.authority)
        self.batch, self.blobs = Http2(self.server.batch_url, keys), Http2(self.server.blob_url, keys)
        for wire in (self.batch, self.blobs):
            self.addCleanup(wire.process.kill)
        self.scratch = tempfile.TemporaryDirectory(prefix="batchite-http2-")
        self.addCleanup(self.scratch.cleanup)

    def batchite(self, *words):
        variables = {**os.environ, **self.server.variables, "AZURE_BATCH_ENDPOINT": self.batch.url}
        variables.pop("AZURE_STORAGE_CONNECTION_STRING")
        done = subprocess.run([emulator.program(), *words, "--backend", "azure", "--ca-file", self.server.authority,
                               "--storage-endpoint", f"{self.blobs.url}/{self.server.storage_account}", "-o", "json"],
                              env=variables, cwd=self.scratch.name, text=True, capture_output=True, timeout=240)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout) if done.stdout else None

    def path(self, name):
        return os.path.join(self.scratch.name, name)

    def write(self, name, content):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as file:
            file.write(content)

    def stop(self):
        batch, blobs = self.batch.stop(), self.blobs.stop()
        self.assertEqual((batch["http1"], blobs["http1"]), (0, 0), "not everything was HTTP/2")
        return batch, blobs

    def test_a_run_goes_by_few_connections(self):
        for number in range(FILES):
            self.write(f"in/{number}.txt", b"number %d\n" % number)
        self.write("pool.json", json.dumps(templates.pool("p", 2)).encode())
        self.write("job.json", json.dumps(templates.job("j", "p", {
            "type": "taskPerFile", "source": {"fileGroup": "texts"}, "repeatTask": {
                "commandLine": "/bin/sh -c \"test -s {fileName}\"",
                "resourceFiles": [{"autoStorageContainerName": "fgrp-texts"}]}})).encode())
        result = self.batchite("run", "pool.json", "job.json", "--input", "in/*")
        self.assertEqual((result["outcome"], len(result["tasks"])), ("succeeded", FILES))
        self.assertEqual(self.batchite("container", "list"), [])
        batch, blobs = self.stop()
        self.assertEqual(batch["connections"], 1, batch)  # it asks one thing after the other
        self.assertGreater(batch["requests"], 10)
        self.assertLessEqual(blobs["connections"], FILES_AT_ONCE + 1, blobs)
        self.assertGreater(blobs["requests"], FILES)

    def test_many_small_files_go_together(self):
        for number in range(FILES):
            self.write(f"in/{number}.txt", b"number %d\n" % number)
        self.batchite("container", "create", "many")
        self.batchite("blob", "upload", "many", "in")
        self.batchite("blob", "download", "many", "--to", "back")
        for number in range(FILES):
            with open(self.path(f"back/{number}.txt"), "rb") as file:
                self.assertEqual(file.read(), b"number %d\n" % number)
        _, blobs = self.stop()
        self.assertLessEqual(blobs["connections"], 1 + 2 * FILES_AT_ONCE, blobs)
        self.assertEqual(blobs["requests"], 1 + FILES + 1 + FILES)

    def test_large_blobs_go_up_and_come_down(self):
        content = os.urandom(1 << 20) * 40
        self.write("large/a.bin", content)
        self.batchite("container", "create", "large")
        self.batchite("blob", "upload", "large", "large")
        self.batchite("blob", "download", "large", "a.bin", "--to", "back")
        with open(self.path("back/a.bin"), "rb") as file:
            self.assertEqual(hashlib.sha256(file.read()).digest(), hashlib.sha256(content).digest())
        _, blobs = self.stop()
        self.assertLessEqual(blobs["connections"], 1 + 2 * (1 + PIECES_AT_ONCE), blobs)
        self.assertGreaterEqual(blobs["requests"], 2 * 5, blobs)


if __name__ == "__main__":
    unittest.main()
