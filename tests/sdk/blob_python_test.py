"""azure-storage-blob against the Blob endpoint: what the service has beyond plain uploads and downloads."""
import base64
import datetime
import os
import unittest

from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import (AccessPolicy, BlobClient, BlobServiceClient, BlobType, ContainerClient,
                                ContainerSasPermissions, CorsRule, SequenceNumberAction, generate_account_sas,
                                generate_blob_sas, generate_container_sas)

import clients
import emulator


def setUpModule():
    global server, account
    server = emulator.Emulator()
    account = clients.blobs(server)


def tearDownModule():
    server.stop()


class Case(unittest.TestCase):
    def setUp(self):
        self.container = account.create_container(self.id().rsplit(".", 1)[1].replace("_", "-")[:63])

    def refused(self, status, code):
        """Fails unless the block raises the service's error of that status and code."""
        return Refused(self, status, code)

    def put(self, name, data=b"hello", **options):
        return self.container.upload_blob(name, data, **options)


class Refused:
    def __init__(self, case, status, code):
        self.case, self.status, self.code = case, status, code

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if not isinstance(error, HttpResponseError):
            self.case.fail(f"expected {self.status} {self.code}, got {error!r}")
        self.case.assertEqual((error.status_code, error.error_code), (self.status, self.code))
        return True


class Leases(Case):
    def test_a_leased_blob_is_written_by_its_holder_only(self):
        blob = self.put("a")
        lease = blob.acquire_lease(lease_duration=15)
        self.assertEqual(blob.get_blob_properties().lease.state, "leased")
        with self.refused(412, "LeaseIdMissing"):
            blob.upload_blob(b"x", overwrite=True)
        blob.upload_blob(b"mine", overwrite=True, lease=lease)
        self.assertEqual(blob.download_blob().readall(), b"mine")
        lease.renew()
        lease.change("11111111-2222-3333-4444-555555555555")
        with self.refused(409, "LeaseAlreadyPresent"):
            blob.acquire_lease()
        lease.release()
        blob.delete_blob()

    def test_a_container_is_kept_by_its_lease(self):
        lease = self.container.acquire_lease()
        with self.refused(412, "LeaseIdMissing"):
            self.container.delete_container()
        self.assertEqual(lease.break_lease(), 0)
        self.container.delete_container()


class Snapshots(Case):
    def test_a_snapshot_stays_and_can_be_brought_back(self):
        blob = self.put("a", b"first", metadata={"k": "v"})
        taken = blob.create_snapshot()
        blob.upload_blob(b"second", overwrite=True)
        snapshot = self.container.get_blob_client("a", snapshot=taken)
        self.assertEqual(snapshot.download_blob().readall(), b"first")
        self.assertEqual(snapshot.get_blob_properties().metadata, {"k": "v"})
        listed = [(item.name, item.snapshot) for item in self.container.list_blobs(include=["snapshots"])]
        self.assertEqual(listed, [("a", taken["snapshot"]), ("a", None)])
        blob.start_copy_from_url(snapshot.url)
        self.assertEqual(blob.download_blob().readall(), b"first")
        with self.refused(409, "SnapshotsPresent"):
            blob.delete_blob()
        blob.delete_blob(delete_snapshots="include")
        self.assertEqual(list(self.container.list_blobs(include=["snapshots"])), [])


class AppendBlobs(Case):
    def test_blocks_are_added_at_the_end(self):
        blob = self.container.get_blob_client("log")
        blob.create_append_blob()
        self.assertEqual(blob.append_block(b"one,")["blob_append_offset"], "0")
        blob.append_block(b"two", appendpos_condition=4)
        with self.refused(412, "AppendPositionConditionNotMet"):
            blob.append_block(b"x", appendpos_condition=4)
        self.assertEqual(blob.download_blob().readall(), b"one,two")
        properties = blob.get_blob_properties()
        self.assertEqual((properties.blob_type, properties.append_blob_committed_block_count), (BlobType.AppendBlob, 2))
        blob.seal_append_blob()
        with self.refused(409, "BlobIsSealed"):
            blob.append_block(b"x")

    def test_an_upload_goes_on_where_the_last_ended(self):
        for part in (b"a" * 100_000, b"b" * 5_000_000):
            self.container.upload_blob("log", part, blob_type=BlobType.AppendBlob)
        data = self.container.download_blob("log").readall()
        self.assertEqual((len(data), data[:1], data[-1:]), (5_100_000, b"a", b"b"))


class PageBlobs(Case):
    def test_pages_are_written_cleared_and_listed(self):
        blob = self.container.get_blob_client("disk")
        blob.create_page_blob(4096, content_settings=None)
        blob.upload_page(b"x" * 1024, offset=512, length=1024)
        blob.clear_page(offset=512, length=512)
        self.assertEqual(blob.get_page_ranges()[0], [{"start": 1024, "end": 1535}])
        self.assertEqual(blob.download_blob().readall(), bytes(1024) + b"x" * 512 + bytes(2560))
        blob.set_sequence_number(SequenceNumberAction.Update, "7")
        blob.resize_blob(1536)
        properties = blob.get_blob_properties()
        self.assertEqual((properties.size, properties.page_blob_sequence_number), (1536, 7))
        with self.refused(412, "SequenceNumberConditionNotMet"):
            blob.upload_page(b"x" * 512, offset=0, length=512, if_sequence_number_lt=7)


