"""pool, account, application and certificate operations."""
import base64
import datetime
import os
import subprocess
import tempfile

from azure.batch import models

from .case import Case, eventually, vm_configuration

PT = datetime.timedelta


class Pools(Case):
    def test_a_pool_comes_back_as_it_was_added(self):
        pool_id = self.new_pool(
            display_name="Fünf Knoten", vm_size="STANDARD_D2_v3", resize_timeout=PT(minutes=20), task_slots_per_node=3,
            enable_inter_node_communication=False,
            task_scheduling_policy=models.TaskSchedulingPolicy(node_fill_type=models.ComputeNodeFillType.pack),
            metadata=[models.MetadataItem(name="purpose", value="test"), models.MetadataItem(name="ключ", value="знач")],
            user_accounts=[models.UserAccount(name="reader", password="secret", elevation_level="nonadmin")],
            target_node_communication_mode="simplified",
            start_task=models.StartTask(command_line="/bin/true", max_task_retry_count=2, wait_for_success=False,
                                        environment_settings=[models.EnvironmentSetting(name="A", value="b c")]))
        pool = self.steady(pool_id)
        self.assertEqual(pool.id, pool_id)
        self.assertEqual(pool.url, f"{self.server.batch_url}/pools/{pool_id}")
        self.assert_etag(pool.e_tag)
        self.assert_recent(pool.last_modified)
        self.assert_recent(pool.creation_time)
        self.assert_recent(pool.allocation_state_transition_time)
        self.assertEqual((pool.state, pool.display_name, pool.vm_size), ("active", "Fünf Knoten", "standard_d2_v3"))
        self.assertEqual(pool.resize_timeout, PT(minutes=20))
        self.assertIsNone(pool.resize_errors)
        self.assertEqual((pool.target_dedicated_nodes, pool.target_low_priority_nodes), (0, 0))
        self.assertEqual((pool.current_dedicated_nodes, pool.current_low_priority_nodes), (0, 0))
        self.assertIs(pool.enable_auto_scale, False)
        self.assertEqual(pool.task_slots_per_node, 3)
        self.assertEqual(pool.task_scheduling_policy.node_fill_type, models.ComputeNodeFillType.pack)
        self.assertEqual([(item.name, item.value) for item in pool.metadata], [("purpose", "test"), ("ключ", "знач")])
        self.assertEqual([(account.name, account.password) for account in pool.user_accounts], [("reader", None)])
        self.assertEqual(pool.virtual_machine_configuration.node_agent_sku_id, "batch.node.ubuntu 20.04")
        self.assertEqual(pool.virtual_machine_configuration.image_reference.version, "latest")
        self.assertEqual(pool.start_task.environment_settings[0].value, "b c")
        self.assertEqual(pool.start_task.user_identity.auto_user.scope, models.AutoUserScope.pool)

    def test_adding_answers_with_headers_a_client_can_use(self):
        pool_id = self.name("pool")
        self.addCleanup(self.forget, self.client.pool.delete, pool_id)
        answer = self.client.pool.add(models.PoolAddParameter(
            id=pool_id, vm_size="small", virtual_machine_configuration=vm_configuration()),
            models.PoolAddOptions(client_request_id="11111111-2222-3333-4444-555555555555",
                                  return_client_request_id=True), raw=True)
        headers = answer.response.headers
        self.assertEqual(answer.response.status_code, 201)
        self.assertEqual(headers["Location"], f"{self.server.batch_url}/pools/{pool_id}")
        self.assertEqual(headers["DataServiceId"], headers["Location"])
        self.assertEqual(headers["client-request-id"], "11111111-2222-3333-4444-555555555555")
        self.assertEqual(answer.headers["ETag"], self.client.pool.get(pool_id).e_tag)
        self.assertEqual(answer.headers["DataServiceId"], headers["Location"])

    def test_lists_come_in_pages_filtered_and_selected(self):
        stem = self.name("page")
        for number in range(5):
            self.client.pool.add(models.PoolAddParameter(
                id=f"{stem}-{number}", vm_size="standard_a1_v2", virtual_machine_configuration=vm_configuration()))
            self.addCleanup(self.forget, self.client.pool.delete, f"{stem}-{number}")
        pages = self.pages(self.client.pool.list(models.PoolListOptions(
            max_results=2, filter=f"startswith(id,'{stem}') and state eq 'active'", select="id,state")))
        self.assertEqual([[pool.id[-1] for pool in page] for page in pages], [["0", "1"], ["2", "3"], ["4"]])
        self.assertEqual((pages[0][0].state, pages[0][0].vm_size, pages[0][0].e_tag), ("active", None, None))
        self.assertEqual(list(self.client.pool.list(models.PoolListOptions(filter=f"id eq '{stem}'"))), [])
        since = datetime.datetime.utcnow() - PT(hours=1)
        recent = self.client.pool.list(models.PoolListOptions(filter=f"creationTime ge DateTime'{since.isoformat()}Z'"))
        self.assertIn(f"{stem}-0", [pool.id for pool in recent])

    def test_statistics_are_expanded_on_request(self):
        self.assertIsNone(self.client.pool.get("shared").stats)
        stats = self.client.pool.get("shared", models.PoolGetOptions(expand="stats")).stats
        self.assert_recent(stats.start_time)
        self.assert_recent(stats.last_update_time)
        self.assertIsInstance(stats.usage_stats.dedicated_core_time, datetime.timedelta)
        self.assertIsInstance(stats.resource_stats.avg_cpu_percentage, float)

    def test_conditions_are_kept(self):
        pool_id = self.new_pool()
        pool = self.steady(pool_id)
        with self.refused(304, None):
            self.client.pool.get(pool_id, models.PoolGetOptions(if_none_match=pool.e_tag))
        with self.refused(304, None):
            self.client.pool.get(pool_id, models.PoolGetOptions(if_modified_since=pool.last_modified + PT(seconds=1)))
        with self.refused(412, "ConditionNotMet"):
            self.client.pool.get(pool_id, models.PoolGetOptions(if_match="0x8D0"))
        with self.refused(412, "ConditionNotMet"):
            self.client.pool.get(pool_id, models.PoolGetOptions(
                if_unmodified_since=pool.last_modified - PT(seconds=5)))
        change = models.PoolPatchParameter(metadata=[models.MetadataItem(name="n", value="v")])
        with self.refused(412, "ConditionNotMet"):
            self.client.pool.patch(pool_id, change, models.PoolPatchOptions(if_match="0x8D0"))
        self.client.pool.patch(pool_id, change, models.PoolPatchOptions(if_match=pool.e_tag))
        self.assertNotEqual(self.client.pool.get(pool_id).e_tag, pool.e_tag)
        with self.refused(412, "ConditionNotMet"):
            self.client.pool.delete(pool_id, models.PoolDeleteOptions(if_match=pool.e_tag))
        with self.refused(400, "MultipleConditionHeadersNotSupported"):
            self.client.pool.get(pool_id, models.PoolGetOptions(if_match=pool.e_tag, if_none_match=pool.e_tag))

    def test_exists_answers_both_ways(self):
        self.assertTrue(self.client.pool.exists("shared"))
        self.assertTrue(self.client.pool.exists("SHARED"), "ids are compared without case")
        self.assertFalse(self.client.pool.exists("no-such-pool"))

    def test_patch_keeps_what_it_does_not_name_and_update_properties_does_not(self):
        start = models.StartTask(command_line="/bin/true")
        pool_id = self.new_pool(start_task=start, metadata=[models.MetadataItem(name="a", value="1")])
        self.client.pool.patch(pool_id, models.PoolPatchParameter(
            start_task=models.StartTask(command_line="/bin/echo")))
        pool = self.client.pool.get(pool_id)
        self.assertEqual((pool.start_task.command_line, pool.metadata[0].value), ("/bin/echo", "1"))
        self.client.pool.patch(pool_id, models.PoolPatchParameter(metadata=[]))
        self.assertFalse(self.client.pool.get(pool_id).metadata)
        self.client.pool.update_properties(pool_id, models.PoolUpdatePropertiesParameter(
            certificate_references=[], application_package_references=[],
            metadata=[models.MetadataItem(name="b", value="2")]))
        pool = self.client.pool.get(pool_id)
        self.assertIsNone(pool.start_task)
        self.assertEqual([item.name for item in pool.metadata], ["b"])

    def test_a_pool_grows_shrinks_and_loses_named_nodes(self):
        pool_id = self.new_pool(target_dedicated_nodes=1)
        self.steady(pool_id)
        self.client.pool.resize(pool_id, models.PoolResizeParameter(
            target_dedicated_nodes=2, target_low_priority_nodes=2, resize_timeout=PT(minutes=5)))
        pool = self.steady(pool_id)
        self.assertEqual((pool.current_dedicated_nodes, pool.current_low_priority_nodes), (2, 2))
        nodes = self.idle_nodes(pool_id, 4)
        self.assertEqual(sorted(node.is_dedicated for node in nodes), [False, False, True, True])
        going = [node.id for node in nodes if not node.is_dedicated]
        self.client.pool.remove_nodes(pool_id, models.NodeRemoveParameter(
            node_list=going, node_deallocation_option=models.ComputeNodeDeallocationOption.task_completion))
        pool = self.steady(pool_id)
        self.assertEqual((pool.target_low_priority_nodes, pool.current_low_priority_nodes), (0, 0))
        self.assertEqual({node.id for node in self.client.compute_node.list(pool_id)},
                         {node.id for node in nodes} - set(going))
        self.client.pool.resize(pool_id, models.PoolResizeParameter(target_dedicated_nodes=0))
        self.steady(pool_id)
        eventually(lambda: not list(self.client.compute_node.list(pool_id)), "no nodes are left")

    def test_a_deleted_pool_goes(self):
        pool_id = self.new_pool(target_low_priority_nodes=1)
        self.client.pool.delete(pool_id)
        eventually(lambda: not self.client.pool.exists(pool_id), f"{pool_id} is gone")
        with self.refused(404, "PoolNotFound"):
            self.client.pool.get(pool_id)

    def test_lifetime_statistics_and_usage(self):
        stats = self.client.pool.get_all_lifetime_statistics()
        self.assertEqual(stats.url, f"{self.server.batch_url}/lifetimepoolstats")
        self.assert_recent(stats.usage_stats.last_update_time)
        self.assertIsInstance(stats.resource_stats.disk_read_iops, int)
        for metric in self.client.pool.list_usage_metrics():
            self.assertIsInstance(metric.total_core_hours, float)


