#!/bin/bash
# rclone's azureblob backend: by key as it would use Azurite, and by the URL of a shared access signature.
set -euo pipefail
source "$(dirname "$0")/shell.sh"
endpoint=$BATCHITE_TEST_BLOB_URL/$AZURE_STORAGE_ACCOUNT
export RCLONE_CONFIG=$PWD/rclone.conf RCLONE_RETRIES=1 RCLONE_LOW_LEVEL_RETRIES=1 RCLONE_LOG_LEVEL=ERROR
export RCLONE_CONFIG_EMULATOR_TYPE=azureblob RCLONE_CONFIG_EMULATOR_USE_EMULATOR=true
export RCLONE_CONFIG_EMULATOR_ENDPOINT=$endpoint RCLONE_CONFIG_EMULATOR_CHUNK_SIZE=1Mi
: >rclone.conf

names() { rclone lsf -R --files-only "$@" | sort | paste -sd ' '; }  # what lies below a path, in one line
size_of() { rclone size --json "$1" | sed 's/.*"bytes":\([0-9]*\).*/\1/'; }
# A signature for the container `another`, with the letters given.
sas() {
  /usr/bin/python3 - "$1" <<'PYTHON'
import datetime, os, sys
from azure.storage.blob import generate_container_sas
print(generate_container_sas(os.environ["AZURE_STORAGE_ACCOUNT"], "another", account_key=os.environ["AZURE_STORAGE_KEY"],
                             permission=sys.argv[1], expiry=datetime.datetime.utcnow() + datetime.timedelta(hours=1)))
PYTHON
}
on_disk() { (cd "$1" && find . -type f | sed 's,^\./,,' | LC_ALL=C sort); }

mkdir -p tree/deep/er
for n in 1 2 3 4 5; do echo "file $n" >"tree/file $n.txt"; done
echo 'a name' >'tree/deep/ünïcode & 100% +plus?.txt'
: >tree/deep/empty
head -c 5000001 /dev/urandom >tree/deep/er/big
touch -d '2024-02-03 04:05:06.789 UTC' tree/deep/er/big
digest=$(md5sum <tree/deep/er/big | cut -d' ' -f1)

# There and back, the big file in five blocks.
rclone mkdir emulator:work
rclone copy tree emulator:work/tree
rclone check tree emulator:work/tree
rclone check --download tree emulator:work/tree
[ "$(rclone lsf -R --files-only emulator:work/tree | LC_ALL=C sort)" = "$(on_disk tree)" ] || fail "other names"
rclone copy emulator:work/tree back
diff -r tree back || fail "what came back is not what went there"
[ "$(date -r back/deep/er/big -u +%FT%T.%N)" = 2024-02-03T04:05:06.789000000 ] || fail "the time of the file is lost"
expect "$digest  big" rclone md5sum emulator:work/tree/deep/er/big
expect 5000043 size_of emulator:work/tree

# What is there already does not travel again: only one file changes hands.
echo 'file 1, changed' >'tree/file 1.txt'
rm 'tree/file 2.txt'
rclone sync tree emulator:work/tree --log-file sync.log --log-level INFO
[ "$(grep -c ': Copied (' sync.log)" = 1 ] || fail "more was copied than had changed: $(<sync.log)"
[ "$(grep -c ': Deleted' sync.log)" = 1 ] || fail "one file was to go: $(<sync.log)"
rclone check tree emulator:work/tree

# Listings
expect 'deep/' rclone lsf --dirs-only emulator:work/tree
expect 'work' rclone lsf --format p --dir-slash=false emulator:
rclone lsjson -R --files-only --hash emulator:work/tree/deep --include er/big >listed.json
/usr/bin/python3 - "$digest" <<'PYTHON'
import json, sys
[big] = json.load(open("listed.json"))
assert (big["Path"], big["Size"], big["Tier"]) == ("er/big", 5000001, "Hot"), big
assert big["ModTime"].startswith("2024-02-03T04:05:06.789"), big
assert big["Hashes"]["md5"] == sys.argv[1], big
PYTHON

# Parts, streams, times, tiers
expect 'ile 3' rclone cat --offset 1 --count 5 'emulator:work/tree/file 3.txt'
head -c 3000000 /dev/zero | tr '\0' x | rclone rcat --streaming-upload-cutoff 100k emulator:work/streamed
expect 3000000 size_of emulator:work/streamed
rclone touch -t 2020-01-02T03:04:05 emulator:work/streamed
expect '2020-01-02 03:04:05' rclone lsf --format t emulator:work/streamed
rclone settier Cool emulator:work/streamed
expect Cool rclone lsf --format T emulator:work/streamed

# From blob to blob on the server; a rename is a copy and a deletion.
rclone copyto emulator:work/tree/deep/er/big emulator:work/twin --log-file copy.log --log-level INFO
grep -q 'server-side copy' copy.log || fail "the bytes went through rclone: $(<copy.log)"
[ "$(rclone cat emulator:work/twin | md5sum)" = "$digest  -" ] || fail "the copy has other bytes"
rclone moveto emulator:work/twin emulator:work/moved/twin
expect "$digest  twin" rclone md5sum emulator:work/moved
rclone copy emulator:work/tree emulator:another/tree
rclone check --download emulator:work/tree emulator:another/tree
rclone move emulator:another/tree/deep emulator:another/deeper
expect 'empty er/big ünïcode & 100% +plus?.txt' names emulator:another/deeper
expect "" names emulator:another/tree/deep

# What a signature allows, and what it does not.
export RCLONE_CONFIG_READER_TYPE=azureblob
RCLONE_CONFIG_READER_SAS_URL=$endpoint/another?$(sas rl)
export RCLONE_CONFIG_READER_SAS_URL
expect 'empty er/big ünïcode & 100% +plus?.txt' names reader:another/deeper
refused AuthorizationPermissionMismatch rclone deletefile reader:another/deeper/empty

# Taking away
rclone deletefile emulator:another/deeper/empty
refused "directory not found\|doesn't exist\|not found" rclone deletefile emulator:another/deeper/empty
expect 'er/big ünïcode & 100% +plus?.txt' names emulator:another/deeper
rclone delete emulator:another/deeper --include '*.txt'
expect 'er/big' names emulator:another/deeper
rclone purge emulator:another/tree
expect 'deeper/er/big' names emulator:another
rclone purge emulator:another
rclone purge emulator:work
expect "" rclone lsf emulator:
echo "rclone: all as expected, in $SECONDS s"
