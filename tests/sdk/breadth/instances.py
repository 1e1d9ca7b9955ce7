"""Multi-instance tasks, with Open MPI as its tutorials have it."""
import os
import shutil
import unittest

from azure.batch import models

from .case import Case

import clients

HELLO = os.path.join(os.path.dirname(__file__), "..", "..", "..", "fixtures", "mpi", "hello.c")


class Instances(Case):
    def nodes_together(self, count, **more):
        pool_id = self.new_pool(target_dedicated_nodes=count, enable_inter_node_communication=True, **more)
        self.idle_nodes(pool_id, count)
        return self.new_job(pool_id)

    def add(self, job_id, instances, command, coordination="true", files=None):
        return self.add_task(job_id, f"/bin/sh -c '{command}'", multi_instance_settings=models.MultiInstanceSettings(
            number_of_instances=instances, coordination_command_line=f"/bin/sh -c '{coordination}'",
            common_resource_files=files))

    def subtasks(self, job_id, task_id):
        return self.client.task.list_subtasks(job_id, task_id).value

    def file_of(self, subtask, name):
        place = subtask.node_info
        return self.read(self.client.file.get_from_compute_node(
            place.pool_id, place.node_id, f"{place.task_root_directory}/{name}")).decode()

    @unittest.skipUnless(shutil.which("mpicc") and shutil.which("mpirun"), "openmpi-bin and libopenmpi-dev are missing")
    def test_an_mpi_program_runs_on_three_nodes(self):
        blobs = clients.blobs(self.server)
        container = blobs.create_container(self.name("mpi"))
        self.addCleanup(container.delete_container)
        with open(HELLO, "rb") as source:
            container.upload_blob("hello.c", source)
        job_id = self.nodes_together(3)
        task_id = self.add(
            job_id, 3, "mpirun -np 3 -host $AZ_BATCH_HOST_LIST -wdir $AZ_BATCH_TASK_SHARED_DIR ./hello",
            "cd $AZ_BATCH_TASK_SHARED_DIR && mpicc hello.c -o hello && echo built on $AZ_BATCH_NODE_ID",
            [models.ResourceFile(auto_storage_container_name=container.container_name)])
        task = self.completed(job_id, task_id)
        said = self.read(self.client.file.get_from_task(job_id, task_id, "stdout.txt")).decode()
        errors = self.read(self.client.file.get_from_task(job_id, task_id, "stderr.txt")).decode()
        self.assertEqual(task.execution_info.exit_code, 0, said + errors)
        subtasks = self.subtasks(job_id, task_id)
        self.assertEqual([(one.id, one.state, one.exit_code, one.result) for one in subtasks],
                         [(1, "completed", 0, "success"), (2, "completed", 0, "success")])
        nodes = [task.node_info.node_id] + [one.node_info.node_id for one in subtasks]
        self.assertEqual(len(set(nodes)), 3)
        self.assertEqual(sorted(said.splitlines()), sorted(
            [f"built on {nodes[0]}"] + [f"rank {rank} of 3 on {node}, sum 3" for rank, node in enumerate(nodes)]))
        for one in subtasks:
            self.assertEqual(self.file_of(one, "stdout.txt"), f"built on {one.node_info.node_id}\n")

    def test_nodes_have_addresses_of_their_own(self):
        job_id = self.nodes_together(2)
        task_id = self.add(job_id, 2, "echo $AZ_BATCH_HOST_LIST")
        task = self.completed(job_id, task_id)
        pool_id = task.node_info.pool_id
        addresses = {node.id: node.ip_address for node in self.client.compute_node.list(pool_id)}
        said = self.read(self.client.file.get_from_task(job_id, task_id, "stdout.txt")).decode()
        other = self.subtasks(job_id, task_id)[0].node_info.node_id
        self.assertEqual(said, f"{addresses[task.node_info.node_id]},{addresses[other]}\n")
        recent = self.client.compute_node.get(pool_id, other).recent_tasks[0]
        self.assertEqual((recent.task_id, recent.subtask_id, recent.task_state), (task_id, 1, "completed"))

    def test_a_subtask_that_fails_fails_the_task(self):
        job_id = self.nodes_together(2)
        task_id = self.add(job_id, 2, "true", "[ $AZ_BATCH_IS_CURRENT_NODE_MASTER = true ] || exit 3")
        information = self.completed(job_id, task_id).execution_info
        self.assertEqual((information.result, information.failure_info.code, information.exit_code),
                         ("failure", "FailureExitCode", 3))
        subtask, = self.subtasks(job_id, task_id)
        self.assertEqual((subtask.exit_code, subtask.result, subtask.failure_info.code, subtask.previous_state),
                         (3, "failure", "FailureExitCode", "running"))

    def test_a_pool_that_is_not_made_for_it_never_runs_it(self):
        job_id = self.new_job()
        task_id = self.add(job_id, 2, "true")
        self.assertEqual(self.client.task.get(job_id, task_id).state, "active")
        self.assertFalse(self.subtasks(job_id, task_id))
