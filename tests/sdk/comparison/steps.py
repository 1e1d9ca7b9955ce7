"""Random operations on a few containers and blobs, from a seed. A step is plain data, the same for every server; what a
server made up itself (ETags, times of snapshots) is named in braces and filled in by what that server said before."""
import base64
import hashlib

CONTAINERS = ("c0", "c1")
BLOBS = ("a", "b/x", "b/y z", "bü", "c")
LEASES = ("11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222")
BLOCKS = [base64.b64encode(f"block-{n}".encode()).decode() for n in range(4)]
PAST, FUTURE = "Wed, 01 Jan 2020 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT"
SIZES = (0, 1, 10, 512, 1000, 2048)


class Step:
    def __init__(self, name, method, path, query=None, headers=None, body=b""):
        self.name, self.method, self.path = name, method, path
        self.query, self.headers, self.body = query or {}, headers or {}, body

    def __str__(self):
        query = "?" + "&".join(f"{name}={value}" for name, value in self.query.items()) if self.query else ""
        headers = "".join(f"  {name}: {value}" for name, value in self.headers.items())
        body = f"  [{len(self.body)} bytes]" if len(self.body) > 200 else f"  {self.body!r}" if self.body else ""
        return f"{self.name}  {self.method} /{self.path}{query}{headers}{body}"


