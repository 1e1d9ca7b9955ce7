#!/bin/bash
# The tutorial's workflow and the rest of the `az batch` and `az storage` commands that need no Azure Resource Manager.
# Accounts, keys and addresses come from the environment, as `batchite env` prints them. Each az takes a second, so what
# can run at the same time does.
set -euo pipefail
export AZURE_CORE_COLLECT_TELEMETRY=no AZURE_CORE_ONLY_SHOW_ERRORS=yes AZURE_CORE_NO_COLOR=yes AZURE_CORE_DISABLE_PROGRESS_BAR=yes
eval "$("$BATCHITE_PROGRAM" env --batch-url "$AZURE_BATCH_ENDPOINT" --blob-url "$BATCHITE_TEST_BLOB_URL")"

source "$(dirname "$0")/shell.sh"

az version -o none  # makes az's index of its commands, once for all
mkdir videos sounds
for n in 1 2 3 4 5; do
  ffmpeg -nostdin -v error -f lavfi -i "testsrc=duration=2:size=160x90:rate=5" -f lavfi -i "sine=duration=2" -shortest \
    "videos/LowPriVMs-$n.mp4"
done

cat >pool.json <<'POOL'
{
  "id": "LinuxFfmpegPool",
  "vmSize": "standard_a1_v2",
  "virtualMachineConfiguration": {
    "imageReference": {"publisher": "Canonical", "offer": "0001-com-ubuntu-server-focal", "sku": "20_04-lts"},
    "nodeAgentSKUId": "batch.node.ubuntu 20.04"
  },
  "targetLowPriorityNodes": 5,
  "startTask": {
    "commandLine": "/bin/bash -c \"apt-get update && apt-get install -y ffmpeg\"",
    "waitForSuccess": true,
    "userIdentity": {"autoUser": {"scope": "pool", "elevationLevel": "admin"}}
  }
}
POOL

input() {
  az storage container create -n input -o none
  expect 5 az storage blob upload-batch -d input -s videos --query 'length(@)' -o tsv
  az storage container generate-sas -n input --permissions r --expiry 2099-01-01T00:00Z -o tsv >input.sas
}
output() {
  az storage container create -n output -o none
  az storage container generate-sas -n output --permissions w --expiry 2099-01-01T00:00Z -o tsv >output.sas
}
pool() {
  az batch pool create --json-file pool.json -o none
  az batch job create --id LinuxFfmpegJob --pool-id LinuxFfmpegPool --priority 10 -o none
}
together input output pool

account=$BATCHITE_TEST_BLOB_URL/$AZURE_STORAGE_ACCOUNT
for n in 1 2 3 4 5; do
  name=LowPriVMs-$n
  cat <<TASK
{
  "id": "Task$n",
  "commandLine": "/bin/bash -c \"ffmpeg -nostdin -i $name.mp4 $name.mp3 && echo converted\"",
  "resourceFiles": [{"httpUrl": "$account/input/$name.mp4?$(<input.sas)", "filePath": "$name.mp4"}],
  "outputFiles": [{
    "filePattern": "$name.mp3",
    "destination": {"container": {"containerUrl": "$account/output?$(<output.sas)"}},
    "uploadOptions": {"uploadCondition": "taskSuccess"}
  }]
}
TASK
done | sed '$!s/^}$/},/' >list
{ echo '['; cat list; echo ']'; } >tasks.json
az batch task create --job-id LinuxFfmpegJob --json-file tasks.json --query '[].status' -o tsv >added
[ "$(sort -fu added | tr '[:upper:]' '[:lower:]')" = success ] || fail "tasks were not added: $(cat added)"

end=$((SECONDS + 60))
until [ "$(az batch task list --job-id LinuxFfmpegJob --query "[?state=='completed'] | length(@)" -o tsv)" = 5 ]; do
  [ "$SECONDS" -lt "$end" ] || fail "tasks do not complete: $(az batch task list --job-id LinuxFfmpegJob -o json)"
done

