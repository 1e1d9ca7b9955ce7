"""The storage half of `--backend azure` against npm's Azurite: the program's own commands, a whole run whose files lie
there while its tasks run on an emulator of Batch, and azure-storage-blob through `start --backend azure`."""
import datetime
import hashlib
import json
import os
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobBlock, BlobClient, BlobSasPermissions, BlobType, generate_blob_sas

import clients
import emulator
import templates
from azurite_python_test import Azurite

ACCOUNT = "devstoreaccount1"


def setUpModule():
    global azurite, endpoint, batch, proxy, scratch
    azurite = Azurite()
    endpoint = f"{azurite.url}/{ACCOUNT}"
    scratch = tempfile.TemporaryDirectory(prefix="batchite-azurite-")
    batch = emulator.Emulator()
    proxy = emulator.Emulator("--backend", "azure", "--batch-endpoint", batch.batch_url, "--storage-endpoint", endpoint,
                              environment=variables())


def tearDownModule():
    proxy.stop()
    batch.stop()
    azurite.stop()
    scratch.cleanup()


def variables():
    return {"AZURE_BATCH_ACCOUNT": batch.batch_account, "AZURE_BATCH_ACCESS_KEY": batch.batch_key,
            "AZURE_BATCH_ENDPOINT": batch.batch_url, "AZURE_STORAGE_ACCOUNT": ACCOUNT,
            "AZURE_STORAGE_KEY": batch.storage_key}


