"""`start --backend azure`: unmodified clients of an emulator that passes everything on to other accounts (here a second
emulator's, with names and keys of their own) and records it. No recorded file may tell a key or a signature."""
import base64
import datetime
import os
import re
import tempfile
import unittest

import azure.batch.models as models
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobClient, BlobSasPermissions, BlobServiceClient, generate_blob_sas

import clients
import emulator

ACCOUNT, STORAGE = "realbatch", "realstorage"
KEY = base64.b64encode(b"the key of the real Batch account").decode()
STORAGE_KEY = base64.b64encode(b"the key of the real storage account").decode()
PASSWORD = "Pa55w0rd-of-a-user"


def setUpModule():
    global real, proxy, recorded
    recorded = tempfile.TemporaryDirectory(prefix="batchite-recorded-")
    real = emulator.Emulator("--batch-account", ACCOUNT, "--batch-key", KEY, "--accounts", f"{STORAGE}:{STORAGE_KEY}")
    proxy = emulator.Emulator("--backend", "azure", "--batch-endpoint", real.batch_url, "--storage-endpoint",
                              f"{real.blob_url}/{STORAGE}", "--record", recorded.name,
                              environment={"AZURE_BATCH_ACCOUNT": ACCOUNT, "AZURE_BATCH_ACCESS_KEY": KEY,
                                           "AZURE_STORAGE_ACCOUNT": STORAGE, "AZURE_STORAGE_KEY": STORAGE_KEY})


def tearDownModule():
    proxy.stop()
    real.stop()
    recorded.cleanup()


def signed(container, blob):
    """As a client of the emulator makes it, with the emulator's key."""
    signature = generate_blob_sas(proxy.storage_account, container, blob, account_key=proxy.storage_key,
                                  permission=BlobSasPermissions(read=True),
                                  expiry=datetime.datetime.utcnow() + datetime.timedelta(hours=1))
    return f"{proxy.blob_account_url}/{container}/{blob}?{signature}"


class Proxy(unittest.TestCase):
    def test_1_blobs_go_to_the_other_account(self):
        blobs = clients.blobs(proxy)
        container = blobs.create_container("data")
        content = os.urandom(3_000_000)
        container.upload_blob("big", content, max_concurrency=2)
        container.upload_blob("folder/small name", b"hello")
        self.assertEqual(container.download_blob("big").readall(), content)
        self.assertEqual([blob.name for blob in container.list_blobs()], ["big", "folder/small name"])
        container.get_blob_client("copy").start_copy_from_url(f"{proxy.blob_account_url}/data/folder/small%20name")
        self.assertEqual(container.download_blob("copy").readall(), b"hello")
        self.assertEqual(BlobClient.from_blob_url(signed("data", "copy")).download_blob().readall(), b"hello")
        container.delete_blob("copy")
        with self.assertRaises(HttpResponseError) as missing:
            container.download_blob("copy")
        self.assertEqual(missing.exception.error_code, "BlobNotFound")
        there = BlobServiceClient(f"{real.blob_url}/{STORAGE}", credential=STORAGE_KEY)
        self.assertEqual([one.name for one in there.list_containers()], ["data"])
        self.assertEqual(there.get_blob_client("data", "big").download_blob().readall(), content)

    def test_2_work_is_done_by_the_other_account(self):
        batch = clients.batch(proxy)
        machine = models.VirtualMachineConfiguration(
            image_reference=models.ImageReference(publisher="canonical", offer="0001-com-ubuntu-server-jammy",
                                                  sku="22_04-lts"),
            node_agent_sku_id="batch.node.ubuntu 22.04")
        batch.pool.add(models.PoolAddParameter(
            id="p", vm_size="standard_d2s_v3", virtual_machine_configuration=machine, target_dedicated_nodes=1,
            user_accounts=[models.UserAccount(name="worker", password=PASSWORD)]))
        batch.job.add(models.JobAddParameter(id="j", pool_info=models.PoolInformation(pool_id="p")))
        source = models.ResourceFile(http_url=signed("data", "folder/small name"), file_path="input")
        batch.task.add_collection("j", [models.TaskAddParameter(id=f"t{number}", command_line="cat input",
                                                                resource_files=[source]) for number in range(3)])
        emulator.eventually(lambda: batch.job.get_task_counts("j").task_counts.completed == 3, "the tasks are done")
        self.assertEqual(batch.job.get_task_counts("j").task_counts.succeeded, 3)
        self.assertEqual(b"".join(batch.file.get_from_task("j", "t1", "stdout.txt")), b"hello")
        page = models.TaskListOptions(max_results=1)
        tasks = list(batch.task.list("j", page))  # follows nextLink
        self.assertEqual([task.id for task in tasks], ["t0", "t1", "t2"])
        for task in tasks:
            self.assertTrue(task.url.startswith(f"{proxy.batch_url}/jobs/j/tasks/"), task.url)
        with self.assertRaises(models.BatchErrorException) as missing:
            batch.job.get("none")
        self.assertEqual(missing.exception.error.code, "JobNotFound")
        with self.assertRaises(models.BatchErrorException) as refused:
            clients.batch(proxy, base64.b64encode(b"wrong").decode()).job.get("j")
        self.assertEqual(refused.exception.response.status_code, 403)
        batch.job.delete("j")
        batch.pool.delete("p")
        emulator.eventually(lambda: not list(batch.pool.list()), "the pool is gone")

    def test_3_what_was_said_is_recorded_without_secrets(self):
        texts = {}
        for name in os.listdir(recorded.name):
            with open(os.path.join(recorded.name, name)) as file:
                texts[name] = file.read()
        operations = {name.split(".")[0] for name in texts}
        self.assertLessEqual({"Pool_Add", "Job_Add", "Task_AddCollection", "Task_List", "Job_Get", "PutBlob", "GetBlob",
                              "ListBlobs", "CopyBlob", "CreateContainer"}, operations)
        secrets = [KEY, STORAGE_KEY, PASSWORD, proxy.batch_key, proxy.storage_key, "SharedKey"]
        for name, text in texts.items():
            self.assertRegex(text, r"(?s)\A# Recorded\.\n### request\n[A-Z]+ /.*### answer\nHTTP/1\.1 \d{3}\n", name)
            for secret in secrets:
                self.assertNotIn(secret, text, name)
            for signature in re.findall(r"sig(?:=|%3D)([^&\s\"<]*)", text):
                self.assertEqual(signature, "{{secret}}", name)
            self.assertNotIn(ACCOUNT, text.replace("realbatch-", ""), name)
            self.assertNotIn(real.batch_url, text, name)


if __name__ == "__main__":
    unittest.main()
