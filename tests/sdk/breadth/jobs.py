"""job operations."""
import datetime

from azure.batch import models

from .case import FOREVER, Case, eventually

PT = datetime.timedelta


class Jobs(Case):
    def test_a_job_comes_back_as_it_was_added(self):
        job_id = self.new_job(
            display_name="Jöb", priority=100, max_parallel_tasks=3,
            constraints=models.JobConstraints(max_wall_clock_time=PT(hours=3), max_task_retry_count=2),
            metadata=[models.MetadataItem(name="k", value="v")],
            common_environment_settings=[models.EnvironmentSetting(name="COMMON", value="c")],
            on_all_tasks_complete="noaction", on_task_failure="performExitOptionsJobAction")
        job = self.client.job.get(job_id)
        self.assertEqual((job.id, job.display_name, job.state, job.priority, job.max_parallel_tasks),
                         (job_id, "Jöb", "active", 100, 3))
        self.assertEqual(job.url, f"{self.server.batch_url}/jobs/{job_id}")
        self.assert_etag(job.e_tag)
        for moment in (job.creation_time, job.last_modified, job.state_transition_time, job.execution_info.start_time):
            self.assert_recent(moment)
        self.assertEqual((job.constraints.max_wall_clock_time, job.constraints.max_task_retry_count), (PT(hours=3), 2))
        self.assertEqual(job.on_all_tasks_complete, models.OnAllTasksComplete.no_action)
        self.assertEqual(job.on_task_failure, models.OnTaskFailure.perform_exit_options_job_action)
        self.assertEqual((job.pool_info.pool_id, job.execution_info.pool_id), ("shared", "shared"))
        self.assertEqual(job.metadata[0].value, "v")
        self.assertIsNone(job.execution_info.end_time)

    def test_what_a_job_leaves_out_is_filled_in(self):
        job = self.client.job.get(self.new_job())
        self.assertEqual((job.priority, job.max_parallel_tasks, job.uses_task_dependencies), (0, -1, False))
        self.assertEqual((job.constraints.max_wall_clock_time, job.constraints.max_task_retry_count), (FOREVER, 0))

    def test_lists_come_in_pages_filtered_and_selected(self):
        stem = self.name("list")
        for number in range(3):
            self.client.job.add(models.JobAddParameter(id=f"{stem}-{number}", pool_info=models.PoolInformation(
                pool_id="nowhere")))
            self.addCleanup(self.forget, self.client.job.delete, f"{stem}-{number}")
        pages = self.pages(self.client.job.list(models.JobListOptions(
            max_results=2, filter=f"startswith(id,'{stem}') and executionInfo/poolId eq 'nowhere'", select="id")))
        self.assertEqual([[job.id for job in page] for page in pages],
                         [[f"{stem}-0", f"{stem}-1"], [f"{stem}-2"]])
        self.assertIsNone(pages[0][0].state)
        expanded = list(self.client.job.list(models.JobListOptions(filter=f"id eq '{stem}-0'", expand="stats")))
        self.assertEqual(expanded[0].stats.num_succeeded_tasks, 0)

    def test_statistics_are_64_bit_numbers_and_durations(self):
        job_id = self.new_job()
        self.completed(job_id, self.add_task(job_id, "/bin/sh -c 'exit 0'"))
        self.completed(job_id, self.add_task(job_id, "/bin/sh -c 'exit 3'"))
        self.assertIsNone(self.client.job.get(job_id).stats)
        stats = self.client.job.get(job_id, models.JobGetOptions(expand="stats")).stats
        self.assertEqual((stats.num_succeeded_tasks, stats.num_failed_tasks, stats.num_task_retries), (1, 1, 0))
        self.assertIsInstance(stats.wall_clock_time, datetime.timedelta)
        self.assertIsInstance(stats.read_iops, int)
        lifetime = self.client.job.get_all_lifetime_statistics()
        self.assertGreaterEqual(lifetime.num_failed_tasks, 0)
        self.assertEqual(lifetime.url, f"{self.server.batch_url}/lifetimejobstats")

    def test_patch_keeps_and_update_resets(self):
        job_id = self.new_job(priority=5, metadata=[models.MetadataItem(name="a", value="1")])
        before = self.client.job.get(job_id)
        self.client.job.patch(job_id, models.JobPatchParameter(
            priority=-7, constraints=models.JobConstraints(max_task_retry_count=4)),
            models.JobPatchOptions(if_match=before.e_tag))
        job = self.client.job.get(job_id)
        self.assertEqual((job.priority, job.metadata[0].value, job.constraints.max_task_retry_count), (-7, "1", 4))
        with self.refused(412, "ConditionNotMet"):
            self.client.job.patch(job_id, models.JobPatchParameter(priority=1),
                                  models.JobPatchOptions(if_match=before.e_tag))
        self.client.job.update(job_id, models.JobUpdateParameter(pool_info=models.PoolInformation(pool_id="shared")))
        job = self.client.job.get(job_id)
        self.assertEqual((job.priority, job.constraints.max_task_retry_count), (0, 0))
        self.assertFalse(job.metadata)

    def test_disable_and_enable(self):
        job_id = self.new_job()
        running = self.add_task(job_id, "sleep 600")
        self.task_in_state(job_id, running, "running")
        self.client.job.disable(job_id, "requeue")
        self.job_in_state(job_id, "disabled")
        task = self.client.task.get(job_id, running)
        self.assertEqual((task.state, task.execution_info.requeue_count), ("active", 1))
        waiting = self.add_task(job_id, "/bin/true")
        self.assertEqual(self.client.task.get(job_id, waiting).state, "active")
        self.client.job.enable(job_id)
        self.job_in_state(job_id, "active")
        self.completed(job_id, waiting)
        self.client.job.disable(job_id, models.DisableJobOption.terminate)
        self.job_in_state(job_id, "disabled")
        task = self.completed(job_id, running)
        self.assertEqual((task.execution_info.result, task.execution_info.failure_info.code), ("failure", "TaskEnded"))

    def test_a_disabled_job_moves_to_another_pool(self):
        job_id = self.new_job("no-pool-yet")
        task_id = self.add_task(job_id, "/bin/true")
        with self.assertRaises(models.BatchErrorException) as caught:
            self.client.job.patch(job_id, models.JobPatchParameter(pool_info=models.PoolInformation(pool_id="shared")))
        self.assertEqual(caught.exception.response.status_code, 409)
        self.client.job.disable(job_id, "wait")
        self.job_in_state(job_id, "disabled")
        self.client.job.patch(job_id, models.JobPatchParameter(pool_info=models.PoolInformation(pool_id="shared")))
        self.client.job.enable(job_id)
        self.completed(job_id, task_id)

    def test_terminate_says_why(self):
        for given, told in (("I have seen enough", "I have seen enough"), (None, "UserTerminate")):
            job_id = self.new_job()
            running = self.add_task(job_id, "sleep 600")
            self.task_in_state(job_id, running, "running")
            self.client.job.terminate(job_id, terminate_reason=given)
            job = self.job_in_state(job_id, "completed")
            self.assertEqual(job.execution_info.terminate_reason, told)
            self.assert_recent(job.execution_info.end_time)
            self.assertEqual(job.previous_state, "active")
            self.assertEqual(self.completed(job_id, running).execution_info.failure_info.code, "TaskEnded")
            with self.refused(409, "JobCompleted"):
                self.client.job.terminate(job_id)
            with self.refused(409, "JobCompleted"):
                self.add_task(job_id, "/bin/true")
            with self.refused(409, "JobCompleted"):
                self.client.job.add(models.JobAddParameter(id=job_id, pool_info=models.PoolInformation(
                    pool_id="shared")))

    def test_a_job_ends_when_its_tasks_do(self):
        job_id = self.new_job()
        self.completed(job_id, self.add_task(job_id, "/bin/true"))
        self.client.job.patch(job_id, models.JobPatchParameter(on_all_tasks_complete="terminatejob"))
        job = self.job_in_state(job_id, "completed")
        self.assertEqual(job.execution_info.terminate_reason, "AllTasksComplete")

    def test_tasks_are_counted(self):
        job_id = self.new_job()
        self.completed(job_id, self.add_task(job_id, "/bin/true", required_slots=2))
        self.completed(job_id, self.add_task(job_id, "/bin/false"))
        self.task_in_state(job_id, self.add_task(job_id, "sleep 600", required_slots=3), "running")
        counts = self.client.job.get_task_counts(job_id)
        tasks, slots = counts.task_counts, counts.task_slot_counts
        self.assertEqual((tasks.active, tasks.running, tasks.completed, tasks.succeeded, tasks.failed), (0, 1, 2, 1, 1))
        self.assertEqual((slots.active, slots.running, slots.completed, slots.succeeded, slots.failed), (0, 3, 3, 2, 1))

    def test_a_job_without_preparation_has_no_status_of_it(self):
        with self.refused(409, "JobPreparationTaskOrReleaseTaskNotSpecified"):
            list(self.client.job.list_preparation_and_release_task_status(self.new_job()))

    def test_a_deleted_job_goes_with_its_tasks(self):
        job_id = self.new_job()
        task_id = self.add_task(job_id, "sleep 600")
        self.task_in_state(job_id, task_id, "running")
        self.client.job.delete(job_id)

        def is_gone():
            try:
                return self.client.job.get(job_id).state != "deleting"
            except models.BatchErrorException as error:
                return error.error.code == "JobNotFound"
        eventually(is_gone, f"{job_id} is gone")
        with self.refused(404, "JobNotFound"):
            self.client.task.get(job_id, task_id)
