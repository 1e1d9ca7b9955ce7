// The tutorial's whole workflow by @azure/batch and @azure/storage-blob.
"use strict";
const test = require("node:test");
const assert = require("node:assert/strict");
const { execFileSync, spawnSync } = require("child_process");
const fs = require("fs");
const path = require("path");

const scratch = process.env.BATCHITE_TEST_TMP;
const run = (program, ...words) => execFileSync(program, words, { encoding: "utf8" }).trim();

function makeVideo(file, seconds) {
  run("ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", `testsrc=duration=${seconds}:size=160x90:rate=5`,
    "-f", "lavfi", "-i", `sine=duration=${seconds}`, "-shortest", file);
}

test("the tutorial's program turns five videos into MP3s with nothing but its configuration changed", () => {
  const inputFolder = path.join(scratch, "InputFiles");
  const outputFolder = path.join(scratch, "OutputFiles");
  fs.mkdirSync(inputFolder);
  fs.mkdirSync(outputFolder);
  for (let n = 1; n <= 5; ++n) makeVideo(path.join(inputFolder, `LowPriVMs-${n}.mp4`), n + 1);

  const config = {
    ...require("./tutorial/config"),
    batchAccount: process.env.AZURE_BATCH_ACCOUNT,
    batchKey: process.env.AZURE_BATCH_ACCESS_KEY,
    batchUrl: process.env.AZURE_BATCH_ENDPOINT,
    storageAccount: process.env.AZURE_STORAGE_ACCOUNT,
    storageKey: process.env.AZURE_STORAGE_KEY,
    storageUrl: /BlobEndpoint=([^;]+)/.exec(process.env.AZURE_STORAGE_CONNECTION_STRING)[1],
    inputFolder,
    outputFolder,
  };
  const program = path.join(scratch, "convert_videos.js");
  fs.copyFileSync(path.join(__dirname, "tutorial", "convert_videos.js"), program);
  fs.writeFileSync(path.join(scratch, "config.js"), `module.exports = ${JSON.stringify(config)};\n`);
  const env = { ...process.env, NODE_PATH: path.join(__dirname, "node_modules") };
  const { status, stdout, stderr } = spawnSync(process.execPath, [program], { env, encoding: "utf8" });

  assert.equal(status, 0, `the user sees:\n${stdout}\n${stderr}`);
  for (let n = 1; n <= 5; ++n) {
    const sound = path.join(outputFolder, `LowPriVMs-${n}.mp3`);
    const seconds = Number(run("ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", sound));
    assert.ok(Math.abs(seconds - (n + 1)) < 0.3, `${sound} lasts ${seconds} s`);
    assert.match(stdout, new RegExp(`Task${n - 1} on tvmps_[0-9a-f]{64}_p: exit code 0, stdout.txt`));
  }
  assert.equal(fs.readdirSync(outputFolder).length, 5);
});