class Account(Case):
    def test_images_are_listed_in_pages_and_filtered(self):
        images = list(self.client.account.list_supported_images())
        self.assertGreater(len(images), 2)
        ours = [image for image in images if image.node_agent_sku_id == "batch.node.ubuntu 20.04"]
        self.assertTrue(ours)
        self.assertEqual(ours[0].os_type, models.OSType.linux)
        self.assertEqual(ours[0].verification_type, models.VerificationType.verified)
        pages = self.pages(self.client.account.list_supported_images(
            models.AccountListSupportedImagesOptions(max_results=2, filter="osType eq 'linux'")))
        self.assertTrue(all(len(page) <= 2 for page in pages))
        self.assertEqual({image.os_type for page in pages for image in page}, {models.OSType.linux})

    def test_nodes_are_counted_by_state(self):
        pool_id = self.new_pool(target_low_priority_nodes=2, target_dedicated_nodes=1)
        self.idle_nodes(pool_id, 3)
        counts = list(self.client.account.list_pool_node_counts(
            models.AccountListPoolNodeCountsOptions(filter=f"poolId eq '{pool_id}'")))
        self.assertEqual(len(counts), 1)
        self.assertEqual((counts[0].pool_id, counts[0].dedicated.total, counts[0].dedicated.idle), (pool_id, 1, 1))
        self.assertEqual((counts[0].low_priority.idle, counts[0].low_priority.running), (2, 0))
        everywhere = self.pages(self.client.account.list_pool_node_counts(
            models.AccountListPoolNodeCountsOptions(max_results=1)))
        self.assertGreater(len(everywhere), 1)


