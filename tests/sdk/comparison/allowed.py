"""Where Azurite 3.35 and Batchite may differ, and why. A row: the operation, what differs, Azurite's value, ours ("*"
is anything, None that it is not there), the reason. What the service is documented or recorded to do decides; where it
is not known which of two refusals comes first, both stand."""
import fnmatch

LISTED = "body EnumerationResults/Blobs/Blob/"
ROWS = (
    # What Azurite gets wrong.
    ("ListBlobs", "body EnumerationResults/MaxResults", "5000", None, "only repeated where the request has it"),
    ("ListBlobs", "status", "200", "400 InvalidQueryParameterValue", "no snapshots beside a delimiter"),
    ("ListBlobs", LISTED + "Properties/Sealed", "false", None, "only of blobs that are sealed"),
    ("ListBlobs", LISTED + "Properties/ServerEncrypted", None, "true", "all is encrypted"),
    ("PutBlockList", "header content-md5", "*", None, "instead there is a CRC-64, since 2019-02-02"),
    ("Get*Metadata", "header *", "*", None, "ETag, Last-Modified and metadata are all"),
    ("GetBlobProperties", "header x-ms-access-tier-inferred", "false", None, "only said when true"),
    ("GetBlob*", "header content-type", None, "application/octet-stream", "what is not set is the default"),
    ("GetBlob", "header accept-ranges", None, "bytes", "of parts, too"),
    ("GetBlob", "header x-ms-blob-content-md5", "*", None, "of parts only"),
    ("GetBlob*", "header x-ms-lease-*", "*", None, "snapshots have no lease"),
    ("ListBlobs", LISTED + "Properties/AccessTierChangeTime", "there", None, "only where a tier was set later"),
    ("ListBlobs", LISTED + "Properties/IncrementalCopy", "false", None, "only of those that are"),
    ("ListBlobs", LISTED + "Properties/Copy*", "*", None, "only with include=copy"),
    ("ListBlobs", LISTED + "Properties/CopyProgress", None, "0/0", "an empty blob is copied as a whole, too"),
    ("GetBlob*", "header x-ms-copy-progress", None, "0/0", "an empty blob is copied as a whole, too"),
    ("ListBlobs", LISTED + "Properties/Access*", None, "*", "the tier of those not committed, as recorded"),
    ("ListBlobs", LISTED + "Properties/Creation-Time", "*", None, "those not committed, as recorded"),
    ("ListBlobs", LISTED + "Properties/Last-Modified", "*", None, "those not committed, as recorded"),
    ("ListBlobs", LISTED + "Properties/Etag", "*", None, "those not committed, as recorded"),
    ("ListBlobs", LISTED + "Properties/ServerEncrypted", None, "false", "those not committed, as recorded"),
    ("ListBlobs", LISTED + "Properties/Lease*", "*", None, "snapshots have no lease"),
    ("Get*Metadata", "body", "*", None, "there is no body"),
    ("GetBlob*", "header content-md5", "*", None, "not kept of pages, nor by Set Blob Properties"),
    ("SnapshotBlob", "status", "304 ConditionNotMet", "412 ConditionNotMet", "it writes"),
    ("SnapshotBlob", "status", "400 UnsatisfiableCondition", "412 ConditionNotMet", "it writes"),
    ("PutPage", "status", "416 Requested Range*", "416 InvalidPageRange", "the code of the table of errors"),
    ("GetPageRanges", "status", "416 Requested Range*", "416 InvalidRange", "the code of the table of errors"),
    ("GetPageRanges", "status", "416 Requested Range*", "200", "an empty blob has no pages"),
    ("GetPageRanges", "body *", "*", None, "a copy of a page blob does not change with its source"),
    ("PutPage", "status", "201", "416 InvalidPageRange", "a copy of a page blob does not change with its source"),
    ("GetBlob", "body", "*", "0" * 1024 + "*", "a copy of a page blob does not change with its source"),
    ("GetBlob", "status", "206", "416 InvalidRange", "an empty blob has no range"),
    ("PutBl*", "status", "201", "412 ConditionNotMet", "If-Match: * and nothing is there"),
    ("*", "status", "20*", "412 ConditionNotMet", "If-None-Match: * and something is there"),
    ("PutBlock*", "status", "201", "400 InvalidBlockList", "blocks that wait go with their blob, or by a copy over it"),
    ("PutBlock", "status", "201", "412 LeaseIdMissing", "a blob's lease guards its blocks, whatever it was before"),
    ("GetBlob*", "header x-ms-copy-*", "*", None, "gone after Set Blob Properties"),
    ("ListBlobs", LISTED + "Properties/Copy*", "*", None, "gone after Set Blob Properties"),
    ("GetBlockList", "status", "412 LeaseNotPresentWithBlobOperation", "200", "what is not committed has no lease"),
    ("*", "status", "412 LeaseNotPresentWithBlobOperation", "412 LeaseIdMismatchWithBlobOperation", "a broken lease"),
    ("DeleteBlob", "status", "202", "404 BlobNotFound", "what is not committed is not there"),
    ("LeaseBlob", "status", "20*", "404 BlobNotFound", "what is not committed is not there"),
    ("LeaseBlob", "status", "400 InvalidHeaderValue", "404 BlobNotFound", "what is not committed is not there"),
    ("*", "status", "409 BlobAlreadyExists", "20*", "what is not committed is not there"),
    ("GetBlockList", "body BlockList/UncommittedBlocks/*", "*", "*", "Put Blob and copies drop the blocks that wait"),
    ("PutBlock", "status", "201", "409 InvalidBlobType", "the type is the blob's, not that of its snapshots"),
    ("PutBlock", "status", "409 InvalidBlobType", "201", "the type is the blob's, not that of its snapshots"),
    ("*", "header x-ms-blob-committed-block-count", "*", "*", "a copy does not change with its source"),
    ("Lease*", "status", "4*", "400 InvalidHeaderValue", "no lease is so short"),
    ("Lease*", "status", "400 InvalidHeaderValue", "4*", "no lease is so short"),
    ("Lease*", "header x-ms-lease-time", "59", "60", "a second has passed between the two"),
    ("*", "status", "412 LeaseNotPresentWithBlobOperation", "412 LeaseLost", "its own lease, broken"),
    ("GetBlockList", "body *", "*", None, "a copy takes the place of blocks that wait, as Put Blob does"),
    ("SetBlobProperties", "status", "400 InvalidOperation", "4*", "only page blobs have such"),
    ("Copy*", "status", "* ConditionNotMet", "412 SourceConditionNotMet", "the code that is documented"),
    ("SetBlobTier", "status", "4*", "400 InvalidHeaderValue", "no tier at all"),
    ("GetBlockList", "header *", "*", None, "nothing is said of a blob that is not committed"),
    ("PutBl*", "status", "201", "412 LeaseNotPresentWithBlobOperation", "there is no lease on what is not there"),
    ("Copy*", "status", "202", "412 LeaseNotPresentWithBlobOperation", "there is no lease on what is not there"),
    ("PutBlob.block", "status", "400 InvalidOperation", "400 Md5Mismatch", "the code in the table of errors"),
    ("PutBlob.page", "status", "400 InvalidOperation", "400 InvalidHeaderValue", "a size that is no number of pages"),
    ("PutBlob.page", "status", "400 InvalidOperation", "404 ContainerNotFound", "a size that is no number of pages"),
    ("SetBlobProperties", "status", "400 InvalidOperation", "409 InvalidBlobType", "only page blobs have such"),
    ("Copy*", "status", "202", "409 InvalidBlobType", "a copy does not change the type of what is there"),
    ("Copy*", "status", "202", "412 ConditionNotMet", "If-Match and what is not there"),
    # Where the service may do either.
    ("ListBlobs", LISTED + "Properties/AccessTier", "Cool", "Hot", "whether a copy keeps the tier is not documented"),
    ("GetBlobProperties", "header x-ms-access-tier*", "*", "*", "whether a copy keeps the tier is not documented"),
    ("Copy*", "status", "404 *", "404 *", "recorded both ways, of the source; or the destination is not there either"),
)

