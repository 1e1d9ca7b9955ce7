// HTTPS with the certificate that `start --tls` makes: NODE_EXTRA_CA_CERTS is all that a Node program needs.
"use strict";
const test = require("node:test");
const assert = require("node:assert/strict");
const { spawnSync } = require("child_process");
const { BatchServiceClient, BatchSharedKeyCredentials } = require("@azure/batch");
const { BlobServiceClient } = require("@azure/storage-blob");

const env = process.env;

test("both services are reached by HTTPS", async () => {
  assert.match(env.AZURE_BATCH_ENDPOINT, /^https:/);
  assert.match(env.AZURE_STORAGE_CONNECTION_STRING, /BlobEndpoint=https:/);
  const credentials = new BatchSharedKeyCredentials(env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY);
  const batch = new BatchServiceClient(credentials, env.AZURE_BATCH_ENDPOINT);
  await batch.job.add({ id: "secret", poolInfo: { poolId: "nowhere" } });
  const job = await batch.job.get("secret");
  assert.equal(job.url, `${env.AZURE_BATCH_ENDPOINT}/jobs/secret`);
  const container = BlobServiceClient.fromConnectionString(env.AZURE_STORAGE_CONNECTION_STRING).getContainerClient("sec");
  await container.create();
  const blob = container.getBlockBlobClient("b");
  await blob.uploadData(Buffer.alloc(300000, "x"));
  assert.equal((await blob.downloadToBuffer()).length, 300000);
});

test("a program that does not know the authority refuses to talk", () => {
  const code = `fetch(${JSON.stringify(env.AZURE_BATCH_ENDPOINT)}).then(() => process.exit(0), (e) => {
    console.log(e.cause.code);
    process.exit(3);
  });`;
  const without = { ...env };
  delete without.NODE_EXTRA_CA_CERTS;
  const { status, stdout } = spawnSync(process.execPath, ["-e", code], { env: without, encoding: "utf8" });
  assert.equal(status, 3);
  assert.match(stdout, /CERT|SIGNATURE|ISSUER/);
});