def later(**delta):
    return datetime.datetime.utcnow() + datetime.timedelta(**(delta or {"hours": 1}))


class Access(Case):
    def test_a_stored_policy_gives_and_takes_what_a_signature_may_do(self):
        self.put("a")
        self.container.set_container_access_policy(
            {"readers": AccessPolicy(permission=ContainerSasPermissions(read=True, list=True), expiry=later())})
        policies = self.container.get_container_access_policy()
        self.assertEqual([(policy.id, policy.access_policy.permission) for policy in policies["signed_identifiers"]],
                         [("readers", "rl")])
        token = generate_container_sas(server.storage_account, self.container.container_name,
                                       account_key=server.storage_key, policy_id="readers")
        reader = ContainerClient.from_container_url(self.container.url + "?" + token)
        self.assertEqual([item.name for item in reader.list_blobs()], ["a"])
        self.assertEqual(reader.download_blob("a").readall(), b"hello")
        with self.refused(403, "AuthorizationPermissionMismatch"):
            reader.upload_blob("b", b"x")
        self.container.set_container_access_policy({})
        with self.refused(403, "AuthenticationFailed"):
            list(reader.list_blobs())

    def test_a_public_container_is_read_by_anybody(self):
        self.put("a")
        anybody = ContainerClient.from_container_url(self.container.url)
        with self.refused(401, "NoAuthenticationInformation"):
            anybody.download_blob("a")
        self.container.set_container_access_policy({}, public_access="blob")
        self.assertEqual(anybody.download_blob("a").readall(), b"hello")
        with self.refused(401, "NoAuthenticationInformation"):
            list(anybody.list_blobs())
        self.container.set_container_access_policy({}, public_access="container")
        self.assertEqual([item.name for item in anybody.list_blobs()], ["a"])
        with self.refused(401, "NoAuthenticationInformation"):
            anybody.upload_blob("b", b"x")

    def test_a_signature_for_a_snapshot_opens_that_snapshot(self):
        blob = self.put("a", b"first")
        taken = blob.create_snapshot()["snapshot"]
        blob.upload_blob(b"second", overwrite=True)
        token = generate_blob_sas(server.storage_account, self.container.container_name, "a", snapshot=taken,
                                  account_key=server.storage_key, permission="r", expiry=later())
        url = f"{blob.url}?snapshot={taken}&{token}"
        self.assertEqual(BlobClient.from_blob_url(url).download_blob().readall(), b"first")
        with self.refused(403, "AuthenticationFailed"):
            BlobClient.from_blob_url(f"{blob.url}?{token}").download_blob()

    def test_an_account_signature_reaches_what_it_names(self):
        token = generate_account_sas(server.storage_account, server.storage_key, "sco", "rwdlac", later())
        service = BlobServiceClient(server.blob_account_url, credential=token)
        self.assertIn(self.container.container_name, [item.name for item in service.list_containers()])
        only_objects = generate_account_sas(server.storage_account, server.storage_key, "o", "rwdlac", later())
        with self.refused(403, "AuthorizationResourceTypeMismatch"):
            list(BlobServiceClient(server.blob_account_url, credential=only_objects).list_containers())


class Tags(Case):
    def test_blobs_are_found_by_their_tags(self):
        self.put("a", tags={"state": "new", "n": "1"})
        blob = self.put("b", tags={"state": "old"})
        self.assertEqual(blob.get_blob_tags(), {"state": "old"})
        blob.set_blob_tags({"state": "new", "n": "2"})
        found = self.container.find_blobs_by_tags("\"state\"='new' AND \"n\">'1'")
        self.assertEqual([item.name for item in found], ["b"])
        name = self.container.container_name
        found = account.find_blobs_by_tags(f"@container='{name}' AND \"state\"='new'")
        self.assertEqual([item.name for item in found], ["a", "b"])
        with self.refused(412, "ConditionNotMet"):
            blob.delete_blob(if_tags_match_condition="\"n\"='3'")
        listed = next(iter(self.container.list_blobs(include=["tags"])))
        self.assertEqual(listed.tags, {"state": "new", "n": "1"})


class Tiers(Case):
    def test_an_archived_blob_comes_back(self):
        blob = self.put("a")
        blob.set_standard_blob_tier("Archive")
        with self.refused(409, "BlobArchived"):
            blob.download_blob()
        blob.set_standard_blob_tier("Cool")
        self.assertEqual(blob.get_blob_properties().blob_tier, "Cool")
        self.assertEqual(blob.download_blob().readall(), b"hello")