# Which of two reasons to refuse a request is told: not documented, so of two reasons of different kinds either will do.
KINDS = (
    ("lease", "LeaseIdM*|LeaseNotPresent*|LeaseLost|LeaseAlready*|LeaseIs*"),
    ("condition", "ConditionNotMet|*ConditionNotMet|UnsatisfiableCondition|BlobAlreadyExists"),
    ("type", "InvalidBlobType"),
    ("existence", "BlobNotFound|ContainerNotFound|CannotVerifyCopySource"),
    ("content", "InvalidBlockList|InvalidRange|InvalidPageRange|Requested Range*|SnapshotsPresent|InvalidBlobOrBlock"),
)


def _kind(status):
    code = (status or "").partition(" ")[2]
    return next((kind for kind, codes in KINDS
                 if any(fnmatch.fnmatchcase(code, one) for one in codes.split("|"))), None)


def reason(step, what, theirs, ours):
    """Of the row that allows the difference; None: it is not allowed."""
    for name, where, their_value, our_value, why in ROWS:
        if (fnmatch.fnmatchcase(step.name, name) and fnmatch.fnmatchcase(what, where)
                and _is(their_value, theirs) and _is(our_value, ours)):
            return why
    if what == "status" and None not in (_kind(theirs), _kind(ours)) and _kind(theirs) != _kind(ours):
        return "of two reasons to refuse"
    return None


def _is(pattern, value):
    if pattern is None or value is None:
        return pattern == value
    return fnmatch.fnmatchcase(value, pattern)
