// Videos to MP3 on five spot nodes: a program for Azure Batch, written as one for production.
"use strict";
const fs = require("fs");
const path = require("path");
const { setTimeout: pause } = require("timers/promises");
const { BatchServiceClient, BatchSharedKeyCredentials } = require("@azure/batch");
const {
  BlobServiceClient,
  StorageSharedKeyCredential,
  ContainerSASPermissions,
  BlobSASPermissions,
} = require("@azure/storage-blob");
const config = require("./config");

const SAS_LIFE_MS = 2 * 3600 * 1000;
const JOB_DEADLINE_MS = 30 * 60 * 1000;

async function uploadInputs(container) {
  const inputs = [];
  for (const name of fs.readdirSync(config.inputFolder).filter((file) => file.endsWith(".mp4")).sort()) {
    const blob = container.getBlockBlobClient(name);
    await blob.uploadFile(path.join(config.inputFolder, name));
    const url = await blob.generateSasUrl({
      permissions: BlobSASPermissions.parse("r"),
      expiresOn: new Date(Date.now() + SAS_LIFE_MS),
    });
    inputs.push({ name, url });
  }
  return inputs;
}

function poolSpecification() {
  return {
    id: config.poolId,
    vmSize: config.vmSize,
    virtualMachineConfiguration: {
      imageReference: {
        publisher: "Canonical",
        offer: "0001-com-ubuntu-server-focal",
        sku: "20_04-lts",
        version: "latest",
      },
      nodeAgentSKUId: "batch.node.ubuntu 20.04",
    },
    targetDedicatedNodes: 0,
    targetLowPriorityNodes: config.lowPriorityNodes,
    startTask: {
      commandLine: '/bin/bash -c "apt-get update && apt-get install -y ffmpeg"',
      waitForSuccess: true,
      userIdentity: { autoUser: { scope: "pool", elevationLevel: "admin" } },
    },
  };
}

function taskFor({ name, url }, number, outputUrl) {
  const sound = path.parse(name).name + ".mp3";
  return {
    id: `Task${number}`,
    commandLine: `/bin/bash -c "ffmpeg -i ${name} ${sound} "`,
    resourceFiles: [{ httpUrl: url, filePath: name }],
    outputFiles: [
      {
        filePattern: sound,
        destination: { container: { containerUrl: outputUrl } },
        uploadOptions: { uploadCondition: "tasksuccess" },
      },
    ],
  };
}

async function tasksOf(batch) {
  let page = await batch.task.list(config.jobId);
  const tasks = [...page];
  while (page.odatanextLink) {
    page = await batch.task.listNext(page.odatanextLink);
    tasks.push(...page);
  }
  return tasks;
}

async function waitForTasks(batch) {
  const end = Date.now() + JOB_DEADLINE_MS;
  while (Date.now() < end) {
    const tasks = await tasksOf(batch);
    const completed = tasks.filter((task) => task.state === "completed").length;
    console.log(`${completed} of ${tasks.length} tasks completed`);
    if (completed === tasks.length) return tasks;
    await pause(250);
  }
  throw new Error("tasks did not complete in time");
}

async function readText(batch, taskId, name) {
  const answer = await batch.file.getFromTask(config.jobId, taskId, name);
  const chunks = [];
  for await (const chunk of answer.readableStreamBody) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

async function report(batch, task) {
  const { exitCode, result, failureInfo } = task.executionInfo;
  const output = await readText(batch, task.id, "stdout.txt");
  console.log(`${task.id} on ${task.nodeInfo.nodeId}: exit code ${exitCode}, stdout.txt ${output.length} characters`);
  if (result === "success") return true;
  console.error(`${task.id} failed: ${failureInfo.code}\n${await readText(batch, task.id, "stderr.txt")}`);
  return false;
}

async function main() {
  const storage = new BlobServiceClient(
    config.storageUrl,
    new StorageSharedKeyCredential(config.storageAccount, config.storageKey)
  );
  const input = storage.getContainerClient("input");
  const output = storage.getContainerClient("output");
  await input.createIfNotExists();
  await output.createIfNotExists();
  const inputs = await uploadInputs(input);
  const outputUrl = await output.generateSasUrl({
    permissions: ContainerSASPermissions.parse("w"),
    expiresOn: new Date(Date.now() + SAS_LIFE_MS),
  });

  const batch = new BatchServiceClient(
    new BatchSharedKeyCredentials(config.batchAccount, config.batchKey),
    config.batchUrl
  );
  await batch.pool.add(poolSpecification());
  await batch.job.add({ id: config.jobId, poolInfo: { poolId: config.poolId } });
  await batch.task.addCollection(
    config.jobId,
    inputs.map((file, number) => taskFor(file, number, outputUrl))
  );

  let failed = 0;
  for (const task of await waitForTasks(batch)) if (!(await report(batch, task))) ++failed;
  for await (const { name } of output.listBlobsFlat()) {
    await output.getBlobClient(name).downloadToFile(path.join(config.outputFolder, name));
    console.log(`downloaded ${name}`);
  }

  await input.delete();
  await output.delete();
  await batch.job.deleteMethod(config.jobId);
  await batch.pool.deleteMethod(config.poolId);
  return failed;
}

main().then(
  (failed) => process.exit(failed ? 1 : 0),
  (error) => {
    console.error(`refused: ${error.code ?? error.name} ${error.body?.message?.value ?? error.message}`);
    process.exit(1);
  }
);
