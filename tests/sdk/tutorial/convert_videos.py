"""Videos to MP3 on five spot nodes: a program for Azure Batch, written as one for production.

Everything that names an account, an endpoint or a size stands in config.py.
"""
import datetime
import os
import sys
import time

import config
from azure.batch import BatchServiceClient, models
from azure.batch.batch_auth import SharedKeyCredentials
from storage import open_storage

INPUT_CONTAINER, OUTPUT_CONTAINER = "input", "output"
JOB_DEADLINE = datetime.timedelta(minutes=30)


def create_pool(batch):
    batch.pool.add(models.PoolAddParameter(
        id=config.POOL_ID,
        vm_size=config.POOL_VM_SIZE,
        virtual_machine_configuration=models.VirtualMachineConfiguration(
            image_reference=models.ImageReference(publisher="Canonical", offer="0001-com-ubuntu-server-focal",
                                                  sku="20_04-lts", version="latest"),
            node_agent_sku_id="batch.node.ubuntu 20.04"),
        target_dedicated_nodes=config.DEDICATED_NODES,
        target_low_priority_nodes=config.LOW_PRIORITY_NODES,
        start_task=models.StartTask(
            command_line='/bin/bash -c "apt-get update && apt-get install -y ffmpeg"',
            wait_for_success=True,
            user_identity=models.UserIdentity(auto_user=models.AutoUserSpecification(
                scope=models.AutoUserScope.pool, elevation_level=models.ElevationLevel.admin)))))


def add_tasks(batch, inputs, output_url):
    tasks = []
    for number, (name, url) in enumerate(inputs):
        sound = os.path.splitext(name)[0] + ".mp3"
        tasks.append(models.TaskAddParameter(
            id=f"Task{number}",
            command_line=f'/bin/bash -c "ffmpeg -i {name} {sound} "',
            resource_files=[models.ResourceFile(http_url=url, file_path=name)],
            output_files=[models.OutputFile(
                file_pattern=sound,
                destination=models.OutputFileDestination(
                    container=models.OutputFileBlobContainerDestination(container_url=output_url)),
                upload_options=models.OutputFileUploadOptions(
                    upload_condition=models.OutputFileUploadCondition.task_success))]))
    batch.task.add_collection(config.JOB_ID, tasks)


def wait_for_tasks(batch):
    end = datetime.datetime.now() + JOB_DEADLINE
    while datetime.datetime.now() < end:
        tasks = list(batch.task.list(config.JOB_ID))
        waiting = [task for task in tasks if task.state != models.TaskState.completed]
        print(f"{len(tasks) - len(waiting)} of {len(tasks)} tasks completed", flush=True)
        if not waiting:
            return tasks
        time.sleep(0.25)
    raise RuntimeError(f"tasks did not complete within {JOB_DEADLINE}")


def read_text(batch, task, name):
    return b"".join(batch.file.get_from_task(config.JOB_ID, task.id, name)).decode()


def main():
    storage = open_storage(config.STORAGE_SDK, config.STORAGE_ACCOUNT_NAME, config.STORAGE_ACCOUNT_KEY,
                           config.STORAGE_ACCOUNT_URL)
    for container in (INPUT_CONTAINER, OUTPUT_CONTAINER):
        storage.create_container(container)
    videos = sorted(os.path.join(config.INPUT_FOLDER, name) for name in os.listdir(config.INPUT_FOLDER)
                    if name.endswith(".mp4"))
    inputs = [(os.path.basename(path), storage.upload(INPUT_CONTAINER, path)) for path in videos]

    credentials = SharedKeyCredentials(config.BATCH_ACCOUNT_NAME, config.BATCH_ACCOUNT_KEY)
    batch = BatchServiceClient(credentials, batch_url=config.BATCH_ACCOUNT_URL)
    try:
        create_pool(batch)
        batch.job.add(models.JobAddParameter(id=config.JOB_ID, pool_info=models.PoolInformation(
            pool_id=config.POOL_ID)))
        add_tasks(batch, inputs, storage.writable_url(OUTPUT_CONTAINER))
        failed = []
        for task in wait_for_tasks(batch):
            information = task.execution_info
            print(f"{task.id} on {task.node_info.node_id}: exit code {information.exit_code}, "
                  f"stdout.txt {len(read_text(batch, task, 'stdout.txt'))} characters")
            if information.result != models.TaskExecutionResult.success:
                failed.append(task.id)
                print(f"{task.id} failed: {information.failure_info.code} {information.failure_info.message}\n"
                      f"{read_text(batch, task, 'stderr.txt')}", file=sys.stderr)
        for name in storage.names(OUTPUT_CONTAINER):
            storage.download(OUTPUT_CONTAINER, name, os.path.join(config.OUTPUT_FOLDER, name))
            print(f"downloaded {name}")
    except models.BatchErrorException as error:
        print(f"Batch refused: {error.error.code}: {error.error.message.value}", file=sys.stderr)
        for value in error.error.values or []:
            print(f"  {value.key}: {value.value}", file=sys.stderr)
        raise
    for container in (INPUT_CONTAINER, OUTPUT_CONTAINER):
        storage.delete_container(container)
    batch.job.delete(config.JOB_ID)
    batch.pool.delete(config.POOL_ID)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
