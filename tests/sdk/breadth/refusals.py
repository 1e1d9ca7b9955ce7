"""What is refused, by code and status and the values that help a user."""
import datetime

import requests
from azure.batch import BatchServiceClient, models
from azure.batch.batch_auth import SharedKeyCredentials

import clients

from .case import Case, vm_configuration


def pool(**wanted):
    return models.PoolAddParameter(**{"id": "p", "vm_size": "standard_a1_v2",
                                      "virtual_machine_configuration": vm_configuration(), **wanted})


def job(**wanted):
    return models.JobAddParameter(**{"id": "j", "pool_info": models.PoolInformation(pool_id="shared"), **wanted})


def task(**wanted):
    return models.TaskAddParameter(**{"id": "t", "command_line": "/bin/true", **wanted})


MINUTE = datetime.timedelta(minutes=1)

# what, status, code, values that are told, call(client, names)
REFUSALS = [
    ("a pool that is not there", 404, "PoolNotFound", {}, lambda c, n: c.pool.get("none")),
    ("deleting such a pool", 404, "PoolNotFound", {}, lambda c, n: c.pool.delete("none")),
    ("resizing such a pool", 404, "PoolNotFound", {},
     lambda c, n: c.pool.resize("none", models.PoolResizeParameter(target_dedicated_nodes=1))),
    ("nodes of such a pool", 404, "PoolNotFound", {}, lambda c, n: list(c.compute_node.list("none"))),
    ("a pool that is there already", 409, "PoolExists", {}, lambda c, n: c.pool.add(pool(id="shared"))),
    ("the same in capitals", 409, "PoolExists", {}, lambda c, n: c.pool.add(pool(id="SHARED"))),
    ("a pool's id with a blank", 400, "InvalidPropertyValue", {"PropertyName": "id", "PropertyValue": "my pool"},
     lambda c, n: c.pool.add(pool(id="my pool"))),
    ("a pool's id of 65 characters", 400, "InvalidPropertyValue", {"PropertyName": "id"},
     lambda c, n: c.pool.add(pool(id="x" * 65))),
    ("a negative number of nodes", 400, "InvalidPropertyValue", {"PropertyName": "targetDedicatedNodes"},
     lambda c, n: c.pool.add(pool(target_dedicated_nodes=-1))),
    ("a resize timeout below five minutes", 400, "InvalidPropertyValue", {"PropertyName": "resizeTimeout"},
     lambda c, n: c.pool.add(pool(resize_timeout=MINUTE))),
    ("an empty key of metadata", 400, "EmptyMetadataKey", {},
     lambda c, n: c.pool.add(pool(metadata=[models.MetadataItem(name="", value="v")]))),
    ("a pool of nothing", 400, None, {}, lambda c, n: c.pool.add(pool(virtual_machine_configuration=None))),
    ("an unknown certificate", 400, "InvalidCertificateReferences", {}, lambda c, n: c.pool.add(pool(
        certificate_references=[models.CertificateReference(thumbprint="ab" * 20, thumbprint_algorithm="sha1")]))),
    ("an unknown application", 409, "InvalidApplicationPackageReferences", {}, lambda c, n: c.pool.add(pool(
        application_package_references=[models.ApplicationPackageReference(application_id="nope")]))),
    ("stopping a resize that is not", 409, "OperationInvalidForCurrentState", {}, lambda c, n: c.pool.stop_resize("shared")),
    ("removing an unknown node", 404, "NodeNotFound", {},
     lambda c, n: c.pool.remove_nodes("shared", models.NodeRemoveParameter(node_list=["tvmps_0_d"]))),
    ("an unknown node", 404, "NodeNotFound", {}, lambda c, n: c.compute_node.get("shared", "tvmps_0_d")),
    ("rebooting an unknown node", 404, "NodeNotFound", {}, lambda c, n: c.compute_node.reboot("shared", "tvmps_0_d")),

    ("a job that is not there", 404, "JobNotFound", {}, lambda c, n: c.job.get("none")),
    ("disabling such a job", 404, "JobNotFound", {}, lambda c, n: c.job.disable("none", "requeue")),
    ("a job that is there already", 409, "JobExists", {}, lambda c, n: c.job.add(job(id=n["job"]))),
    ("a priority beyond 1000", 400, "OutOfRangePriority", {}, lambda c, n: c.job.add(job(priority=1001))),
    ("a job without a pool", 400, None, {}, lambda c, n: c.job.add(job(pool_info=models.PoolInformation()))),
    ("enabling an active job", 409, "OperationInvalidForCurrentState", {}, lambda c, n: c.job.enable(n["job"])),

    ("a task that is not there", 404, "TaskNotFound", {}, lambda c, n: c.task.get(n["job"], "none")),
    ("a task of a job that is not there", 404, "JobNotFound", {}, lambda c, n: c.task.add("none", task())),
    ("a task that is there already", 409, "TaskExists", {}, lambda c, n: c.task.add(n["job"], task(id=n["task"]))),
    ("dependencies in a job without", 400, "TaskDependenciesNotSpecifiedOnJob", {}, lambda c, n: c.task.add(
        n["job"], task(depends_on=models.TaskDependencies(task_ids=["a"])))),
    ("an address with a blank", 400, "InvalidPropertyValue", {"PropertyName": "httpUrl"}, lambda c, n: c.task.add(
        n["job"], task(resource_files=[models.ResourceFile(http_url="http://a b/c", file_path="c")]))),
    ("a resource file from two places", 400, "InvalidPropertyValue", {}, lambda c, n: c.task.add(
        n["job"], task(resource_files=[models.ResourceFile(http_url="http://a/c", storage_container_url="http://a/d",
                                                           file_path="c")]))),
    ("terminating a completed task", 409, "TaskCompleted", {}, lambda c, n: c.task.terminate(n["job"], n["task"])),
    ("running a successful task again", 409, "TaskSucceeded", {}, lambda c, n: c.task.reactivate(n["job"], n["task"])),
    ("a file that is not there", 404, "FileNotFound", {},
     lambda c, n: c.file.get_from_task(n["job"], n["task"], "wd/none")),
    ("a file outside the task", 404, "FileNotFound", {},
     lambda c, n: c.file.get_from_task(n["job"], n["task"], "../../../../../etc/passwd")),
    ("deleting a folder with files in it", 409, None, {},
     lambda c, n: c.file.delete_from_task(n["job"], n["task"], "wd")),

    ("a filter that is none", 400, "InvalidQueryParameterValue", {"QueryParameterName": "$filter"},
     lambda c, n: list(c.pool.list(models.PoolListOptions(filter="id is 'x'")))),
    ("a filter on what cannot be filtered", 400, "InvalidQueryParameterValue", {"QueryParameterName": "$filter"},
     lambda c, n: list(c.job.list(models.JobListOptions(filter="priority gt 5")))),
    ("expanding what is not there", 400, "InvalidQueryParameterValue", {"QueryParameterName": "$expand"},
     lambda c, n: c.pool.get("shared", models.PoolGetOptions(expand="nodes"))),
    ("a range that is none", 416, "InvalidRange", {}, lambda c, n: c.file.get_from_task(
        n["job"], n["task"], "stdout.txt", models.FileGetFromTaskOptions(ocp_range="bytes=9999999-"))),
    ("an unknown certificate's page", 404, "CertificateNotFound", {},
     lambda c, n: c.certificate.get("sha1", "ab" * 20)),
    ("a certificate that is none", 400, "InvalidPropertyValue", {"PropertyName": "data"},
     lambda c, n: c.certificate.add(models.CertificateAddParameter(
         thumbprint="ab" * 20, thumbprint_algorithm="sha1", data="bm90aGluZw==", certificate_format="cer"))),
]


