"""azure-storage-blob against the Blob endpoint: what the service has beyond plain uploads and downloads."""
import unittest

from azure.core.exceptions import HttpResponseError

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


if __name__ == "__main__":
    unittest.main()
