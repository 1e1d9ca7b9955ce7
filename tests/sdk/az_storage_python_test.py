"""`az storage container|blob|cors|account`, in breadth. Each az takes a second to start, so here one Python runs the
commands, as /usr/bin/az does, one after the other: what a user types is what stands in az(...)."""
import contextlib
import io
import json
import logging
import os
import shlex
import tempfile
import unittest
import urllib.request

os.environ.update(AZURE_CORE_COLLECT_TELEMETRY="no", AZURE_CORE_ONLY_SHOW_ERRORS="yes", AZURE_CORE_NO_COLOR="yes",
                  AZURE_CORE_DISABLE_PROGRESS_BAR="yes")

from azure.cli.core import get_default_cli  # noqa: E402

import emulator  # noqa: E402


class Refused(Exception):
    pass


class Complaints(logging.Handler):
    """What az says of errors."""
    def __init__(self):
        super().__init__(logging.ERROR)
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


complaints = Complaints()
logging.getLogger("cli").addHandler(complaints)


def setUpModule():
    global server, scratch
    server = emulator.Emulator()
    scratch = tempfile.mkdtemp(dir=server.directory)
    os.environ.update(server.variables, AZURE_CONFIG_DIR=os.path.join(scratch, ".azure"))


def tearDownModule():
    server.stop()


def az(command, *more):
    """What `az storage COMMAND` prints, as JSON. `more` are arguments with characters that a shell would take."""
    cli, out, noise = get_default_cli(), io.StringIO(), io.StringIO()
    complaints.lines.clear()
    with contextlib.redirect_stderr(noise), contextlib.redirect_stdout(noise):
        try:
            form = [] if "-o" in more else ["-o", "json"]
            status = cli.invoke(["storage", *shlex.split(command), *more, *form], out_file=out)
        except SystemExit as end:
            status = end.code
    if status:
        raise Refused("\n".join(complaints.lines) or noise.getvalue())
    return json.loads(out.getvalue() or "null")


