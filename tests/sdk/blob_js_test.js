// @azure/storage-blob against the Blob endpoint, where the environment of `batchite env` says it is.
"use strict";
const assert = require("node:assert");
const test = require("node:test");
const {
  BlobSASPermissions, BlobServiceClient, ContainerClient, SASProtocol,
  StorageSharedKeyCredential, generateBlobSASQueryParameters,
} = require("@azure/storage-blob");

const service = BlobServiceClient.fromConnectionString(process.env.AZURE_STORAGE_CONNECTION_STRING);
const key = new StorageSharedKeyCredential(process.env.AZURE_STORAGE_ACCOUNT, process.env.AZURE_STORAGE_KEY);
let count = 0;

async function container() {
  const client = service.getContainerClient(`js-${++count}`);
  await client.create();
  return client;
}

async function put(client, name, text = "hello", options = {}) {
  const blob = client.getBlockBlobClient(name);
  await blob.upload(text, text.length, options);
  return blob;
}

const refused = (promise, status, code) =>
  assert.rejects(promise, (error) => error.statusCode === status && error.code === code);

const text = async (blob) => (await blob.downloadToBuffer()).toString();

test("leases keep others off", async () => {
  const blob = await put(await container(), "a");
  const lease = blob.getBlobLeaseClient();
  await lease.acquireLease(15);
  await refused(blob.delete(), 412, "LeaseIdMissing");
  assert.equal((await blob.getProperties()).leaseState, "leased");
  await lease.releaseLease();
  await blob.delete();
});

test("a snapshot stays what the blob was", async () => {
  const client = await container();
  const blob = await put(client, "a", "first");
  const { snapshot } = await blob.createSnapshot();
  await blob.upload("second", 6);
  assert.equal(await text(blob.withSnapshot(snapshot)), "first");
  const seen = [];
  for await (const item of client.listBlobsFlat({ includeSnapshots: true })) seen.push(item.snapshot || "");
  assert.deepEqual(seen, [snapshot, ""]);
  await blob.delete({ deleteSnapshots: "include" });
});

test("append and page blobs are written piece by piece", async () => {
  const client = await container();
  const log = client.getAppendBlobClient("log");
  await log.create();
  await log.appendBlock("one,", 4);
  assert.equal((await log.appendBlock("two", 3)).blobAppendOffset, "4");
  assert.equal(await text(log), "one,two");
  const disk = client.getPageBlobClient("disk");
  await disk.create(2048);
  await disk.uploadPages("x".repeat(512), 512, 512);
  const { pageRange } = await disk.getPageRanges();
  assert.deepEqual(pageRange, [{ offset: 512, count: 511 }]);  // the client counts to the last byte, not behind it
});

test("tags find blobs", async () => {
  const client = await container();
  await put(client, "a", "x", { tags: { state: "new" } });
  await put(client, "b", "x", { tags: { state: "old" } });
  const found = [];
  for await (const item of client.findBlobsByTags("state='new'")) found.push(item.name);
  assert.deepEqual(found, ["a"]);
  assert.deepEqual((await client.getBlobClient("b").getTags()).tags, { state: "old" });
});

test("a batch answers for each of its parts", async () => {
  const client = await container();
  const blobs = [await put(client, "a"), await put(client, "b"), client.getBlobClient("missing")];
  const answer = await service.getBlobBatchClient().deleteBlobs(blobs.map((blob) => blob.url), key);
  assert.deepEqual(answer.subResponses.map((part) => part.status), [202, 202, 404]);
});

test("policies and signatures open what they say", async () => {
  const client = await container();
  const blob = await put(client, "a");
  await client.setAccessPolicy("container", [{ id: "readers", accessPolicy: { permissions: "r",
    startsOn: new Date(Date.now() - 60_000), expiresOn: new Date(Date.now() + 3_600_000) } }]);
  const { signedIdentifiers, blobPublicAccess } = await client.getAccessPolicy();
  assert.deepEqual([signedIdentifiers[0].id, blobPublicAccess], ["readers", "container"]);
  const anybody = new ContainerClient(client.url);
  assert.equal(await text(anybody.getBlobClient("a")), "hello");
  await client.setAccessPolicy();
  await refused(anybody.getBlobClient("a").download(), 401, "NoAuthenticationInformation");
  const query = generateBlobSASQueryParameters({ containerName: client.containerName, blobName: "a",
    permissions: BlobSASPermissions.parse("r"), protocol: SASProtocol.HttpsAndHttp,
    expiresOn: new Date(Date.now() + 3_600_000) }, key);
  const copy = client.getBlockBlobClient("copy");
  await copy.syncUploadFromURL(`${blob.url}?${query}`);
  assert.equal(await text(copy), "hello");
});