class FromUrls(Case):
    def test_content_comes_from_other_blobs(self):
        source = self.put("source", b"0123456789")
        token = generate_blob_sas(server.storage_account, self.container.container_name, "source",
                                  account_key=server.storage_key, permission="r", expiry=later())
        url = f"{source.url}?{token}"
        blob = self.container.get_blob_client("whole")
        blob.upload_blob_from_url(url)
        self.assertEqual(blob.download_blob().readall(), b"0123456789")
        blocks = self.container.get_blob_client("blocks")
        blocks.stage_block_from_url("YQ==", url, source_offset=2, source_length=3)
        blocks.commit_block_list(["YQ=="])
        self.assertEqual(blocks.download_blob().readall(), b"234")
        copy = self.container.get_blob_client("copy")
        self.assertEqual(copy.start_copy_from_url(url, requires_sync=True)["copy_status"], "success")
        with self.refused(409, "NoPendingCopyOperation"):
            copy.abort_copy(copy.get_blob_properties().copy.id)


class Batches(Case):
    def test_many_are_deleted_at_once(self):
        for name in ("a", "b", "c"):
            self.put(name)
        answers = list(self.container.delete_blobs("a", "b", "missing", raise_on_any_failure=False))
        self.assertEqual([answer.status_code for answer in answers], [202, 202, 404])
        self.assertEqual([item.name for item in self.container.list_blobs()], ["c"])
        answers = list(self.container.set_standard_blob_tier_blobs("Cool", "c"))
        self.assertEqual([answer.status_code for answer in answers], [200])


class Service(unittest.TestCase):
    def test_properties_are_kept(self):
        account.set_service_properties(cors=[CorsRule(["http://a"], ["GET"], max_age_in_seconds=60)])
        properties = account.get_service_properties()
        self.assertEqual([rule.allowed_origins for rule in properties["cors"]], ["http://a"])
        self.assertFalse(properties["delete_retention_policy"].enabled)
        account.set_service_properties(cors=[])
        self.assertEqual(account.get_service_properties()["cors"], [])
        self.assertEqual(account.get_account_information()["account_kind"], "StorageV2")


class Token:
    """A credential whose tokens nobody signed, as `--auth lenient` takes them."""

    def get_token(self, *scopes, **options):
        import json
        claims = {"oid": "11111111-1111-1111-1111-111111111111", "tid": "22222222-2222-2222-2222-222222222222",
                  "exp": 4102444800, "nbf": 0, "aud": "https://storage.azure.com"}
        parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
                 for part in ({"alg": "none", "typ": "JWT"}, claims)]
        return AccessToken(".".join(parts + ["c2ln"]), 4102444800)


class Delegation(unittest.TestCase):
    def test_a_key_for_a_token_signs_for_what_it_may(self):
        secure = emulator.Emulator("--tls")
        self.addCleanup(secure.stop)
        os.environ["REQUESTS_CA_BUNDLE"] = secure.authority
        self.addCleanup(os.environ.pop, "REQUESTS_CA_BUNDLE")
        service = BlobServiceClient(secure.blob_account_url, credential=Token())
        blob = service.create_container("data").upload_blob("a", b"hello")
        key = service.get_user_delegation_key(later(minutes=-5), later(hours=2))
        self.assertEqual(key.signed_oid, "11111111-1111-1111-1111-111111111111")
        token = generate_blob_sas(secure.storage_account, "data", "a", user_delegation_key=key, permission="r",
                                  expiry=later())
        self.assertEqual(BlobClient.from_blob_url(f"{blob.url}?{token}").download_blob().readall(), b"hello")
        self.assertRaises(HttpResponseError, BlobClient.from_blob_url(f"{blob.url}?{token}").delete_blob)


class Accounts(unittest.TestCase):
    def test_there_may_be_several_with_two_keys_each_and_azurites_flags(self):
        keys = [base64.b64encode(text).decode() for text in (b"first key", b"second key", b"other")]
        many = emulator.Emulator("--silent", "--skipApiVersionCheck", "--loose", "--oauth", "basic",
                                 environment={"AZURITE_ACCOUNTS": f"one:{keys[0]}:{keys[1]};two:{keys[2]}"})
        self.addCleanup(many.stop)
        for name, key in (("one", keys[0]), ("one", keys[1]), ("two", keys[2])):
            service = BlobServiceClient(f"{many.blob_url}/{name}", credential=key)
            if not list(service.list_containers()):
                service.create_container("data").upload_blob("who", name.encode())
            self.assertEqual(service.get_blob_client("data", "who").download_blob().readall(), name.encode())
        with Refused(self, 403, "AuthenticationFailed"):
            list(BlobServiceClient(f"{many.blob_url}/one", credential=keys[2]).list_containers())
        with Refused(self, 404, "ResourceNotFound"):
            list(BlobServiceClient(f"{many.blob_url}/devstoreaccount1", credential=keys[0]).list_containers())


if __name__ == "__main__":
    unittest.main()
