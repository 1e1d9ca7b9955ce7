// @azure/batch where it differs from the Python SDK: a content type on every request, UTF-8 bodies, streams, errors.
"use strict";
const test = require("node:test");
const assert = require("node:assert/strict");
const { setTimeout: pause } = require("timers/promises");
const { BatchServiceClient, BatchSharedKeyCredentials } = require("@azure/batch");
const { BlobServiceClient } = require("@azure/storage-blob");

const env = process.env;
const batch = new BatchServiceClient(
  new BatchSharedKeyCredentials(env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY),
  env.AZURE_BATCH_ENDPOINT,
  { noRetryPolicy: true }
);
const vm = {
  imageReference: { publisher: "Canonical", offer: "0001-com-ubuntu-server-focal", sku: "20_04-lts", version: "latest" },
  nodeAgentSKUId: "batch.node.ubuntu 20.04",
};

// The first truthy value of look(); fails with `what` when time is up.
async function eventually(look, what, deadlineMs = 30000) {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const value = await look();
    if (value) return value;
    if (Date.now() > end) throw new Error(`after ${deadlineMs} ms still not: ${what}`);
    await pause(20);
  }
}

const completed = (jobId, taskId) =>
  eventually(async () => {
    const task = await batch.task.get(jobId, taskId);
    return task.state === "completed" && task;
  }, `${taskId} is completed`);

async function bytesOf(answer) {
  const chunks = [];
  for await (const chunk of answer.readableStreamBody) chunks.push(chunk);
  return Buffer.concat(chunks);
}

// What the user of the SDK gets to see of a refusal.
async function refused(status, code, call) {
  await assert.rejects(call, (error) => {
    assert.equal(error.statusCode, status, `the user sees: ${error.message}`);
    if (code !== undefined) assert.equal(error.code, code);
    if (code) assert.match(error.body.message.value, /\nRequestId:[0-9a-f-]{36}\nTime:\d{4}-/);
    return true;
  });
}

test.before(async () => {
  await batch.pool.add({ id: "js", vmSize: "standard_a1_v2", virtualMachineConfiguration: vm, targetDedicatedNodes: 1 });
  await batch.job.add({ id: "js", poolInfo: { poolId: "js" } });
});

test("a pool with names of many tongues comes back as it was", async () => {
  const metadata = [{ name: "Größe", value: "大きい 🎬" }];
  const added = await batch.pool.add({
    id: "tongues",
    displayName: "Пул № 1 – “ünï” 🚀",
    vmSize: "STANDARD_A1_v2",
    virtualMachineConfiguration: vm,
    resizeTimeout: "PT06M00S",
    metadata,
  });
  assert.equal(added._response.status, 201);
  assert.match(added.eTag, /^0x[0-9A-F]{15}$/);
  const pool = await batch.pool.get("tongues");
  assert.equal(pool.displayName, "Пул № 1 – “ünï” 🚀");
  assert.deepEqual(pool.metadata.map(({ name, value }) => ({ name, value })), metadata);
  assert.equal(pool.resizeTimeout, "PT6M");
  assert.ok(pool.creationTime instanceof Date && Math.abs(Date.now() - pool.creationTime) < 60000);
  assert.equal(pool.eTag, added.eTag);

  await batch.pool.patch("tongues", { metadata: [{ name: "n", value: "é" }] }, { poolPatchOptions: { ifMatch: pool.eTag } });
  assert.equal((await batch.pool.get("tongues")).metadata[0].value, "é");
  await refused(412, "ConditionNotMet", () =>
    batch.pool.patch("tongues", { metadata: [] }, { poolPatchOptions: { ifMatch: pool.eTag } })
  );
  await batch.pool.deleteMethod("tongues");
  await eventually(async () => !(await batch.pool.exists("tongues")).body, "the pool is gone");
});