class Chooser:
    """Draws the steps."""
    def __init__(self, random):
        self.random = random
        self.kinds = [(weight, getattr(self, name)) for name, weight in WEIGHTS.items()]

    def step(self):
        make = self.random.choices([kind for _, kind in self.kinds], [weight for weight, _ in self.kinds])[0]
        return make()

    # -- pieces

    def chance(self, share):
        return self.random.random() < share

    def one(self, *items):
        return self.random.choice(items)

    def container(self):
        return self.random.choices(CONTAINERS, (6, 1))[0]

    def blob(self):
        return f"{self.container()}/{self.random.choices(BLOBS, (5, 3, 2, 1, 1))[0]}"

    def data(self, sizes=SIZES):
        return self.random.randbytes(self.one(*sizes))

    def metadata(self, share=0.3):
        if not self.chance(share):
            return {}
        return {f"x-ms-meta-{self.one('k', 'Kind', 'a_b')}": self.one("v", "two words", "")}

    def content(self, share=0.3):
        headers = {}
        for name, values in (("type", ("text/plain", "text/css; charset=utf-8")), ("encoding", ("gzip",)),
                             ("language", ("de", "en-US")), ("disposition", ("inline",))):
            if self.chance(share):
                headers[f"x-ms-blob-content-{name}"] = self.one(*values)
        if self.chance(share):
            headers["x-ms-blob-cache-control"] = "no-cache"
        return headers

    def conditions(self, path, prefix="", share=0.2):
        if not self.chance(share):
            return {}
        name = self.one("If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since")
        if name.endswith("Since"):
            return {prefix + name: self.one(PAST, FUTURE)}
        return {prefix + name: self.one("{etag:" + path + "}", '"0x1"', "*" if not prefix else '"0x2"')}

    def lease(self, share=0.2):
        return {"x-ms-lease-id": self.one(*LEASES)} if self.chance(share) else {}

    def range(self, name="x-ms-range", share=0.5):
        form = self.one("bytes=0-9", "bytes=5-", "bytes=0-0", "bytes=1-100000", "bytes=100000-100001", "bytes=3-3")
        return {name: form} if self.chance(share) else {}

    def snapshot(self, path, share=0.15):
        return {"snapshot": "{snapshot:" + path + "}"} if self.chance(share) else {}

    # -- containers

    def create_container(self):
        return Step("CreateContainer", "PUT", self.container(), {"restype": "container"}, self.metadata())

    def delete_container(self):
        return Step("DeleteContainer", "DELETE", self.container(), {"restype": "container"}, self.lease())

    def container_properties(self):
        return Step("GetContainerProperties", self.one("GET", "HEAD"), self.container(), {"restype": "container"},
                    self.lease(0.1))

    def container_metadata(self):
        if self.chance(0.5):
            return Step("GetContainerMetadata", "GET", self.container(), {"restype": "container", "comp": "metadata"})
        return Step("SetContainerMetadata", "PUT", self.container(), {"restype": "container", "comp": "metadata"},
                    {**self.metadata(0.8), **self.lease(0.1)})

    def lease_container(self):
        path = self.container()
        return Step("LeaseContainer", "PUT", path, {"restype": "container", "comp": "lease"}, self.lease_action())

    def lease_action(self):
        action = self.one("acquire", "acquire", "renew", "change", "release", "release", "break", "break")
        headers = {"x-ms-lease-action": action}
        if action == "acquire":
            headers["x-ms-lease-duration"] = self.one("-1", "60", "5")
        if action in ("acquire", "change"):
            headers["x-ms-proposed-lease-id"] = self.one(*LEASES)
        if action in ("renew", "change", "release"):
            headers["x-ms-lease-id"] = self.one(*LEASES)
        if action == "break" and self.chance(0.7):
            headers["x-ms-lease-break-period"] = self.one("0", "0", "60")
        return headers

    # -- whole blobs

    def put_block_blob(self):
        path, body = self.blob(), self.data()
        headers = {"x-ms-blob-type": "BlockBlob", **self.content(), **self.metadata(), **self.conditions(path),
                   **self.lease()}
        if self.chance(0.2):
            headers["Content-MD5"] = base64.b64encode(hashlib.md5(self.one(body, body, b"else")).digest()).decode()
        if self.chance(0.2):
            headers["x-ms-access-tier"] = self.one("Hot", "Cool")
        if self.chance(0.2):
            headers["x-ms-tags"] = self.one("a=1", "a=2&b=x%20y", "c=")
        return Step("PutBlob.block", "PUT", path, {}, headers, body)

    def put_append_blob(self):
        path = self.blob()
        return Step("PutBlob.append", "PUT", path, {}, {"x-ms-blob-type": "AppendBlob", **self.content(),
                    **self.metadata(), **self.conditions(path), **self.lease()})

    def put_page_blob(self):
        path = self.blob()
        return Step("PutBlob.page", "PUT", path, {}, {
            "x-ms-blob-type": "PageBlob", "x-ms-blob-content-length": self.one("0", "1024", "2048", "100"),
            **self.content(), **self.metadata(), **self.conditions(path), **self.lease(),
            **({"x-ms-blob-sequence-number": "7"} if self.chance(0.3) else {})})

    def get_blob(self):
        path = self.blob()
        return Step("GetBlob", "GET", path, self.snapshot(path), {**self.range(), **self.conditions(path),
                                                                  **self.lease(0.1)})

    def head_blob(self):
        path = self.blob()
        return Step("GetBlobProperties", "HEAD", path, self.snapshot(path),
                    {**self.conditions(path), **self.lease(0.1)})

    def get_metadata(self):
        path = self.blob()
        return Step("GetBlobMetadata", "GET", path, {"comp": "metadata", **self.snapshot(path)}, self.conditions(path))

    def set_metadata(self):
        path = self.blob()
        return Step("SetBlobMetadata", "PUT", path, {"comp": "metadata"},
                    {**self.metadata(0.8), **self.conditions(path), **self.lease()})

    def set_properties(self):
        path = self.blob()
        headers = {**self.conditions(path), **self.lease()}
        kind = self.random.random()
        if kind < 0.15:
            headers["x-ms-blob-content-length"] = self.one("512", "1024", "4096")
        elif kind < 0.3:
            headers["x-ms-sequence-number-action"] = action = self.one("max", "update", "increment")
            if action != "increment":
                headers["x-ms-blob-sequence-number"] = self.one("1", "9")
        else:  # Azurite takes these only without the others
            headers.update(self.content(0.5))
        return Step("SetBlobProperties", "PUT", path, {"comp": "properties"}, headers)

    def delete_blob(self):
        path = self.blob()
        snapshot = self.snapshot(path, 0.2)
        headers = {**self.conditions(path), **self.lease()}
        if self.chance(0.5) and not snapshot:
            headers["x-ms-delete-snapshots"] = self.one("include", "include", "only")
        return Step("DeleteBlob", "DELETE", path, snapshot, headers)

    def take_snapshot(self):
        path = self.blob()
        return Step("SnapshotBlob", "PUT", path, {"comp": "snapshot"},
                    {**self.conditions(path), **self.lease(0.1)})

    def lease_blob(self):
        path = self.blob()
        return Step("LeaseBlob", "PUT", path, {"comp": "lease"},
                    {**self.lease_action(), **self.conditions(path, "", 0.1)})

    # -- pieces of blobs

    def put_block(self):
        return Step("PutBlock", "PUT", self.blob(), {"comp": "block", "blockid": self.one(*BLOCKS)}, self.lease(0.1),
                    self.data((1, 10, 512)))

    def put_block_list(self):
        path = self.blob()
        chosen = [(self.one("Latest", "Latest", "Committed", "Uncommitted"), self.one(*BLOCKS))
                  for _ in range(self.one(0, 1, 1, 2, 3))]
        body = "".join(f"<{kind}>{block}</{kind}>" for kind, block in chosen)
        return Step("PutBlockList", "PUT", path, {"comp": "blocklist"},
                    {**self.content(), **self.metadata(), **self.conditions(path), **self.lease()},
                    f'<?xml version="1.0" encoding="utf-8"?><BlockList>{body}</BlockList>'.encode())

    def get_block_list(self):
        path = self.blob()
        return Step("GetBlockList", "GET", path, {"comp": "blocklist", "blocklisttype": self.one(
            "committed", "uncommitted", "all"), **self.snapshot(path)}, self.lease(0.1))

    def append_block(self):
        path = self.blob()
        headers = {**self.conditions(path, share=0.1), **self.lease()}
        if self.chance(0.2):
            headers["x-ms-blob-condition-appendpos"] = self.one("0", "10", "512")
        if self.chance(0.1):
            headers["x-ms-blob-condition-maxsize"] = self.one("5", "100000")
        return Step("AppendBlock", "PUT", path, {"comp": "appendblock"}, headers, self.data((1, 10, 512)))

    def put_page(self):
        path, start, pages = self.blob(), self.one(0, 512, 1024), self.one(1, 1, 2)
        clears = self.chance(0.3)
        headers = {"x-ms-page-write": "clear" if clears else "update",
                   "x-ms-range": f"bytes={start}-{start + 512 * pages - 1}",
                   **self.conditions(path, share=0.1), **self.lease(0.1)}
        if self.chance(0.15):
            headers[f"x-ms-if-sequence-number-{self.one('le', 'lt', 'eq')}"] = self.one("0", "7", "9")
        return Step("PutPage", "PUT", path, {"comp": "page"}, headers,
                    b"" if clears else self.random.randbytes(512 * pages))

    def page_ranges(self):
        path = self.blob()
        return Step("GetPageRanges", "GET", path, {"comp": "pagelist", **self.snapshot(path)},
                    {**({"x-ms-range": self.one("bytes=0-511", "bytes=512-2047")} if self.chance(0.3) else {}),
                     **self.conditions(path, share=0.1)})

    # -- tags, tiers, copies, listings

    def tags(self):
        path = self.blob()
        if self.chance(0.5):
            return Step("GetBlobTags", "GET", path, {"comp": "tags", **self.snapshot(path, 0.1)}, self.lease(0.1))
        tags = "".join(f"<Tag><Key>{key}</Key><Value>{value}</Value></Tag>"
                       for key, value in (("a", "1"), ("b", "x y")) if self.chance(0.6))
        body = f'<?xml version="1.0" encoding="utf-8"?><Tags><TagSet>{tags}</TagSet></Tags>'.encode()
        return Step("SetBlobTags", "PUT", path, {"comp": "tags"}, self.lease(0.1), body)

    def set_tier(self):
        return Step("SetBlobTier", "PUT", self.blob(), {"comp": "tier"},
                    {"x-ms-access-tier": self.one("Hot", "Cool", "Nonsense"), **self.lease(0.1)})

    def copy(self):
        path, source = self.blob(), self.blob()
        headers = {"x-ms-copy-source": "{url:" + source + "}", **self.metadata(0.2), **self.conditions(path),
                   **self.lease(0.1)}
        headers.update(self.conditions(source, "x-ms-source-", 0.15))
        if self.chance(0.2):
            headers["x-ms-requires-sync"] = "true"
        return Step("CopyBlobFromURL" if "x-ms-requires-sync" in headers else "CopyBlob", "PUT", path, {}, headers)

    def list_blobs(self):
        path, query = self.container(), {"restype": "container", "comp": "list"}
        if self.chance(0.3):
            query["prefix"] = self.one("b", "b/", "x")
        if self.chance(0.3):
            query["delimiter"] = "/"
        if self.chance(0.5):
            query["include"] = ",".join(kind for kind in ("snapshots", "metadata", "uncommittedblobs", "copy", "tags")
                                        if self.chance(0.5)) or "metadata"
        if self.chance(0.3) and "snapshots" not in query.get("include", ""):  # Azurite cuts them off from their blob
            query["maxresults"] = self.one("1", "2", "5000")
        if self.chance(0.3):
            query["marker"] = "{marker:" + path + "}"
        return Step("ListBlobs", "GET", path, query)


WEIGHTS = {
    "create_container": 2, "delete_container": 0.3, "container_properties": 2, "container_metadata": 2,
    "lease_container": 2, "put_block_blob": 9, "put_append_blob": 4, "put_page_blob": 4, "get_blob": 8, "head_blob": 8,
    "get_metadata": 2, "set_metadata": 4, "set_properties": 5, "delete_blob": 5, "take_snapshot": 4, "lease_blob": 8,
    "put_block": 5, "put_block_list": 6, "get_block_list": 4, "append_block": 5, "put_page": 6, "page_ranges": 3,
    "tags": 5, "set_tier": 3, "copy": 6, "list_blobs": 7,
}
