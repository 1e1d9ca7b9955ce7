"""Copies and operations "from URL" whose sources lie elsewhere: a second emulator, and servers that misbehave."""
import contextlib
import datetime
import http.server
import os
import socket
import threading
import time
import unittest

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.storage.blob import BlobServiceClient, BlobType, ContentSettings, generate_blob_sas

import clients
import emulator

MIB = 1 << 20
DATA = os.urandom(5 * MIB + 1234)


def setUpModule():
    global here, there, account, source, web
    here, there = emulator.Emulator(), emulator.Emulator()
    account = BlobServiceClient(here.blob_account_url, credential=here.storage_key, retry_total=0)
    source = clients.blobs(there).create_container("source")
    account.create_container("data")
    web = Web()


def tearDownModule():
    web.stop()
    there.stop()
    here.stop()


class Page(http.server.BaseHTTPRequestHandler):
    """Knows no ranges, as simple web servers do; the path tells what else is wrong with it."""
    def do_GET(self):
        self.server.asked.append((self.path, dict(self.headers)))
        getattr(self, self.path.strip("/").replace("-", "_"))()

    def answer(self, status, body=b"", length=None, **headers):
        self.send_response(status)
        self.send_header("Content-Length", len(body) if length is None else length)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # of a reader that has enough
            self.wfile.write(body)

    def fine(self):
        self.answer(200, DATA, Content_Type="video/mp4", Cache_Control="max-age=60")

    def missing(self):
        self.answer(404, b"<html>no such page</html>")

    def truncated(self):
        self.answer(200, DATA[:MIB], length=2 * MIB)

    def too_long(self):
        self.answer(200, b"0123456789 and more", length=10)

    def slow(self):
        self.answer(200, b"", length=30)
        for _ in range(10):
            self.wfile.write(b"abc")
            time.sleep(0.05)

    def moved(self):
        self.answer(302, Location="/fine")

    def in_circles(self):
        self.answer(302, Location="/in-circles")

    def to_a_file(self):
        self.answer(302, Location="file:///etc/hostname")

    def log_message(self, *_):
        pass


class Web:
    def __init__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        self.server.asked = []
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def url(self, path):
        return f"http://127.0.0.1:{self.server.server_port}/{path}"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def signed(blob):
    sas = generate_blob_sas(blob.account_name, blob.container_name, blob.blob_name, account_key=there.storage_key,
                            permission="r", expiry=datetime.datetime.utcnow() + datetime.timedelta(hours=1))
    return f"{blob.url}?{sas}"


class Case(unittest.TestCase):
    def blob(self):
        return account.get_blob_client("data", self.id().rsplit(".", 1)[1])

    def refused(self, status, text, call):
        with self.assertRaises(HttpResponseError) as caught:
            call()
        error = caught.exception
        self.assertEqual((error.status_code, error.error_code), (status, "CannotVerifyCopySource"), error.message)
        self.assertIn(text, error.message)


class FromAnotherEmulator(Case):
    @classmethod
    def setUpClass(cls):
        cls.big = source.upload_blob("big file", DATA, metadata={"kind": "far"})
        cls.big.set_http_headers(ContentSettings(content_type="video/mp4"))
        cls.url = signed(cls.big)

    def test_copy(self):
        blob = self.blob()
        started = blob.start_copy_from_url(self.url)
        self.assertEqual(started["copy_status"], "success")
        self.assertEqual(blob.download_blob().readall(), DATA)
        properties = blob.get_blob_properties()
        self.assertEqual(properties.metadata, {"kind": "far"})
        self.assertEqual(properties.content_settings.content_type, "video/mp4")
        self.assertEqual(properties.copy.progress, f"{len(DATA)}/{len(DATA)}")
        self.assertEqual(properties.copy.source, self.big.url)
        with self.assertRaises(HttpResponseError) as caught:
            blob.abort_copy(started["copy_id"])
        self.assertEqual(caught.exception.error_code, "NoPendingCopyOperation")

    def test_copy_that_requires_sync(self):
        self.blob().start_copy_from_url(self.url, requires_sync=True)
        self.assertEqual(self.blob().download_blob().readall(), DATA)

    def test_whole_blob(self):
        self.blob().upload_blob_from_url(self.url)
        self.assertEqual(self.blob().download_blob().readall(), DATA)
        self.assertEqual(self.blob().get_blob_properties().content_settings.content_type, "video/mp4")

    def test_blocks(self):
        blob = self.blob()
        blocks = []
        for number, start in enumerate(range(0, len(DATA), 2 * MIB)):
            blocks.append(f"{number:04}")
            blob.stage_block_from_url(blocks[-1], self.url, start, min(2 * MIB, len(DATA) - start))
        blob.commit_block_list(blocks)
        self.assertEqual(blob.download_blob().readall(), DATA)

    def test_append(self):
        blob = self.blob()
        blob.create_append_blob()
        blob.append_block_from_url(self.url, 10, 1000)
        blob.append_block_from_url(self.url, 1010, 1000)
        self.assertEqual(blob.download_blob().readall(), DATA[10:2010])

    def test_pages(self):
        blob = self.blob()
        blob.create_page_blob(4096)
        blob.upload_pages_from_url(self.url, offset=512, length=1024, source_offset=512)
        self.assertEqual(blob.download_blob().readall(), bytes(512) + DATA[512:1536] + bytes(2560))

    def test_page_and_append_blobs_stay_what_they_are(self):
        for kind in (BlobType.PAGEBLOB, BlobType.APPENDBLOB):
            there_blob = source.upload_blob(kind.value, DATA[:MIB], blob_type=kind)
            blob = account.get_blob_client("data", kind.value)
            blob.start_copy_from_url(signed(there_blob))
            self.assertEqual(blob.get_blob_properties().blob_type, kind)
            self.assertEqual(blob.download_blob().readall(), DATA[:MIB])

    def test_a_snapshot(self):
        changing = source.upload_blob("changing", b"before")
        snapshot = changing.create_snapshot()["snapshot"]
        changing.upload_blob(b"after", overwrite=True)
        self.blob().start_copy_from_url(f"{signed(changing)}&snapshot={snapshot}")
        self.assertEqual(self.blob().download_blob().readall(), b"before")

    def test_conditions_are_the_sources(self):
        etag = self.big.get_blob_properties().etag
        blob = self.blob()
        blob.start_copy_from_url(self.url, source_etag=etag, source_match_condition=MatchConditions.IfNotModified)
        with self.assertRaises(HttpResponseError) as caught:
            blob.start_copy_from_url(self.url, source_etag='"0x1"',
                                     source_match_condition=MatchConditions.IfNotModified)
        self.assertEqual((caught.exception.status_code, caught.exception.error_code), (412, "SourceConditionNotMet"))
        self.refused(412, "condition", lambda: blob.upload_blob_from_url(
            self.url, overwrite=True, source_etag='"0x1"', source_match_condition=MatchConditions.IfNotModified))

    def test_without_a_right_or_a_blob(self):
        self.refused(401, "authenticate", lambda: self.blob().upload_blob_from_url(self.big.url))
        self.refused(403, "authenticate", lambda: self.blob().start_copy_from_url(self.url[:-8] + "AAAAAA%3D"))
        self.refused(404, "The specified blob does not exist",
                     lambda: self.blob().start_copy_from_url(signed(source.get_blob_client("none"))))
        with self.assertRaises(ResourceNotFoundError):
            self.blob().get_blob_properties()

    def test_a_digest_of_other_bytes(self):
        with self.assertRaises(HttpResponseError) as caught:
            self.blob().stage_block_from_url("a", self.url, 0, 100, source_content_md5=bytearray(16))
        self.assertEqual(caught.exception.error_code, "Md5Mismatch")