sounds() {
  expect 5 az storage blob download-batch -s output -d sounds --query 'length(@)' -o tsv
  for n in 1 2 3 4 5; do ffmpeg -nostdin -v error -i "sounds/LowPriVMs-$n.mp3" -f null - || fail "no MP3: $n"; done
}
show_task() {
  expect $'completed\t0\tsuccess' az batch task show --job-id LinuxFfmpegJob --task-id Task1 \
    --query '[[state, executionInfo.exitCode, executionInfo.result]]' -o tsv
  az batch task file download --job-id LinuxFfmpegJob --task-id Task1 --file-path stdout.txt --destination ./stdout.txt
  [ "$(<stdout.txt)" = converted ] || fail "stdout.txt is $(<stdout.txt)"
}
files() {
  az batch task file list --job-id LinuxFfmpegJob --task-id Task2 --recursive true --query '[].name' -o tsv >files
  grep -qx 'wd/LowPriVMs-2.mp3' files || fail "the files of Task2: $(<files)"
}
lists() {
  expect $'LinuxFfmpegPool\tsteady\t5' az batch pool list \
    --query '[].[id, allocationState, currentLowPriorityNodes]' -o tsv
  expect $'LinuxFfmpegJob\tactive\t10' az batch job list --query '[].[id, state, priority]' -o tsv
}
counts() {
  expect 5 az batch job task-counts show --job-id LinuxFfmpegJob --query taskCounts.succeeded -o tsv
  expect 5 az batch node list --pool-id LinuxFfmpegPool --query "length([?state=='idle'])" -o tsv
}
refusals() {
  refused 'The specified pool does not exist.' az batch pool show --pool-id none
  refused 'The specified job already exists.' az batch job create --id LinuxFfmpegJob --pool-id LinuxFfmpegPool
  refused 'The specified job does not exist.' az batch task create --job-id none --task-id t --command-line /bin/true
}
wrong_key() {
  refused 'Server failed to authenticate the request.' az batch pool list --account-key d3Jvbmc= --account-name "$AZURE_BATCH_ACCOUNT" \
    --account-endpoint "$AZURE_BATCH_ENDPOINT"
}
together sounds show_task files lists counts refusals wrong_key

job() {
  # No `az batch job disable`: Debian's az 2.45 takes no value for its --disable-tasks, and needs one.
  refused 'not valid for the current state' az batch job enable --job-id LinuxFfmpegJob
  az batch task create --job-id LinuxFfmpegJob --task-id later --command-line 'sleep 600' -o none
  az batch task stop --job-id LinuxFfmpegJob --task-id later
  expect TaskEnded az batch task show --job-id LinuxFfmpegJob --task-id later --query executionInfo.failureInfo.code -o tsv
  az batch job set --job-id LinuxFfmpegJob --priority 20
  az batch job stop --job-id LinuxFfmpegJob --terminate-reason enough
  expect $'20\tenough' az batch job show --job-id LinuxFfmpegJob --query '[[priority, executionInfo.terminateReason]]' -o tsv
}
resize() {
  az batch pool resize --pool-id LinuxFfmpegPool --target-dedicated-nodes 0 --target-low-priority-nodes 2
  expect 2 az batch pool show --pool-id LinuxFfmpegPool --query targetLowPriorityNodes -o tsv
}
blobs() {
  az storage blob upload -c input -n one.txt -f pool.json -o none
  refused 'The specified blob already exists' az storage blob upload -c input -n one.txt -f pool.json
  az storage blob download -c input -n one.txt -f one.txt -o none
  cmp pool.json one.txt || fail "a blob came back changed"
  expect $'one.txt\t'"$(stat -c %s pool.json)" az storage blob list -c input --prefix one \
    --query '[].[name, properties.contentLength]' -o tsv
  az storage blob delete -c input -n one.txt
}
node() {
  expect linux az batch pool supported-images list --query "[?osType=='linux'] | [0].osType" -o tsv
}
together job resize blobs node

away_job() { az batch job delete --job-id LinuxFfmpegJob --yes; }
away_pool() { az batch pool delete --pool-id LinuxFfmpegPool --yes; }
away_containers() {
  az storage container delete -n input -o none
  expect output az storage container list --query '[].name' -o tsv
}
together away_job away_pool away_containers

curl -sSf "$AZURE_BATCH_ENDPOINT/_batchite/health" >/dev/null || fail "curl does not reach the emulator's health page"
echo "az: all as expected, in $SECONDS s"