def run(*words, status=0):
    """The program's answer, as JSON where it has one."""
    done = subprocess.run([emulator.program(), *words, "--backend", "azure", "--storage-endpoint", endpoint, "-o", "json"],
                          env={**os.environ, **variables()}, cwd=scratch.name, capture_output=True, text=True)
    if done.returncode != status:
        raise AssertionError(f"{words} ended with {done.returncode}, not {status}:\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout) if done.stdout.startswith(("{", "[")) else done.stdout + done.stderr


def write(name, content):
    path = os.path.join(scratch.name, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)
    return path


class Commands(unittest.TestCase):
    def test_files_of_every_size_go_there_and_come_back(self):
        run("container", "create", "sizes")
        contents = {"empty": b"", "small": b"hello", "piece": os.urandom(8 << 20), "large": os.urandom((20 << 20) + 7),
                    "ä b+c%.txt": b"a name that needs escapes"}
        for name, content in contents.items():
            write("up/" + name, content)
        run("blob", "upload", "sizes", "up/*")
        listed = {one["name"]: one["size"] for one in run("blob", "list", "sizes")}
        self.assertEqual(listed, {name: len(content) for name, content in contents.items()})
        self.assertEqual([one["name"] for one in run("blob", "list", "sizes", "--prefix", "s")], ["small"])
        run("blob", "download", "sizes", "--to", "down")
        for name, content in contents.items():
            with open(os.path.join(scratch.name, "down", name), "rb") as file:
                self.assertEqual(hashlib.sha256(file.read()).digest(), hashlib.sha256(content).digest(), name)
        run("blob", "delete", "sizes", "small")
        self.assertIn("BlobNotFound", run("blob", "delete", "sizes", "small", status=4))
        self.assertIn("ContainerAlreadyExists", run("container", "create", "sizes", status=6))
        run("container", "delete", "sizes")
        self.assertNotIn("sizes", [one["name"] for one in run("container", "list")])

    def test_signatures_are_what_azurite_takes(self):
        run("container", "create", "signed")
        write("one", b"content")
        run("blob", "upload", "signed", "one")
        url = run("blob", "sas", "signed", "one")[0]["url"]
        self.assertEqual(urllib.request.urlopen(url).read(), b"content")
        with self.assertRaises(urllib.error.HTTPError):
            urllib.request.urlopen(url.split("?")[0])
        run("container", "delete", "signed")

    def test_a_wrong_key_is_told(self):
        done = subprocess.run([emulator.program(), "container", "list", "--backend", "azure", "--storage-endpoint", endpoint],
                              env={**os.environ, **variables(), "AZURE_STORAGE_KEY": "AAAA"}, capture_output=True, text=True)
        self.assertEqual(done.returncode, 6, done.stderr)
        self.assertRegex(done.stderr, "AuthorizationFailure|AuthenticationFailed")
        self.assertNotIn("AAAA", done.stderr)


class Runs(unittest.TestCase):
    def test_a_workflow_whose_files_lie_there(self):
        for number in range(3):
            write(f"in/{number}.txt", b"number %d" % number)
        write("pool.json", json.dumps(templates.pool("azurite-pool", 2)).encode())
        write("job.json", json.dumps(templates.upper_case_job("azurite-job", "azurite-pool")).encode())
        result = run("run", "pool.json", "job.json", "--input", "in/*", "--output", "results")
        self.assertEqual((result["outcome"], result["kept"]), ("succeeded", []), result)
        for number in range(3):
            with open(os.path.join(scratch.name, "results", f"{number}.out")) as file:
                self.assertEqual(file.read(), f"NUMBER {number}")
        self.assertEqual(run("container", "list"), [])
        self.assertEqual(run("pool", "list"), [])


class Clients(unittest.TestCase):
    """azure-storage-blob → Batchite → Azurite."""
    def setUp(self):
        self.container = clients.blobs(proxy).create_container(self.id().rsplit(".", 1)[1].replace("_", "-")[:63])

    def tearDown(self):
        self.container.delete_container()

    def test_blocks_and_ranges(self):
        blob = self.container.get_blob_client("b")
        blob.stage_block("AAAA", b"hello ")
        blob.stage_block("AAAB", b"world")
        blob.commit_block_list([BlobBlock("AAAA"), BlobBlock("AAAB")], metadata={"colour": "blue"})
        self.assertEqual(blob.download_blob(offset=4, length=3).readall(), b"o w")
        self.assertEqual(blob.get_blob_properties().metadata, {"colour": "blue"})
        self.assertEqual([block.id for block in blob.get_block_list("committed")[0]], ["AAAA", "AAAB"])

    def test_pages_appends_and_snapshots(self):
        log = self.container.get_blob_client("log")
        log.create_append_blob()
        for _ in range(3):
            log.append_block(b"line\n")
        self.assertEqual(log.download_blob().readall(), b"line\n" * 3)
        disk = self.container.get_blob_client("disk")
        disk.create_page_blob(2048)
        disk.upload_page(b"x" * 512, offset=512, length=512)
        self.assertEqual([(one["start"], one["end"]) for one in disk.get_page_ranges()[0]], [(512, 1023)])
        snapshot = log.create_snapshot()["snapshot"]
        log.append_block(b"more\n")
        self.assertEqual(self.container.get_blob_client("log", snapshot=snapshot).download_blob().readall(), b"line\n" * 3)
        log.delete_blob(delete_snapshots="include")

    def test_leases_copies_tags_and_conditions(self):
        blob = self.container.upload_blob("b", b"one")
        lease = blob.acquire_lease(15)
        with self.assertRaises(HttpResponseError) as refused:
            blob.upload_blob(b"two", overwrite=True)
        self.assertEqual(refused.exception.error_code, "LeaseIdMissing")
        blob.upload_blob(b"two", overwrite=True, lease=lease)
        lease.release()
        copy = self.container.get_blob_client("copy")
        self.assertEqual(copy.start_copy_from_url(blob.url)["copy_status"], "success")
        copy.set_blob_tags({"kind": "copy"})
        self.assertEqual(copy.get_blob_tags(), {"kind": "copy"})
        with self.assertRaises(HttpResponseError) as changed:
            copy.delete_blob(etag='"0x1"', match_condition=__import__("azure.core").core.MatchConditions.IfNotModified)
        self.assertEqual(changed.exception.error_code, "ConditionNotMet")

    def test_signatures_and_pages_of_lists(self):
        for number in range(12):
            self.container.upload_blob(f"n/{number:02}", b"x")
        self.assertEqual(len(list(self.container.list_blobs(results_per_page=5))), 12)
        self.assertEqual([one.name for one in self.container.walk_blobs()], ["n/"])
        signature = generate_blob_sas(ACCOUNT, self.container.container_name, "n/03", account_key=proxy.storage_key,
                                      permission=BlobSasPermissions(read=True),
                                      expiry=datetime.datetime.utcnow() + datetime.timedelta(hours=1))
        url = f"{proxy.blob_account_url}/{self.container.container_name}/n/03?{signature}"
        self.assertEqual(BlobClient.from_blob_url(url).download_blob().readall(), b"x")
        self.assertEqual(self.container.get_blob_client("n/03").get_blob_properties().blob_type, BlobType.BlockBlob)


if __name__ == "__main__":
    unittest.main()