test("requests without a body, with their content type, are taken: GET, HEAD, POST, DELETE", async () => {
  assert.equal((await batch.pool.exists("js")).body, true);
  assert.equal((await batch.pool.exists("none")).body, false);
  await batch.job.add({ id: "bodies", poolInfo: { poolId: "nowhere" } });
  assert.equal((await batch.job.disable("bodies", "requeue"))._response.status, 202);
  await eventually(async () => (await batch.job.get("bodies")).state === "disabled", "the job is disabled");
  assert.equal((await batch.job.enable("bodies"))._response.status, 202);
  await batch.task.add("bodies", { id: "t", commandLine: "/bin/true" });
  assert.equal((await batch.task.terminate("bodies", "t"))._response.status, 204);
  assert.equal((await batch.task.reactivate("bodies", "t"))._response.status, 204);
  assert.equal((await batch.task.deleteMethod("bodies", "t"))._response.status, 200);
  assert.equal((await batch.job.terminate("bodies"))._response.status, 202);
  assert.equal((await batch.job.deleteMethod("bodies"))._response.status, 202);
});

test("a task says in UTF-8 what it was told in UTF-8, and its files come as streams", async () => {
  const text = "Grüße, 世界 🌍";
  await batch.task.add("js", {
    id: "utf8",
    displayName: text,
    commandLine: "/bin/sh -c 'echo $TEXT; head -c 3000000 /dev/zero > zeros'",
    environmentSettings: [{ name: "TEXT", value: text }],
  });
  const task = await completed("js", "utf8");
  assert.equal(task.displayName, text);
  assert.equal(task.executionInfo.exitCode, 0);
  assert.ok(task.executionInfo.startTime instanceof Date);
  assert.equal((await bytesOf(await batch.file.getFromTask("js", "utf8", "stdout.txt"))).toString(), text + "\n");
  assert.equal((await bytesOf(await batch.file.getFromTask("js", "utf8", "wd/zeros"))).length, 3000000);
  const part = await batch.file.getFromTask("js", "utf8", "stdout.txt", {
    fileGetFromTaskOptions: { ocpRange: "bytes=0-3" },
  });
  assert.equal((await bytesOf(part)).toString(), "Grü");
  const properties = await batch.file.getPropertiesFromTask("js", "utf8", "wd/zeros");
  assert.equal(properties.contentLength, 3000000);
  assert.equal(String(properties.ocpBatchFileIsdirectory), "False"); // the SDK leaves the header's text as it is
  const files = await batch.file.listFromTask("js", "utf8", { recursive: true });
  const zeros = files.find(({ name }) => name === "wd/zeros");
  assert.equal(zeros.properties.contentLength, 3000000);
  await batch.file.deleteFromTask("js", "utf8", "wd/zeros");
  await refused(404, undefined, () => batch.file.getFromTask("js", "utf8", "wd/zeros"));
});

test("a hundred tasks are added at once and listed in pages", async () => {
  await batch.job.add({ id: "pages", poolInfo: { poolId: "nowhere" } });
  const tasks = Array.from({ length: 100 }, (_, n) => ({ id: `t${n}`, commandLine: "/bin/true", displayName: `№ ${n}` }));
  const results = await batch.task.addCollection("pages", tasks);
  assert.deepEqual([...new Set(results.value.map(({ status }) => status.toLowerCase()))], ["success"]);
  const again = await batch.task.addCollection("pages", [tasks[0]]);
  assert.equal(again.value[0].status.toLowerCase(), "clienterror");
  assert.equal(again.value[0].error.code, "TaskExists");
  let page = await batch.task.list("pages", { taskListOptions: { maxResults: 40, select: "id,displayName" } });
  const sizes = [page.length];
  while (page.odatanextLink) {
    page = await batch.task.listNext(page.odatanextLink);
    sizes.push(page.length);
  }
  assert.deepEqual(sizes, [40, 40, 20]);
  const found = await batch.task.list("pages", { taskListOptions: { filter: "startswith(id,'t9') and state eq 'active'" } });
  assert.equal(found.length, 11);
  const counts = await batch.job.getTaskCounts("pages");
  assert.equal(counts.taskCounts.active, 100);
  await refused(413, "RequestBodyTooLarge", () =>
    batch.task.addCollection("pages", [{ id: "huge", commandLine: "x".repeat(1500000) }])
  );
  await batch.job.deleteMethod("pages");
});