class Case(unittest.TestCase):
    def setUp(self):
        self.name = self.id().rsplit(".", 1)[1].removeprefix("test_").replace("_", "-")
        az(f"container create -n {self.name}")

    def refused(self, text, command, *more):
        with self.assertRaises(Refused) as caught:
            az(command, *more)
        self.assertIn(text, str(caught.exception))

    def file(self, name, text="hello"):
        path = os.path.join(scratch, self.name, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        return path

    def upload(self, name, text="hello", more=""):
        return az(f"blob upload -c {self.name} -n {name} -f {self.file(name, text)} {more}")

    def text(self, name, more=""):
        path = os.path.join(scratch, self.name, "came back")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        az(f"blob download -c {self.name} -n {name} {more} -f", path)
        with open(path) as file:
            return file.read()

    def names(self, more=""):
        return [blob["name"] for blob in az(f"blob list -c {self.name} {more}")]


class Containers(Case):
    def test_are_made_shown_and_deleted(self):
        self.assertEqual(az(f"container create -n {self.name}"), {"created": False})
        self.refused("ContainerAlreadyExists", f"container create -n {self.name} --fail-on-exist")
        self.assertEqual(az(f"container exists -n {self.name}"), {"exists": True})
        self.assertEqual(az(f"container show -n {self.name}")["properties"]["lease"]["state"], "available")
        az(f"container create -n {self.name}-2 --public-access blob --metadata a=b")
        listed = {one["name"]: one["metadata"]
                  for one in az(f"container list --prefix {self.name} --include-metadata true")}
        self.assertEqual(listed, {self.name: {}, f"{self.name}-2": {"a": "b"}})
        self.assertEqual(len(az(f"container list --prefix {self.name} --num-results 1")), 2 - 1)
        self.assertEqual(az(f"container delete -n {self.name}-2"), {"deleted": True})
        self.assertEqual(az(f"container exists -n {self.name}-2"), {"exists": False})
        self.assertEqual(az(f"container delete -n {self.name}-2"), {"deleted": False})
        self.refused("ContainerNotFound", f"container delete -n {self.name}-2 --fail-not-exist")
        self.refused("ContainerNotFound", f"container show -n {self.name}-2")

    def test_metadata(self):
        az(f"container metadata update -n {self.name} --metadata kind=test owner=me")
        self.assertEqual(az(f"container metadata show -n {self.name}"), {"kind": "test", "owner": "me"})

    def test_leases(self):
        at = f"-c {self.name}"
        lease = az(f"container lease acquire {at} --lease-duration 60")
        self.refused("LeaseIdMissing", f"container delete -n {self.name}")
        self.refused("LeaseAlreadyPresent", f"container lease acquire {at}")
        az(f"container lease renew {at} --lease-id {lease}")
        other = "11111111-2222-3333-4444-555555555555"
        az(f"container lease change {at} --lease-id {lease} --proposed-lease-id {other}")
        self.refused("LeaseIdMismatch", f"container lease release {at} --lease-id {lease}")
        self.assertEqual(az(f"container lease break {at} --lease-break-period 0"), 0)
        az(f"container lease release {at} --lease-id {other}")
        self.assertEqual(az(f"container show -n {self.name}")["properties"]["lease"]["state"], "available")

    def test_policies_and_their_signatures(self):
        at = f"-c {self.name}"
        az(f"container policy create {at} -n readers --permissions rl --expiry 2099-01-01T00:00Z")
        az(f"container policy create {at} -n writers --permissions cw --start 2020-01-01 --expiry 2099-01-01T00:00Z")
        self.assertEqual(sorted(az(f"container policy list {at}")), ["readers", "writers"])
        self.assertEqual(az(f"container policy show {at} -n readers")["permission"], "rl")
        self.upload("a")
        sas = az(f"container generate-sas -n {self.name} --policy-name readers")
        os.environ["AZURE_STORAGE_CONNECTION_STRING"] = (
            f"BlobEndpoint={server.blob_account_url};SharedAccessSignature={sas}")
        try:
            self.assertEqual(self.names(), ["a"])
            self.refused("You do not have the required permissions", f"blob delete {at} -n a")
        finally:
            os.environ["AZURE_STORAGE_CONNECTION_STRING"] = server.connection_string
        az(f"container policy update {at} -n readers --permissions r")
        az(f"container policy delete {at} -n writers")
        self.assertEqual({name: policy["permission"] for name, policy in az(f"container policy list {at}").items()},
                         {"readers": "r"})

    def test_public_access(self):
        self.upload("a")
        url = az(f"blob url -c {self.name} -n a")
        self.assertEqual(url, f"{server.blob_account_url}/{self.name}/a")
        with self.assertRaises(urllib.error.HTTPError):
            urllib.request.urlopen(url)
        az(f"container set-permission -n {self.name} --public-access container")
        self.assertEqual(az(f"container show-permission -n {self.name}"), {"publicAccess": "container"})
        self.assertEqual(urllib.request.urlopen(url).read(), b"hello")
        az(f"container set-permission -n {self.name} --public-access off")
        self.assertEqual(az(f"container show-permission -n {self.name}"), {"publicAccess": "off"})


class Blobs(Case):
    def test_upload_show_download(self):
        self.upload("a.txt", "0123456789",
                    "--content-type text/css --metadata k=v --tier Cool --content-cache-control x")
        self.refused("BlobAlreadyExists", f"blob upload -c {self.name} -n a.txt -f {self.file('a.txt')}")
        self.assertEqual(az(f"blob exists -c {self.name} -n a.txt"), {"exists": True})
        self.assertEqual(az(f"blob exists -c {self.name} -n none"), {"exists": False})
        shown = az(f"blob show -c {self.name} -n a.txt")
        properties = shown["properties"]
        self.assertEqual((properties["contentLength"], properties["blobTier"], properties["blobType"]),
                         (10, "Cool", "BlockBlob"))
        self.assertEqual(properties["contentSettings"]["contentType"], "text/css")
        self.assertEqual(shown["metadata"], {"k": "v"})
        self.assertEqual(self.text("a.txt"), "0123456789")
        self.assertEqual(self.text("a.txt", "--start-range 2 --end-range 4"), "234")
        self.assertEqual(az(f"blob delete -c {self.name} -n a.txt"), None)
        self.refused("does not exist", f"blob delete -c {self.name} -n a.txt")
        self.refused("does not exist", f"blob show -c {self.name} -n a.txt")

    def test_text_as_data(self):
        az(f"blob upload -c {self.name} -n d --data", "some text")
        self.assertEqual(self.text("d"), "some text")

    def test_append_and_page_blobs(self):
        self.upload("log", "one ", "--type append")
        self.upload("log", "two", "--type append")
        self.assertEqual(self.text("log"), "one two")
        self.upload("disk", "p" * 1024, "--type page")
        self.assertEqual(az(f"blob show -c {self.name} -n disk")["properties"]["pageRanges"],
                         [{"end": 1023, "isCleared": False, "start": 0}])

    def test_batches(self):
        for name in ("one.txt", "two.txt", "deep/three.txt", "deep/four.bin"):
            self.file("tree/" + name, name)
        tree, back = os.path.join(scratch, self.name, "tree"), os.path.join(scratch, self.name, "back")
        os.mkdir(back)
        sent = az(f"blob upload-batch -d {self.name} -s {tree} --pattern *.txt --destination-path up")
        self.assertEqual(len(sent), 3)
        self.assertEqual(self.names(), ["up/deep/three.txt", "up/one.txt", "up/two.txt"])
        self.assertEqual(self.names("--delimiter / --prefix up/"), ["up/deep/", "up/one.txt", "up/two.txt"])
        az(f"blob download-batch -s {self.name} -d {back} --pattern up/*.txt")
        with open(os.path.join(back, "up/deep/three.txt")) as file:
            self.assertEqual(file.read(), "deep/three.txt")
        az(f"blob delete-batch -s {self.name} --pattern up/deep/*")
        self.assertEqual(self.names("--num-results 1"), ["up/one.txt"])
        self.assertEqual(self.names(), ["up/one.txt", "up/two.txt"])

    def test_copies(self):
        self.upload("a", "source", "--metadata k=v")
        at = f"--destination-container {self.name}"
        done = az(f"blob copy start {at} --destination-blob b --source-container {self.name} --source-blob a")
        self.assertEqual(done["copy_status"], "success")
        shown = az(f"blob show -c {self.name} -n b")
        self.assertEqual((shown["properties"]["copy"]["progress"], shown["metadata"]), ("6/6", {"k": "v"}))
        self.refused("NoPendingCopyOperation",
                     f"blob copy cancel {at} --destination-blob b --copy-id {done['copy_id']}")
        sas = az(f"blob generate-sas -c {self.name} -n a --permissions r --expiry 2099-01-01T00:00Z")
        url = f"{server.blob_account_url}/{self.name}/a?{sas}"
        az(f"blob copy start {at} --destination-blob c --tier Cool --source-uri", url)
        self.assertEqual(self.text("c"), "source")
        az(f"blob rewrite -c {self.name} -n d --source-uri", url, "-o", "none")  # 2.45 trips over the MD5's bytes
        self.assertEqual(self.text("d"), "source")
        full = az(f"blob generate-sas -c {self.name} -n a --permissions r --expiry 2099-01-01T00:00Z --full-uri")
        self.assertEqual(urllib.request.urlopen(full).read(), b"source")

    def test_snapshots(self):
        self.upload("a", "before")
        time = az(f"blob snapshot -c {self.name} -n a")["snapshot"]
        self.upload("a", "after", "--overwrite")
        self.assertEqual(self.text("a", f"--snapshot {time}"), "before")
        self.assertEqual([one["snapshot"] for one in az(f"blob list -c {self.name} --include s")], [time, None])
        self.refused("SnapshotsPresent", f"blob delete -c {self.name} -n a")
        az(f"blob delete -c {self.name} -n a --delete-snapshots only")
        az(f"blob delete -c {self.name} -n a --delete-snapshots include")
        self.assertEqual(self.names(), [])

    def test_metadata_properties_and_tiers(self):
        self.upload("a")
        az(f"blob metadata update -c {self.name} -n a --metadata x=1 y=2")
        self.assertEqual(az(f"blob metadata show -c {self.name} -n a"), {"x": "1", "y": "2"})
        az(f"blob update -c {self.name} -n a --content-language de --content-disposition inline")
        settings = az(f"blob show -c {self.name} -n a")["properties"]["contentSettings"]
        self.assertEqual((settings["contentLanguage"], settings["contentDisposition"]), ("de", "inline"))
        az(f"blob set-tier -c {self.name} -n a --tier Archive")
        self.refused("BlobArchived", f"blob download -c {self.name} -n a -f", self.file("x"))
        az(f"blob set-tier -c {self.name} -n a --tier Hot --rehydrate-priority High")
        self.assertEqual([(one["name"], one["metadata"]) for one in az(f"blob list -c {self.name} --include m")],
                         [("a", {"x": "1", "y": "2"})])

    def test_leases(self):
        self.upload("a")
        at = f"-c {self.name} -b a"
        lease = az(f"blob lease acquire {at} --lease-duration -1")
        self.refused("LeaseIdMissing", f"blob delete -c {self.name} -n a")
        az(f"blob metadata update -c {self.name} -n a --lease-id {lease} --metadata k=v")
        az(f"blob lease renew {at} --lease-id {lease}")
        other = "11111111-2222-3333-4444-555555555555"
        az(f"blob lease change {at} --lease-id {lease} --proposed-lease-id {other}")
        az(f"blob lease break {at}")
        self.assertEqual(az(f"blob show -c {self.name} -n a")["properties"]["lease"]["state"], "broken")
        az(f"blob lease release {at} --lease-id {other}")
        az(f"blob delete -c {self.name} -n a")

    def test_conditions(self):
        etag = self.upload("a")["etag"]
        self.refused("ConditionNotMet", f"blob delete -c {self.name} -n a --if-match 0x1")
        self.refused("ConditionNotMet", f"blob delete -c {self.name} -n a --if-unmodified-since 2020-01-01T00:00Z")
        az(f"blob delete -c {self.name} -n a --if-match", etag)


class Service(unittest.TestCase):
    def test_cross_origin_rules(self):
        az("cors clear --services b")
        az("cors add --services b --methods GET PUT --origins https://example.org --allowed-headers x-ms-* "
           "--max-age 60")
        [rule] = az("cors list --services b")
        self.assertEqual((rule["AllowedOrigins"], rule["AllowedMethods"], rule["MaxAgeInSeconds"]),
                         ("https://example.org", "GET, PUT", 60))
        az("cors clear --services b")
        self.assertEqual(az("cors list --services b"), [])

    def test_properties(self):
        properties = az("blob service-properties show")
        self.assertEqual(properties["deleteRetentionPolicy"]["enabled"], False)
        az("blob service-properties update --static-website false")
        az("logging update --services b --log rwd --retention 3")
        self.assertEqual(az("logging show --services b")["blob"]["read"], True)
        az("metrics update --services b --api true --hour true --minute false --retention 2")
        self.assertEqual(az("metrics show --services b")["blob"]["hour"]["enabled"], True)

    def test_a_signature_for_the_account(self):
        sas = az("account generate-sas --services b --resource-types sco --permissions rlcw --expiry 2099-01-01T00:00Z")
        url = f"{server.blob_account_url}?comp=list&{sas}"
        self.assertIn(b"<Containers", urllib.request.urlopen(url).read())


if __name__ == "__main__":
    unittest.main()
