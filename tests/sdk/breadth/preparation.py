"""Job preparation and release tasks."""
import datetime

from azure.batch import models

from .case import FOREVER, Case, eventually

PT = datetime.timedelta


class Preparation(Case):
    def job_with(self, preparation, release=None, **more):
        return self.new_job(
            job_preparation_task=models.JobPreparationTask(command_line=f"/bin/sh -c '{preparation}'", **more),
            job_release_task=release and models.JobReleaseTask(command_line=f"/bin/sh -c '{release}'"))

    def status(self, job_id, **options):
        return list(self.client.job.list_preparation_and_release_task_status(
            job_id, models.JobListPreparationAndReleaseTaskStatusOptions(**options)))

    def test_what_is_left_out_is_filled_in(self):
        job = self.client.job.get(self.job_with("true", "true"))
        preparation, release = job.job_preparation_task, job.job_release_task
        self.assertEqual((preparation.id, preparation.wait_for_success, preparation.rerun_on_node_reboot_after_success),
                         ("jobpreparation", True, True))
        constraints = preparation.constraints
        self.assertEqual((constraints.max_wall_clock_time, constraints.retention_time, constraints.max_task_retry_count),
                         (FOREVER, PT(days=7), 0))
        self.assertEqual((release.id, release.max_wall_clock_time, release.retention_time),
                         ("jobrelease", PT(minutes=15), PT(days=7)))
        for task in (preparation, release):
            self.assertEqual((task.user_identity.auto_user.scope, task.user_identity.auto_user.elevation_level),
                             ("pool", "nonadmin"))

    def test_what_cannot_be_is_refused(self):
        with self.refused(400, "InvalidPropertyValue", PropertyName="jobReleaseTask"):
            self.new_job(job_release_task=models.JobReleaseTask(command_line="true"))
        with self.refused(400, "InvalidPropertyValue", PropertyName="maxWallClockTime"):
            self.new_job(job_preparation_task=models.JobPreparationTask(command_line="true"),
                         job_release_task=models.JobReleaseTask(command_line="true",
                                                                max_wall_clock_time=PT(minutes=16)))
        job_id = self.job_with("true", "true")
        with self.refused(409, "TaskIdSameAsJobPreparationTask"):
            self.add_task(job_id, "true", "jobpreparation")
        with self.refused(409, "TaskIdSameAsJobReleaseTask"):
            self.add_task(job_id, "true", "jobrelease")
        self.assertEqual(self.status(job_id), [])

    def test_the_job_is_prepared_and_released(self):
        job_id = self.job_with("echo prepared > data", "cat $AZ_BATCH_JOB_PREP_WORKING_DIR/data; exit 3")
        task_id = self.add_task(job_id, "/bin/sh -c 'cat $AZ_BATCH_JOB_PREP_WORKING_DIR/data'")
        node = self.completed(job_id, task_id).node_info
        self.assertEqual(self.read(self.client.file.get_from_task(job_id, task_id, "stdout.txt")), b"prepared\n")
        self.client.job.terminate(job_id)
        job = self.job_in_state(job_id, "completed")
        self.assertEqual(job.previous_state, "active")
        one, = self.status(job_id)
        self.assertEqual((one.pool_id, one.node_id, one.node_url), (node.pool_id, node.node_id, node.node_url))
        preparation, release = one.job_preparation_task_execution_info, one.job_release_task_execution_info
        self.assertEqual((preparation.state, preparation.result, preparation.exit_code, preparation.retry_count),
                         ("completed", "success", 0, 0))
        self.assertEqual((release.state, release.result, release.exit_code), ("completed", "failure", 3))
        self.assertEqual(release.failure_info.code, "FailureExitCode")
        for moment in (preparation.start_time, preparation.end_time, release.start_time, release.end_time):
            self.assert_recent(moment)
        output = self.client.file.get_from_compute_node(one.pool_id, one.node_id,
                                                        f"{release.task_root_directory}/stdout.txt")
        self.assertEqual(self.read(output), b"prepared\n")

    def test_the_status_is_filtered_selected_and_paged(self):
        job_id = self.job_with("true")
        for node in self.client.compute_node.list("shared"):
            self.completed(job_id, self.add_task(job_id, "true", affinity_info=models.AffinityInformation(
                affinity_id=node.affinity_id)))
        pages = self.pages(self.client.job.list_preparation_and_release_task_status(
            job_id, models.JobListPreparationAndReleaseTaskStatusOptions(max_results=1, select="poolId")))
        self.assertEqual([[(one.pool_id, one.node_id) for one in page] for page in pages], [[("shared", None)]] * 2)
        self.assertEqual(self.status(job_id, filter="jobPreparationTaskExecutionInfo/result eq 'failure'"), [])
        self.assertEqual(len(self.status(job_id, filter="jobPreparationTaskExecutionInfo/state eq 'completed'")), 2)

    def test_a_job_on_its_way_out_says_so(self):
        job_id = self.job_with("true", "exec sleep 600")
        self.completed(job_id, self.add_task(job_id, "true"))
        self.client.job.terminate(job_id)
        self.assertEqual(self.client.job.get(job_id).state, "terminating")
        with self.refused(409, "JobBeingTerminated"):
            self.add_task(job_id, "true")
        self.client.job.delete(job_id)
        with self.refused(409, "JobBeingDeleted"):
            self.client.job.delete(job_id)
        self.assertEqual(self.client.job.get(job_id).state, "deleting")

    def test_a_failed_preparation_keeps_tasks_away(self):
        job_id = self.job_with("exit 5")
        task_id = self.add_task(job_id, "true")

        def is_barred_everywhere():
            status = self.status(job_id)
            return len(status) == 2 and all(
                one.job_preparation_task_execution_info.result == "failure" for one in status)
        eventually(is_barred_everywhere, "both nodes have failed to prepare")
        self.assertEqual(self.client.task.get(job_id, task_id).state, "active")
        self.assertEqual(self.client.job.get(job_id).state, "active")