test("refusals carry the service's code and status", async () => {
  await refused(404, "PoolNotFound", () => batch.pool.get("none"));
  await refused(404, "JobNotFound", () => batch.job.get("none"));
  await refused(404, "TaskNotFound", () => batch.task.get("js", "none"));
  await refused(409, "PoolExists", () =>
    batch.pool.add({ id: "JS", vmSize: "small", virtualMachineConfiguration: vm })
  );
  await refused(400, "InvalidPropertyValue", () => batch.job.add({ id: "no blanks", poolInfo: { poolId: "js" } }));
  await refused(400, "OutOfRangePriority", () => batch.job.add({ id: "p", priority: 2000, poolInfo: { poolId: "js" } }));
  await refused(400, "InvalidQueryParameterValue", () => batch.pool.list({ poolListOptions: { filter: "id ~ 'x'" } }));
  await refused(304, undefined, async () => {
    const { eTag } = await batch.job.get("js");
    await batch.job.get("js", { jobGetOptions: { ifNoneMatch: eTag } });
  });
  await refused(409, "OperationInvalidForCurrentState", () =>
    batch.pool.evaluateAutoScale("js", "$TargetDedicatedNodes=1")
  );
  const stranger = new BatchServiceClient(
    new BatchSharedKeyCredentials(env.AZURE_BATCH_ACCOUNT, Buffer.from("wrong").toString("base64")),
    env.AZURE_BATCH_ENDPOINT
  );
  await refused(403, "AuthenticationFailed", () => stranger.pool.list());
});

test("nodes are listed, drained and filled again", async () => {
  const nodes = await eventually(async () => {
    const found = await batch.computeNode.list("js");
    return found.length === 1 && ["idle", "running"].includes(found[0].state) && found;
  }, "a node is ready");
  const [{ id }] = nodes;
  await batch.computeNode.disableScheduling("js", id, { nodeDisableSchedulingOption: "taskcompletion" });
  await eventually(async () => (await batch.computeNode.get("js", id)).state === "offline", "the node is offline");
  await batch.computeNode.enableScheduling("js", id);
  await batch.computeNode.addUser("js", id, { name: "grace", password: "S3cret!" });
  await refused(409, "NodeUserExists", () => batch.computeNode.addUser("js", id, { name: "grace", password: "x" }));
  await batch.computeNode.deleteUser("js", id, "grace");
  const login = await batch.computeNode.getRemoteLoginSettings("js", id);
  assert.equal(typeof login.remoteLoginPort, "number");
  await batch.computeNode.reboot("js", id);
  await eventually(async () => (await batch.computeNode.get("js", id)).state === "idle", "the node is back");
});

test("@azure/storage-blob uploads in blocks, with any newer version of the service", async () => {
  const blobs = BlobServiceClient.fromConnectionString(env.AZURE_STORAGE_CONNECTION_STRING);
  const container = blobs.getContainerClient("js-blobs");
  await container.create({ metadata: { purpose: "test" } });
  const bytes = Buffer.alloc(5 << 20, "abcdefg");
  const blob = container.getBlockBlobClient("folder/ü & more.bin");
  await blob.uploadData(bytes, {
    blockSize: 1 << 20,
    maxSingleShotSize: 1 << 20,
    concurrency: 4,
    blobHTTPHeaders: { blobContentType: "video/mp4" },
    metadata: { a: "b" },
  });
  const properties = await blob.getProperties();
  assert.equal(properties.contentLength, bytes.length);
  assert.equal(properties.contentType, "video/mp4");
  assert.deepEqual(properties.metadata, { a: "b" });
  assert.ok((await blob.downloadToBuffer()).equals(bytes));
  assert.equal((await blob.downloadToBuffer(7, 7)).toString(), "abcdefg");
  const names = [];
  for await (const item of container.listBlobsByHierarchy("/")) names.push(`${item.kind} ${item.name}`);
  assert.deepEqual(names, ["prefix folder/"]);
  await assert.rejects(() => container.create(), { statusCode: 409, code: "ContainerAlreadyExists" });
  await assert.rejects(() => container.getBlobClient("none").download(), { statusCode: 404, code: "BlobNotFound" });
  await container.delete();
});

test.after(async () => {
  await batch.job.deleteMethod("js");
  await batch.pool.deleteMethod("js");
});
