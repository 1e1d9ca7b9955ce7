"""A job manager in Python: with the token of its task it adds tasks to its own job, waits for them, and can do nothing
else; when it ends, so does the job."""
import datetime
import io
import sys
import unittest

from azure.batch import BatchServiceClient, models
from msrest.authentication import BasicTokenAuthentication

import clients
import emulator
from breadth import case
from emulator import eventually

MANAGER = '''
import os, time
from azure.batch import BatchServiceClient, models
from msrest.authentication import BasicTokenAuthentication

token = os.environ["AZ_BATCH_AUTHENTICATION_TOKEN"]
client = BatchServiceClient(BasicTokenAuthentication({"access_token": token}),
                            batch_url=os.environ["AZ_BATCH_ACCOUNT_URL"])
job = os.environ["AZ_BATCH_JOB_ID"]
with open("token", "w") as file:
    file.write(token)
client.task.add_collection(job, [models.TaskAddParameter(id=f"part{n}", command_line=f"/bin/sh -c 'echo {n}'")
                                 for n in range(3)])
while any(task.state != "completed" for task in client.task.list(job) if task.id != os.environ["AZ_BATCH_TASK_ID"]):
    time.sleep(0.02)
for n in range(3):
    print(b"".join(client.file.get_from_task(job, f"part{n}", "stdout.txt")).decode(), end="")
for refused in (lambda: client.job.get("other"), lambda: list(client.pool.list()), lambda: list(client.job.list()),
                lambda: client.task.add("other", models.TaskAddParameter(id="t", command_line="true"))):
    try:
        refused()
        print("allowed")
    except models.BatchErrorException as refusal:
        print(refusal.response.status_code, refusal.error.code)
'''


class JobManager(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = emulator.Emulator()
        cls.client = clients.batch(cls.server)
        cls.client.pool.add(models.PoolAddParameter(
            id="p", vm_size="STANDARD_D2_v3", virtual_machine_configuration=case.vm_configuration(),
            target_dedicated_nodes=2))
        cls.client.job.add(models.JobAddParameter(id="other", pool_info=models.PoolInformation(pool_id="p")))

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def script_url(self):
        container = clients.blobs(self.server).get_container_client("scripts")
        if not container.exists():
            container.create_container()
        container.upload_blob("manager.py", io.BytesIO(MANAGER.encode()), overwrite=True)
        return f"{self.server.blob_account_url}/scripts/manager.py?{self.read_signature('manager.py')}"

    def read_signature(self, blob):
        from azure.storage.blob import BlobSasPermissions, generate_blob_sas
        return generate_blob_sas(self.server.storage_account, "scripts", blob, account_key=self.server.storage_key,
                                 permission=BlobSasPermissions(read=True),
                                 expiry=datetime.datetime.utcnow() + datetime.timedelta(hours=1))

    def text(self, job, task, path):
        return b"".join(self.client.file.get_from_task(job, task, path)).decode()

    def test_it_makes_the_tasks_of_its_job_and_ends_it(self):
        self.client.job.add(models.JobAddParameter(
            id="j", pool_info=models.PoolInformation(pool_id="p"),
            job_manager_task=models.JobManagerTask(
                id="manager", command_line=f"{sys.executable} manager.py",
                resource_files=[models.ResourceFile(http_url=self.script_url(), file_path="manager.py")],
                authentication_token_settings=models.AuthenticationTokenSettings(access=["job"]))))
        job = eventually(lambda: (job := self.client.job.get("j")).state == "completed" and job, "job j is completed")
        manager = self.client.task.get("j", "manager")
        self.assertEqual(manager.execution_info.exit_code, 0, self.text("j", "manager", "stderr.txt"))
        self.assertEqual(job.execution_info.terminate_reason, "JMComplete")
        self.assertIs(job.job_manager_task.run_exclusive, True)
        self.assertEqual(self.text("j", "manager", "stdout.txt"), "0\n1\n2\n" + "403 Forbidden\n" * 4)
        self.assertEqual([task.id for task in self.client.task.list("j")], ["manager", "part0", "part1", "part2"])
        self.assertEqual(manager.authentication_token_settings.access, ["job"])
        late = BatchServiceClient(BasicTokenAuthentication({"access_token": self.text("j", "manager", "wd/token")}),
                                  batch_url=self.server.batch_url)
        with self.assertRaises(models.BatchErrorException) as refused:
            late.job.get("j")
        self.assertEqual((refused.exception.response.status_code, refused.exception.error.code),
                         (401, "AuthenticationFailed"))


if __name__ == "__main__":
    unittest.main()