class Applications(Case):
    def test_there_are_none_yet(self):
        self.assertEqual(list(self.client.application.list()), [])
        with self.refused(404, "ApplicationNotFound"):
            self.client.application.get("ffmpeg")


class Certificates(Case):
    def certificate(self):
        """(thumbprint, DER in base64) of a new self-signed certificate."""
        with tempfile.TemporaryDirectory() as folder:
            pem, der = os.path.join(folder, "c.pem"), os.path.join(folder, "c.der")
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test", "-days", "2",
                            "-keyout", os.path.join(folder, "k.pem"), "-out", pem], check=True, stderr=subprocess.DEVNULL)
            subprocess.run(["openssl", "x509", "-in", pem, "-outform", "der", "-out", der], check=True)
            print_ = subprocess.run(["openssl", "x509", "-in", pem, "-noout", "-fingerprint", "-sha1"], check=True,
                                    stdout=subprocess.PIPE, text=True).stdout
            with open(der, "rb") as file:
                return print_.split("=")[1].strip().replace(":", "").lower(), base64.b64encode(file.read()).decode()

    def test_a_certificate_is_kept_listed_used_and_deleted(self):
        thumbprint, data = self.certificate()
        self.client.certificate.add(models.CertificateAddParameter(
            thumbprint=thumbprint, thumbprint_algorithm="sha1", data=data, certificate_format="cer"))
        found = self.client.certificate.get("sha1", thumbprint)
        self.assertEqual((found.thumbprint.lower(), found.thumbprint_algorithm, found.state), (thumbprint, "sha1", "active"))
        self.assert_recent(found.state_transition_time)
        self.assertEqual(base64.b64decode(found.public_data), base64.b64decode(data))
        self.assertIn(thumbprint, [item.thumbprint.lower() for item in self.client.certificate.list(
            models.CertificateListOptions(filter="state eq 'active'", max_results=1))])
        with self.refused(409, "CertificateExists"):
            self.client.certificate.add(models.CertificateAddParameter(
                thumbprint=thumbprint, thumbprint_algorithm="sha1", data=data, certificate_format="cer"))

        pool_id = self.new_pool(certificate_references=[models.CertificateReference(
            thumbprint=thumbprint, thumbprint_algorithm="sha1")])
        self.assertEqual(self.client.pool.get(pool_id).certificate_references[0].thumbprint.lower(), thumbprint)
        self.client.certificate.delete("sha1", thumbprint)  # a pool uses it: the deletion fails, and can be cancelled
        eventually(lambda: self.client.certificate.get("sha1", thumbprint).state == "deletefailed", "deletefailed")
        self.assertIsNotNone(self.client.certificate.get("sha1", thumbprint).delete_certificate_error)
        self.client.certificate.cancel_deletion("sha1", thumbprint)
        self.assertEqual(self.client.certificate.get("sha1", thumbprint).state, "active")
        with self.refused(409, "CertificateStateActive"):
            self.client.certificate.cancel_deletion("sha1", thumbprint)

        self.client.pool.delete(pool_id)
        eventually(lambda: not self.client.pool.exists(pool_id), f"{pool_id} is gone")
        self.client.certificate.delete("sha1", thumbprint)

        def is_gone():
            return thumbprint not in [item.thumbprint.lower() for item in self.client.certificate.list()]
        eventually(is_gone, "the certificate is gone")
        with self.refused(404, "CertificateNotFound"):
            self.client.certificate.get("sha1", thumbprint)