class FromAnyServer(Case):
    def test_a_file_of_a_web_server(self):
        blob = self.blob()
        blob.start_copy_from_url(web.url("fine"))
        self.assertEqual(blob.download_blob().readall(), DATA)
        settings = blob.get_blob_properties().content_settings
        self.assertEqual((settings.content_type, settings.cache_control), ("video/mp4", "max-age=60"))

    def test_a_range_of_a_server_that_knows_none(self):
        blob = self.blob()
        blob.stage_block_from_url("a", web.url("fine"), 100, 200)
        blob.commit_block_list(["a"])
        self.assertEqual(blob.download_blob().readall(), DATA[100:300])

    def test_the_sources_own_authorization(self):
        self.blob().upload_blob_from_url(web.url("fine"), source_authorization="Bearer of a token")
        headers = web.server.asked[-1][1]
        self.assertEqual(headers["Authorization"], "Bearer of a token")
        self.assertNotIn("x-ms-copy-source", headers)

    def test_one_that_is_missing(self):
        self.refused(404, "Not Found", lambda: self.blob().upload_blob_from_url(web.url("missing")))

    def test_a_truncated_body_leaves_nothing(self):
        self.refused(500, "Could not verify", lambda: self.blob().upload_blob_from_url(web.url("truncated")))
        self.assertFalse(self.blob().exists())
        self.blob().create_append_blob()
        self.refused(500, "Could not verify", lambda: self.blob().append_block_from_url(web.url("truncated")))
        self.assertEqual(self.blob().get_blob_properties().size, 0)

    def test_more_than_was_announced_is_left(self):
        self.blob().upload_blob_from_url(web.url("too-long"))
        self.assertEqual(self.blob().download_blob().readall(), b"0123456789")

    def test_a_slow_one(self):
        self.blob().upload_blob_from_url(web.url("slow"))
        self.assertEqual(self.blob().download_blob().readall(), b"abc" * 10)

    def test_redirects(self):
        self.blob().upload_blob_from_url(web.url("moved"))
        self.assertEqual(self.blob().get_blob_properties().size, len(DATA))
        self.refused(500, "Could not verify", lambda: self.blob().upload_blob_from_url(web.url("in-circles")))
        self.refused(500, "Could not verify", lambda: self.blob().upload_blob_from_url(web.url("to-a-file")))

    def test_a_port_where_nobody_is(self):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{nobody.getsockname()[1]}/x"
            self.refused(500, "Could not verify the copy source within the specified time.",
                         lambda: self.blob().start_copy_from_url(url))


class OwnBlobsOnly(Case):
    def test_a_flag_keeps_it_from_reaching_out(self):
        server = emulator.Emulator("--copy-sources", "own")
        try:
            data = clients.blobs(server).create_container("data")
            data.upload_blob("a", b"mine")
            data.get_blob_client("b").start_copy_from_url(data.get_blob_client("a").url)
            self.assertEqual(data.download_blob("b").readall(), b"mine")
            asked = len(web.server.asked)
            self.refused(403, "--copy-sources", lambda: data.get_blob_client("c").start_copy_from_url(web.url("fine")))
            self.assertEqual(len(web.server.asked), asked)
        finally:
            server.stop()


if __name__ == "__main__":
    unittest.main()
