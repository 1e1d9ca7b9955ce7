"""HTTPS with the certificate that `start --tls` makes: REQUESTS_CA_BUNDLE is all that a Python program needs."""
import base64
import datetime
import hashlib
import os
import subprocess
import sys
import unittest

import requests
from azure.batch import models
from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobBlock, CustomerProvidedEncryptionKey, generate_blob_sas

import clients
import emulator

PROGRAM = """
import sys
from azure.batch import models
import clients, types
server = types.SimpleNamespace(**dict(word.split("=", 1) for word in sys.argv[1:]))
batch = clients.batch(server)
batch.job.add(models.JobAddParameter(id="secret", pool_info=models.PoolInformation(pool_id="nowhere")))
print(batch.job.get("secret").url)
container = clients.blobs(server).create_container("sec")
container.upload_blob("b", b"x" * 300000)
print(len(container.download_blob("b").readall()))
"""


class Https(unittest.TestCase):
    def setUp(self):
        self.server = emulator.Emulator("--tls")
        self.addCleanup(self.server.stop)

    def run_program(self, **variables):
        words = [f"{name}={getattr(self.server, name)}" for name in (
            "batch_account", "batch_key", "batch_url", "blob_account_url", "storage_key")]
        without = {name: value for name, value in os.environ.items() if name not in (
            "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE")}
        return subprocess.run([sys.executable, "-W", "ignore", "-c", PROGRAM, *words], text=True, capture_output=True,
                              cwd=os.path.dirname(os.path.abspath(__file__)), env={**without, **variables})

    def test_both_services_are_reached_by_https_by_who_knows_the_authority(self):
        self.assertTrue(self.server.batch_url.startswith("https://"), self.server.batch_url)
        self.assertTrue(self.server.blob_url.startswith("https://"), self.server.blob_url)
        done = self.run_program(REQUESTS_CA_BUNDLE=self.server.authority)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, f"{self.server.batch_url}/jobs/secret\n300000\n")

    def test_tasks_stage_their_files_over_https(self):
        os.environ["REQUESTS_CA_BUNDLE"] = self.server.authority
        self.addCleanup(os.environ.pop, "REQUESTS_CA_BUNDLE")
        batch, blobs = clients.batch(self.server), clients.blobs(self.server)
        blobs.create_container("inputs").upload_blob("in.txt", b"over https")
        token = generate_blob_sas(self.server.storage_account, "inputs", "in.txt", account_key=self.server.storage_key,
                                  permission="r", expiry=datetime.datetime.utcnow() + datetime.timedelta(hours=1))
        url = blobs.get_blob_client("inputs", "in.txt").url + "?" + token
        self.assertEqual(requests.get(url, timeout=10).content, b"over https")
        batch.pool.add(models.PoolAddParameter(
            id="p", vm_size="small", target_dedicated_nodes=1,
            virtual_machine_configuration=models.VirtualMachineConfiguration(
                image_reference=models.ImageReference(publisher="canonical", offer="0001-com-ubuntu-server-focal",
                                                      sku="20_04-lts"), node_agent_sku_id="batch.node.ubuntu 20.04")))
        batch.job.add(models.JobAddParameter(id="j", pool_info=models.PoolInformation(pool_id="p")))
        batch.task.add("j", models.TaskAddParameter(id="t", command_line="cat in.txt", resource_files=[
            models.ResourceFile(http_url=url, file_path="in.txt")]))
        task = emulator.eventually(lambda: (lambda seen: seen if seen.state == "completed" else None)(
            batch.task.get("j", "t")), "the task is completed")
        self.assertEqual(task.execution_info.result, "success", task.execution_info.failure_info)
        self.assertEqual(b"".join(batch.file.get_from_task("j", "t", "stdout.txt")), b"over https")

    def test_a_key_of_the_client_s_is_asked_for_again(self):
        os.environ["REQUESTS_CA_BUNDLE"] = self.server.authority
        self.addCleanup(os.environ.pop, "REQUESTS_CA_BUNDLE")
        container = clients.blobs(self.server).create_container("keys")
        keys = [CustomerProvidedEncryptionKey(base64.b64encode(raw).decode(),
                                              base64.b64encode(hashlib.sha256(raw).digest()).decode())
                for raw in (b"k" * 32, b"other" + b"k" * 27)]
        blob = container.upload_blob("b", b"secret", cpk=keys[0])
        self.assertEqual(blob.download_blob(cpk=keys[0]).readall(), b"secret")
        self.assertEqual(blob.get_blob_properties(cpk=keys[0]).encryption_key_sha256, keys[0].key_hash)
        self.assertTrue(blob.exists())
        for options, code in (({}, "BlobUsesCustomerSpecifiedEncryption"),
                              ({"cpk": keys[1]}, "BlobCustomerSpecifiedEncryptionMismatch")):
            with self.assertRaises(ResourceExistsError) as caught:
                blob.download_blob(**options)
            self.assertEqual(caught.exception.error_code, code)
        # In blocks, each with the key.
        blob = container.get_blob_client("blocks")
        blob.stage_block("1", b"one", cpk=keys[0])
        with self.assertRaises(ResourceExistsError):
            blob.stage_block("2", b"two", cpk=keys[1])
        blob.commit_block_list([BlobBlock("1")], cpk=keys[0])
        self.assertEqual(blob.download_blob(cpk=keys[0]).readall(), b"one")
        blob.set_blob_metadata({"k": "v"}, cpk=keys[0])
        blob.delete_blob()

    def test_who_does_not_know_the_authority_refuses_to_talk(self):
        with self.assertRaises(requests.exceptions.SSLError) as caught:
            requests.get(self.server.batch_url, timeout=10, verify="/etc/ssl/certs/ca-certificates.crt")
        self.assertIn("CERTIFICATE_VERIFY_FAILED", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
