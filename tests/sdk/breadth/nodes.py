"""compute_node, compute_node_extension and the files of nodes."""
import datetime

from azure.batch import models
from azure.storage.blob import ContainerSasPermissions, generate_container_sas

import clients

from .case import UBUNTU, Case, eventually


class Nodes(Case):
    def a_node(self, **wanted):
        """(pool id, an idle node of a pool of its own)"""
        pool_id = self.new_pool(**{"target_dedicated_nodes": 1, **wanted})
        return pool_id, self.idle_nodes(pool_id, 1)[0]

    def test_a_node_tells_all_about_itself(self):
        pool_id, node = self.a_node(vm_size="STANDARD_D2_v3", start_task=models.StartTask(
            command_line="/bin/sh -c 'echo hello from $AZ_BATCH_POOL_ID'", wait_for_success=True))
        self.assertRegex(node.id, "^tvmps_[0-9a-f]{64}_d$")
        self.assertEqual(node.url, f"{self.server.batch_url}/pools/{pool_id}/nodes/{node.id}")
        self.assertEqual((node.state, node.scheduling_state, node.vm_size), ("idle", "enabled", "standard_d2_v3"))
        self.assertEqual(node.affinity_id, f"TVM:{node.id}")
        self.assertIs(node.is_dedicated, True)
        self.assertRegex(node.ip_address, r"^127\.\d+\.\d+\.\d+$")  # one of this machine, of its own
        for moment in (node.state_transition_time, node.allocation_time, node.last_boot_time):
            self.assert_recent(moment)
        self.assertEqual((node.total_tasks_run, node.running_tasks_count, node.running_task_slots_count), (0, 0, 0))
        self.assertTrue(node.node_agent_info.version)
        self.assertTrue(node.virtual_machine_info.image_reference.exact_version)
        self.assertEqual(node.endpoint_configuration.inbound_endpoints[0].backend_port, 22)
        started = node.start_task_info
        self.assertEqual((started.state, started.exit_code, started.result), ("completed", 0, "success"))
        self.assert_recent(started.end_time)
        output = self.client.file.get_from_compute_node(pool_id, node.id, "startup/stdout.txt")
        self.assertEqual(self.read(output), f"hello from {pool_id}\n".encode())

    def test_nodes_are_listed_in_pages_and_filtered(self):
        pool_id = self.new_pool(target_low_priority_nodes=3)
        self.idle_nodes(pool_id, 3)
        pages = self.pages(self.client.compute_node.list(pool_id, models.ComputeNodeListOptions(
            max_results=2, filter="state eq 'idle'", select="id,state")))
        self.assertEqual([len(page) for page in pages], [2, 1])
        self.assertEqual({(node.state, node.vm_size) for page in pages for node in page}, {("idle", None)})
        self.assertEqual(list(self.client.compute_node.list(pool_id, models.ComputeNodeListOptions(
            filter="state eq 'rebooting'"))), [])

    def test_users_come_and_go(self):
        pool_id, node = self.a_node()
        user = models.ComputeNodeUser(name="ada", is_admin=True, password="S3cret!",
                                      expiry_time=datetime.datetime.utcnow() + datetime.timedelta(days=2))
        self.client.compute_node.add_user(pool_id, node.id, user)
        with self.refused(409, "NodeUserExists"):
            self.client.compute_node.add_user(pool_id, node.id, user)
        self.client.compute_node.update_user(pool_id, node.id, "ada",
                                             models.NodeUpdateUserParameter(password="An0ther!"))
        self.client.compute_node.delete_user(pool_id, node.id, "ada")
        with self.refused(404, "NodeUserNotFound"):
            self.client.compute_node.delete_user(pool_id, node.id, "ada")
        with self.refused(404, "NodeUserNotFound"):
            self.client.compute_node.update_user(pool_id, node.id, "ada", models.NodeUpdateUserParameter(password="x"))

    def test_remote_login_settings_are_given_and_a_remote_desktop_is_not(self):
        pool_id, node = self.a_node()
        login = self.client.compute_node.get_remote_login_settings(pool_id, node.id)
        self.assertIsInstance(login.remote_login_port, int)
        self.assertTrue(login.remote_login_ip_address)
        with self.refused(409, "OperationNotValidOnNode"):
            self.read(self.client.compute_node.get_remote_desktop(pool_id, node.id))

    def test_scheduling_is_switched_off_and_on(self):
        pool_id, node = self.a_node()
        job_id = self.new_job(pool_id)
        self.client.compute_node.disable_scheduling(pool_id, node.id, node_disable_scheduling_option="terminate")
        self.assertEqual(self.client.compute_node.get(pool_id, node.id).scheduling_state, "disabled")
        self.node_in_state(pool_id, node.id, "offline")
        with self.refused(409, "NodeAlreadyInTargetSchedulingState"):
            self.client.compute_node.disable_scheduling(pool_id, node.id)
        task_id = self.add_task(job_id, "/bin/true")
        self.assertEqual(self.client.task.get(job_id, task_id).state, "active")
        self.client.compute_node.enable_scheduling(pool_id, node.id)
        self.completed(job_id, task_id)
        self.node_in_state(pool_id, node.id, "idle")
        with self.refused(409, "NodeAlreadyInTargetSchedulingState"):
            self.client.compute_node.enable_scheduling(pool_id, node.id)

    def test_a_reboot_runs_the_start_task_again_and_puts_tasks_back(self):
        pool_id, node = self.a_node(start_task=models.StartTask(
            command_line="/bin/sh -c 'echo boot >> $AZ_BATCH_NODE_SHARED_DIR/boots'", wait_for_success=True))
        job_id = self.new_job(pool_id)
        task_id = self.add_task(job_id, "sleep 600")
        self.task_in_state(job_id, task_id, "running")
        self.client.compute_node.reboot(pool_id, node.id, node_reboot_option="requeue")
        rebooted = eventually(lambda: (lambda seen: seen if seen.last_boot_time > node.last_boot_time else None)(
            self.client.compute_node.get(pool_id, node.id)), "the node boots again")
        self.assertEqual(rebooted.id, node.id)
        task = self.task_in_state(job_id, task_id, "running")
        self.assertEqual((task.execution_info.requeue_count, task.execution_info.retry_count), (1, 0))
        self.assert_recent(task.execution_info.last_requeue_time)
        boots = self.read(self.client.file.get_from_compute_node(pool_id, node.id, "shared/boots"))
        self.assertEqual(boots, b"boot\nboot\n")

    def test_a_reimage_is_refused_on_virtual_machines_in_this_version(self):
        pool_id, node = self.a_node()
        with self.refused(409, "OperationNotValidOnNode"):
            self.client.compute_node.reimage(pool_id, node.id, node_reimage_option="requeue")

    def test_service_logs_are_put_into_a_container(self):
        pool_id, node = self.a_node()
        container = clients.blobs(self.server).create_container(self.name("logs"))
        token = generate_container_sas(self.server.storage_account, container.container_name,
                                       account_key=self.server.storage_key, permission=ContainerSasPermissions(write=True),
                                       expiry=datetime.datetime.utcnow() + datetime.timedelta(hours=1))
        sent = self.client.compute_node.upload_batch_service_logs(pool_id, node.id, models.UploadBatchServiceLogsConfiguration(
            container_url=f"{container.url}?{token}",
            start_time=datetime.datetime.utcnow() - datetime.timedelta(hours=1)))
        self.assertGreater(sent.number_of_files_uploaded, 0)
        found = eventually(lambda: [blob.name for blob in container.list_blobs()], "the logs are in the container")
        self.assertTrue(all(name.startswith(sent.virtual_directory_name + "/") for name in found), found)
        eventually(lambda: len(list(container.list_blobs())) == sent.number_of_files_uploaded, "all logs are there")

    def test_extensions_are_those_of_the_pool(self):
        configuration = models.VirtualMachineConfiguration(
            **{**UBUNTU, "extensions": [models.VMExtension(
                name="keyvault", publisher="Microsoft.Azure.KeyVault", type="KeyVaultForLinux",
                type_handler_version="2.0", settings={"a": 1})]})
        pool_id, node = self.a_node(virtual_machine_configuration=configuration)
        found = list(self.client.compute_node_extension.list(pool_id, node.id))
        self.assertEqual([extension.vm_extension.name for extension in found], ["keyvault"])
        one = self.client.compute_node_extension.get(pool_id, node.id, "keyvault")
        self.assertEqual((one.provisioning_state, one.vm_extension.publisher), ("Succeeded", "Microsoft.Azure.KeyVault"))
        plain_pool, plain_node = self.a_node()
        self.assertEqual(list(self.client.compute_node_extension.list(plain_pool, plain_node.id)), [])
        with self.assertRaises(models.BatchErrorException) as caught:
            self.client.compute_node_extension.get(plain_pool, plain_node.id, "keyvault")
        self.assertEqual(caught.exception.response.status_code, 404)

    def test_files_of_a_node_are_listed_read_and_deleted(self):
        pool_id, node = self.a_node(start_task=models.StartTask(
            command_line="/bin/sh -c 'mkdir \"$AZ_BATCH_NODE_SHARED_DIR/a b\"; echo x > \"$AZ_BATCH_NODE_SHARED_DIR/a b/ä.txt\"'",
            wait_for_success=True))
        top = list(self.client.file.list_from_compute_node(pool_id, node.id))
        self.assertLessEqual({"shared", "startup", "workitems"}, {item.name for item in top if item.is_directory})
        everything = {item.name: item for item in self.client.file.list_from_compute_node(
            pool_id, node.id, recursive=True, file_list_from_compute_node_options=models.FileListFromComputeNodeOptions(
                filter="startswith(name,'shared/')"))}
        item = everything["shared/a b/ä.txt"]
        self.assertEqual((item.is_directory, item.properties.content_length), (False, 2))
        self.assertRegex(item.properties.file_mode, "^0o100")
        self.assert_recent(item.properties.last_modified)
        answer = self.client.file.get_properties_from_compute_node(pool_id, node.id, "shared/a b/ä.txt", raw=True)
        self.assertEqual(answer.response.headers["Content-Length"], "2")
        self.assertEqual(answer.headers["ocp-batch-file-isdirectory"], False)
        self.assertEqual(self.read(self.client.file.get_from_compute_node(
            pool_id, node.id, "shared/a b/ä.txt")), b"x\n")
        self.client.file.delete_from_compute_node(pool_id, node.id, "shared/a b", recursive=True)
        with self.refused(404, "FileNotFound"):
            self.read(self.client.file.get_from_compute_node(pool_id, node.id, "shared/a b/ä.txt"))
        with self.refused(404, None):
            self.client.file.get_properties_from_compute_node(pool_id, node.id, "shared/a b/ä.txt")
