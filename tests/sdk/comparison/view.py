"""What of an answer is compared, in a form in which two servers can agree: what a server makes up (ETags, times) is
shown as the how-manieth different one it is."""
import itertools
import re
import xml.etree.ElementTree

HEADERS = (
    "accept-ranges", "cache-control", "content-disposition", "content-encoding", "content-language", "content-md5",
    "content-range", "content-type", "x-ms-access-tier", "x-ms-access-tier-inferred", "x-ms-blob-append-offset",
    "x-ms-blob-committed-block-count", "x-ms-blob-content-length", "x-ms-blob-content-md5", "x-ms-blob-public-access",
    "x-ms-blob-sequence-number", "x-ms-blob-type", "x-ms-copy-progress", "x-ms-copy-status",
    "x-ms-delete-type-permanent", "x-ms-lease-duration", "x-ms-lease-id", "x-ms-lease-state", "x-ms-lease-status",
    "x-ms-lease-time", "x-ms-tag-count",
)
THERE = ("last-modified", "x-ms-copy-completion-time", "x-ms-copy-id", "x-ms-creation-time", "x-ms-copy-source")
DATES = ("Last-Modified", "Creation-Time", "CopyCompletionTime", "CopyId", "AccessTierChangeTime")


class View:
    """Of one server's answers, in the order they come."""
    def __init__(self):
        self.number, self.first_seen = 0, {}

    def of(self, step, answer):
        """{"status": …, "header ETag": …, "body": …}"""
        self.number += 1
        seen = {"status": f"{answer.status} {answer.code}".strip()}
        if not answer.ok:
            return seen
        for name in HEADERS:
            if name in answer.headers:
                seen[f"header {name}"] = answer.headers[name]
        for name in THERE:
            if name in answer.headers:
                seen[f"header {name}"] = "there"
        for name, value in answer.headers.items():
            if name.startswith("x-ms-meta-"):
                seen[f"header {name}"] = value
        if "etag" in answer.headers:
            # Of a block list it may be that of a blob which is not committed: there it means nothing.
            hidden = step.name == "GetBlockList"
            seen["header etag"] = "there" if hidden else self.made_up(answer.headers["etag"])
        if "x-ms-snapshot" in answer.headers:
            seen["header x-ms-snapshot"] = self.made_up(answer.headers["x-ms-snapshot"])
        if step.name in ("GetBlob", "GetBlobProperties"):
            seen["header content-length"] = answer.headers.get("content-length")
        if answer.headers.get("content-type", "").startswith("application/xml") and answer.body:
            seen.update(self.document(answer.body))
            del seen["header content-type"]
        elif answer.body:
            seen["body"] = answer.body.hex()
        return seen

    def made_up(self, text):
        return f"of step {self.first_seen.setdefault(text.strip(chr(34)), self.number)}"

    def document(self, body):
        """Each element's text by its path; elements of a name are counted, those without anything in them left out."""
        root = xml.etree.ElementTree.fromstring(body.decode("utf-8-sig"))
        for blobs in root.iter("Blobs"):
            self.put_snapshots_first(blobs)
        for waiting in root.iter("UncommittedBlocks"):  # in which order is not documented
            waiting[:] = sorted(waiting, key=lambda block: block.findtext("Name"))
        seen = {}
        self.walk(root, root.tag, seen)
        return seen

    @staticmethod
    def put_snapshots_first(blobs):
        """Oldest first and then the blob, as the service lists them; Azurite puts them anyhow."""
        groups = itertools.groupby(list(blobs), lambda child: (child.tag, child.findtext("Name")))
        def age(child):
            return child.findtext("Snapshot") or "9"
        blobs[:] = [child for _, group in groups for child in sorted(group, key=age)]

    def walk(self, element, path, seen):
        counts = {}
        for child in element:
            counts[child.tag] = counts.get(child.tag, 0) + 1
            lists = child.tag in ("Blob", "BlobPrefix", "Block", "PageRange", "ClearRange", "Tag")
            self.walk(child, f"{path}/{child.tag}" + (f"[{counts[child.tag]}]" if lists else ""), seen)
        text = (element.text or "").strip()
        if len(element) or not text:
            return
        if element.tag in ("Etag", "Snapshot"):
            text = self.made_up(text)
        elif element.tag in DATES:
            text = "there"
        elif element.tag in ("Marker", "NextMarker", "CopySource"):
            text = "there"
        seen[f"body {path}"] = text


def differences(theirs, ours):
    """[(what, theirs, ours)]; where the status differs, that alone."""
    names = ["status"] if theirs["status"] != ours["status"] else sorted({*theirs, *ours})
    return [(what, theirs.get(what), ours.get(what)) for what in names if theirs.get(what) != ours.get(what)]


def plain(what):
    """Without the numbers of list items."""
    return re.sub(r"\[\d+\]", "", what)
