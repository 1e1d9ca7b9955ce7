"""Templates of pools and jobs that `run` takes."""


def pool(name, nodes=1, sku="22_04-lts", start=None):
    properties = {"id": name, "vmSize": "standard_a1_v2", "targetDedicatedNodes": nodes, "virtualMachineConfiguration": {
        "imageReference": {"publisher": "canonical", "offer": "0001-com-ubuntu-server-jammy", "sku": sku},
        "nodeAgentSKUId": "batch.node.ubuntu 22.04"}}
    if start:
        properties["startTask"] = {"commandLine": start, "waitForSuccess": True}
    return {"pool": {"properties": properties}}


def job(name, pool, tasks):
    return {"job": {"type": "Microsoft.Batch/batchAccounts/jobs", "properties": {
        "id": name, "poolInfo": {"poolId": pool}, "taskFactory": tasks}}}


def upper_case_job(name, pool):
    """A task for each text that is put in, whose output is the text in capitals."""
    return job(name, pool, {"type": "taskPerFile", "source": {"fileGroup": "texts"}, "repeatTask": {
        "commandLine": "/bin/sh -c \"tr a-z A-Z < {fileName} > {fileNameWithoutExtension}.out\"",
        "resourceFiles": [{"httpUrl": "{url}", "filePath": "{fileName}"}],
        "outputFiles": [{"filePattern": "{fileNameWithoutExtension}.out",
                         "destination": {"autoStorage": {"path": "{fileNameWithoutExtension}.out",
                                                         "fileGroup": "results"}},
                         "uploadOptions": {"uploadCondition": "TaskSuccess"}}]}})