class Refusals(Case):
    def test_every_refusal_of_the_table(self):
        job_id = self.new_job()
        names = {"job": job_id, "task": self.add_task(job_id, "/bin/sh -c 'touch kept'")}
        self.completed(job_id, names["task"])
        self.assertGreaterEqual(len(REFUSALS), 30)
        for what, status, code, values, call in REFUSALS:
            with self.subTest(what):
                with self.assertRaises(models.BatchErrorException, msg=f"{what} was taken") as caught:
                    call(self.client, names)
                self.check_refusal(caught.exception, status, code or caught.exception.error.code, values)
                self.assertTrue(caught.exception.error.code)
                self.assertNotIn("worded", caught.exception.error.message.value)

    def test_a_wrong_key_is_refused(self):
        stranger = clients.batch(self.server, key="d3Jvbmcga2V5IHdyb25nIGtleQ==")
        with self.refused(403, "AuthenticationFailed"):
            stranger.pool.get("shared")
        other = BatchServiceClient(SharedKeyCredentials("someone", self.server.batch_key), self.server.batch_url)
        with self.assertRaises(models.BatchErrorException) as caught:
            other.pool.get("shared")
        self.assertEqual(caught.exception.response.status_code, 403, str(caught.exception))

    def test_a_request_of_long_ago_is_refused(self):
        with self.refused(403, "AuthenticationFailed"):
            self.client.pool.get("shared", models.PoolGetOptions(
                ocp_date=datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=20)))

    def answer_to(self, method, path, session=None, **words):
        answer = (session or requests).request(method, self.server.batch_url + path, timeout=20, **words)
        return answer.status_code, (answer.json()["code"] if answer.content else None)

    def test_requests_that_no_sdk_makes(self):
        version = "?api-version=2022-10-01.16.0"
        self.assertEqual(self.answer_to("GET", "/pools"), (400, "MissingRequiredQueryParameter"))
        self.assertEqual(self.answer_to("GET", "/pools?api-version=yesterday"), (400, "InvalidQueryParameterValue"))
        self.assertEqual(self.answer_to("GET", "/pools" + version), (400, "MissingRequiredHeader"))
        self.assertEqual(self.answer_to("GET", "/pools" + version, headers={"Authorization": "Basic eDp5"}),
                         (400, "InvalidAuthenticationInfo"))
        self.assertEqual(self.answer_to("GET", "/pools" + version, headers={"Authorization": "SharedKey nonsense"}),
                         (400, "InvalidAuthenticationInfo"))
        self.assertEqual(self.answer_to("GET", "/pools" + version, headers={
            "Authorization": f"SharedKey {self.server.batch_account}:AAAA", "ocp-date": "Thu, 01 Jan 1970 00:00:00 GMT"}),
            (403, "AuthenticationFailed"))

    def test_signed_requests_that_the_sdk_would_not_send(self):
        version = "?api-version=2022-10-01.16.0"
        json = {"Content-Type": "application/json; odata=minimalmetadata; charset=utf-8"}
        session = SharedKeyCredentials(self.server.batch_account, self.server.batch_key).signed_session()
        job_id = self.new_job("nowhere")
        for method, path, body, status, code in (
                ("GET", f"/pools{version}&maxresults=-5", None, 400, "InvalidQueryParameterValue"),
                ("GET", f"/pools{version}&maxresults=1001", None, 400, "InvalidQueryParameterValue"),
                ("GET", f"/pools{version}&maxresults=ten", None, 400, "InvalidQueryParameterValue"),
                ("GET", f"/puddles{version}", None, 404, "ResourceNotFound"),
                ("PUT", f"/pools{version}", None, 405, "UnsupportedHttpVerb"),
                ("POST", f"/pools{version}", b"{", 400, "InvalidRequestBody"),
                ("POST", f"/pools{version}", b'{"id": "p", "colour": "red"}', 400, "UnsupportedProperty"),
                ("POST", f"/pools{version}", b'{"id": "p"}', 400, "MissingRequiredProperty"),
                ("POST", f"/jobs/{job_id}/disable{version}", b'{"disableTasks": "shrug"}', 400, "InvalidPropertyValue"),
                ("POST", f"/jobs/{job_id}/addtaskcollection{version}", b'{"value": []}', 400, "InvalidPropertyValue"),
                ("GET", f"/jobs/{job_id}{version}&$select=colour", None, 400, "InvalidQueryParameterValue")):
            with self.subTest(f"{method} {path} {body}"):
                # Requests sends a generator's body in chunks, which no signature covers; these are whole.
                self.assertEqual(self.answer_to(method, path, session, data=body, headers=json if body else None),
                                 (status, code))
