// What a user fills in for a production account. Tests put a config.js of their own beside the program.
module.exports = {
  batchAccount: "examplebatch",
  batchKey: "",
  batchUrl: "https://examplebatch.westeurope.batch.azure.com",
  storageAccount: "examplestorage",
  storageKey: "",
  storageUrl: "https://examplestorage.blob.core.windows.net",
  poolId: "LinuxFfmpegPool",
  vmSize: "STANDARD_A1_v2",
  lowPriorityNodes: 5,
  jobId: "LinuxFfmpegJob",
  inputFolder: "InputFiles",
  outputFolder: "OutputFiles",
};
