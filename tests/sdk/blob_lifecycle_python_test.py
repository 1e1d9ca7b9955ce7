"""azure-storage-blob against the Blob endpoint: what becomes of blobs that are deleted, protected or have an end."""
import datetime
import http.client
import unittest

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.storage.blob import BlobImmutabilityPolicyMode, ContentSettings, ImmutabilityPolicy, RetentionPolicy, StaticWebsite

import clients
import emulator


def setUpModule():
    global server, account
    server = emulator.Emulator("--container-retention", "5")
    account = clients.blobs(server)


def tearDownModule():
    server.stop()


class Case(unittest.TestCase):
    def setUp(self):
        self.container = account.create_container(self.id().rsplit(".", 1)[1].replace("_", "-")[:63])

    def refused(self, code, function, *arguments, **options):
        with self.assertRaises(HttpResponseError) as caught:
            function(*arguments, **options)
        self.assertEqual(caught.exception.error_code, code)

    def listed(self, *include):
        return [(item.name, bool(item.snapshot), bool(item.deleted)) for item in
                self.container.list_blobs(include=list(include))]


class SoftDelete(Case):
    def setUp(self):
        super().setUp()
        account.set_service_properties(delete_retention_policy=RetentionPolicy(enabled=True, days=5))

    def tearDown(self):
        account.set_service_properties(delete_retention_policy=RetentionPolicy(enabled=False))

    def test_a_deleted_blob_comes_back_with_its_snapshots(self):
        blob = self.container.upload_blob("a", b"first", metadata={"k": "v"})
        blob.create_snapshot()
        blob.upload_blob(b"second", overwrite=True)
        blob.delete_blob(delete_snapshots="include")
        with self.assertRaises(ResourceNotFoundError):
            blob.get_blob_properties()
        self.assertEqual(self.listed(), [])
        self.assertEqual(self.listed("deleted"), [("a", False, True)])
        self.assertEqual(self.listed("deleted", "snapshots"), [("a", True, True), ("a", True, True), ("a", False, True)])
        item = next(self.container.list_blobs(include=["deleted"]))
        self.assertEqual(item.remaining_retention_days, 4)
        self.assertIsNotNone(item.deleted_time)
        blob.undelete_blob()
        self.assertEqual(blob.download_blob().readall(), b"second")
        self.assertEqual(self.listed("deleted", "snapshots"),
                         [("a", True, False), ("a", True, False), ("a", False, False)])
        blob.undelete_blob()

    def test_the_policy_is_shown(self):
        policy = account.get_service_properties()["delete_retention_policy"]
        self.assertEqual((policy.enabled, policy.days), (True, 5))


class ContainerSoftDelete(Case):
    def deleted(self, name):
        return [item for item in account.list_containers(include_deleted=True, name_starts_with=name) if item.deleted]

    def test_a_deleted_container_comes_back_with_its_blobs(self):
        name = self.container.container_name
        self.container.upload_blob("a", b"text", metadata={"k": "v"})
        account.delete_container(name)
        with self.assertRaises(ResourceNotFoundError):
            self.container.get_container_properties()
        self.assertEqual([item.name for item in account.list_containers(name_starts_with=name)], [])
        item, = self.deleted(name)
        self.assertEqual(item.name, name)
        restored = account.undelete_container(item.name, item.version)
        self.assertEqual(restored.download_blob("a").readall(), b"text")
        self.assertEqual(restored.get_blob_client("a").get_blob_properties().metadata, {"k": "v"})
        self.assertEqual(self.deleted(name), [])

    def test_its_name_may_be_taken_meanwhile(self):
        name = self.container.container_name
        account.delete_container(name)
        account.create_container(name)
        item, = self.deleted(name)
        self.refused("ContainerAlreadyExists", account.undelete_container, item.name, item.version)
        self.refused("ContainerNotFound", account.undelete_container, item.name, "01D6954592C1FDF6")
        account.delete_container(name)
        self.assertEqual(len(self.deleted(name)), 2)


class Website(Case):
    def visit(self, path):
        address = server.blob_url.split("://")[1]
        connection = http.client.HTTPConnection(address, timeout=10)
        connection.request("GET", path, headers={"Host": f"{server.storage_account}.web.localhost:{address.split(':')[1]}"})
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type"), answer.read()

    def test_it_is_served_to_browsers(self):
        account.set_service_properties(static_website=StaticWebsite(
            enabled=True, index_document="index.html", error_document404_path="404.html"))
        web = account.create_container("$web")
        html = ContentSettings(content_type="text/html")
        for name in ("index.html", "docs/index.html", "404.html"):
            web.upload_blob(name, name.encode(), content_settings=html)
        self.assertEqual(self.visit("/"), (200, "text/html", b"index.html"))
        self.assertEqual(self.visit("/docs/"), (200, "text/html", b"docs/index.html"))
        self.assertEqual(self.visit("/none"), (404, "text/html", b"404.html"))
        account.set_service_properties(static_website=StaticWebsite(enabled=False))
        self.assertEqual(self.visit("/")[0], 404)

    def test_its_settings_are_kept(self):
        account.set_service_properties(static_website=StaticWebsite(
            enabled=True, index_document="index.html", error_document404_path="404.html"))
        shown = account.get_service_properties()["static_website"]
        self.assertEqual((shown.enabled, shown.index_document, shown.error_document404_path),
                         (True, "index.html", "404.html"))
        account.set_service_properties(static_website=StaticWebsite(enabled=False))
        self.assertFalse(account.get_service_properties()["static_website"].enabled)


class Protection(Case):
    def test_a_policy_protects_the_blob(self):
        blob = self.container.upload_blob("a", b"x")
        until = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) + datetime.timedelta(days=1)
        policy = ImmutabilityPolicy(expiry_time=until, policy_mode=BlobImmutabilityPolicyMode.Unlocked)
        answer = blob.set_immutability_policy(policy)
        self.assertEqual(answer["immutability_policy_mode"], "unlocked")
        self.refused("BlobImmutableDueToPolicy", blob.delete_blob)
        self.refused("BlobImmutableDueToPolicy", blob.upload_blob, b"y", overwrite=True)
        shown = blob.get_blob_properties().immutability_policy
        self.assertEqual((shown.policy_mode, shown.expiry_time), ("unlocked", until))
        item = next(self.container.list_blobs(include=["immutabilitypolicy", "legalhold"]))
        self.assertEqual(item.immutability_policy.policy_mode, "unlocked")
        blob.delete_immutability_policy()
        blob.delete_blob()

    def test_a_hold_protects_the_blob(self):
        blob = self.container.upload_blob("a", b"x", legal_hold=True)
        self.assertTrue(blob.get_blob_properties().has_legal_hold)
        self.refused("BlobImmutableDueToLegalHold", blob.delete_blob)
        self.assertTrue(next(self.container.list_blobs(include=["legalhold"])).has_legal_hold)
        blob.set_legal_hold(False)
        self.assertFalse(blob.get_blob_properties().has_legal_hold)
        blob.delete_blob()


class Expiry(Case):
    def test_a_blob_is_given_an_end_and_loses_it(self):
        blob = self.container.upload_blob("a", b"x")
        blob._client.blob.set_expiry("RelativeToNow", expires_on="60000")
        self.assertEqual(blob.download_blob().readall(), b"x")
        blob._client.blob.set_expiry("NeverExpire")


if __name__ == "__main__":
    unittest.main()
