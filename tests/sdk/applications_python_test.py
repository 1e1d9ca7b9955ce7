"""An application made through Resource Manager's own client, and what nodes and tasks of the Batch client do with it."""
import io
import json
import unittest
import urllib.parse
import urllib.request
import zipfile

from azure.batch import models
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.batch import BatchManagementClient
from azure.storage.blob import BlobClient

import clients
import emulator
from breadth import case

GROUP = "any-group"


class Token(SansIOHTTPPolicy):
    """A token from the emulator's own endpoint. The client's policy for that refuses plain HTTP."""

    def __init__(self, batch_url):
        form = {"grant_type": "client_credentials", "client_id": "any", "client_secret": "any",
                "scope": "https://management.azure.com/.default"}
        with urllib.request.urlopen(f"{batch_url}/any-tenant/oauth2/v2.0/token",
                                    urllib.parse.urlencode(form).encode()) as answer:
            self.token = json.load(answer)["access_token"]

    def on_request(self, request):
        request.http_request.headers["Authorization"] = f"Bearer {self.token}"


class Applications(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = emulator.Emulator("--auth", "strict")
        cls.account = cls.server.batch_account
        cls.management = BatchManagementClient(
            object(), "11111111-2222-3333-4444-555555555555", base_url=cls.server.batch_url,
            authentication_policy=Token(cls.server.batch_url))
        cls.batch = clients.batch(cls.server)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def add(self, name, version, files):
        """As `az batch application package create` does it."""
        self.management.application.create(GROUP, self.account, name)
        package = self.management.application_package.create(GROUP, self.account, name, version)
        self.assertEqual(package.state, "Pending")
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, text in files.items():
                info = zipfile.ZipInfo(path)
                info.external_attr = 0o100755 << 16
                archive.writestr(info, text)
        with BlobClient.from_blob_url(package.storage_url) as blob:
            blob.upload_blob(content.getvalue(), overwrite=True)
        active = self.management.application_package.activate(GROUP, self.account, name, version, {"format": "zip"})
        self.assertEqual((active.state, active.format, active.name), ("Active", "zip", version))

    def pool(self, pool_id, **wanted):
        self.batch.pool.add(models.PoolAddParameter(
            id=pool_id, vm_size="standard_a1_v2", virtual_machine_configuration=case.vm_configuration(),
            target_dedicated_nodes=1, **wanted))
        self.addCleanup(self.batch.pool.delete, pool_id)
        self.batch.job.add(models.JobAddParameter(id=pool_id, pool_info=models.PoolInformation(pool_id=pool_id)))
        self.addCleanup(self.batch.job.delete, pool_id)

    def output_of(self, job_id, command_line, **wanted):
        self.batch.task.add(job_id, models.TaskAddParameter(
            id="t", command_line=f"/bin/sh -c '{command_line}'", **wanted))

        def completed():
            task = self.batch.task.get(job_id, "t")
            return task if task.state == "completed" else None
        task = emulator.eventually(completed, f"task of {job_id} is completed")
        return task, b"".join(self.batch.file.get_from_task(job_id, "t", "stdout.txt")).decode()

    def test_a_task_runs_the_program_of_its_pools_package(self):
        self.add("Greeter", "1.2", {"bin/greet": "#!/bin/sh\necho hello $1\n"})
        self.management.application.update(GROUP, self.account, "Greeter",
                                           {"default_version": "1.2", "display_name": "Says hello"})
        application = self.management.application.get(GROUP, self.account, "greeter")
        self.assertEqual((application.default_version, application.display_name, application.allow_updates),
                         ("1.2", "Says hello", True))
        self.assertIn("Greeter", [one.name for one in self.management.application.list(GROUP, self.account)])
        seen = self.batch.application.get("greeter")
        self.assertEqual((seen.id, seen.display_name, seen.versions), ("Greeter", "Says hello", ["1.2"]))
        reference = models.ApplicationPackageReference
        self.pool("default", application_package_references=[reference(application_id="Greeter")])
        self.assertEqual(self.output_of("default", "$AZ_BATCH_APP_PACKAGE_greeter/bin/greet pool")[1], "hello pool\n")
        self.pool("versioned", application_package_references=[reference(application_id="Greeter", version="1.2")])
        self.assertEqual(self.output_of("versioned", "$AZ_BATCH_APP_PACKAGE_greeter_1_2/bin/greet it")[1], "hello it\n")

    def test_a_task_brings_its_own_package(self):
        self.add("tool", "7", {"run": "#!/bin/sh\necho seven\n"})
        self.pool("bare")
        _, output = self.output_of("bare", "$AZ_BATCH_APP_PACKAGE_tool_7/run", application_package_references=[
            models.ApplicationPackageReference(application_id="tool", version="7")])
        self.assertEqual(output, "seven\n")

    def test_a_reference_that_leads_nowhere_is_refused(self):
        self.add("known", "1", {"file": "x"})
        for application, version, key, reason in [
                ("unknown", None, "unknown", "does not exist."),
                ("known", "2", "known:2", "does not exist."),
                ("known", None, "known", "does not have a default version set.")]:
            with self.assertRaises(models.BatchErrorException) as caught:
                self.pool("refused", application_package_references=[
                    models.ApplicationPackageReference(application_id=application, version=version)])
            error = caught.exception.error
            self.assertEqual((caught.exception.response.status_code, error.code),
                             (409, "InvalidApplicationPackageReferences"))
            self.assertEqual([(value.key, value.value) for value in error.values],
                             [(key, "The specified application package " + reason)])

    def test_what_is_not_there_is_not_found(self):
        application = self.management.application
        package = self.management.application_package
        with self.assertRaises(ResourceNotFoundError) as caught:
            application.get(GROUP, self.account, "none")
        self.assertEqual(caught.exception.error.code, "ApplicationNotFound")
        application.create(GROUP, self.account, "empty", {"allow_updates": False})
        with self.assertRaises(ResourceNotFoundError):
            package.get(GROUP, self.account, "empty", "1")
        package.create(GROUP, self.account, "empty", "1")
        with self.assertRaises(HttpResponseError) as caught:
            package.activate(GROUP, self.account, "empty", "1", {"format": "zip"})
        self.assertEqual(caught.exception.status_code, 409, "nothing was uploaded")
        self.assertEqual([one.state for one in package.list(GROUP, self.account, "empty")], ["Pending"])
        application.update(GROUP, self.account, "empty", {"allow_updates": True})
        package.delete(GROUP, self.account, "empty", "1")
        application.delete(GROUP, self.account, "empty")
        application.delete(GROUP, self.account, "empty")

    def test_the_account_and_its_keys_are_told(self):
        account = self.management.batch_account.get(GROUP, self.account)
        self.assertEqual(f"http://{account.account_endpoint}", self.server.batch_url)
        self.assertEqual(account.provisioning_state, "Succeeded")
        self.assertTrue(account.auto_storage.storage_account_id.endswith("/" + self.server.storage_account))
        self.assertEqual(self.management.batch_account.get_keys(GROUP, self.account).primary, self.server.batch_key)
        self.assertEqual([one.name for one in self.management.batch_account.list()], [self.account])


if __name__ == "__main__":
    unittest.main()
