"""Tasks that depend on others, and what follows from how tasks exit."""
import os

from azure.batch import models

from .case import Case


def exits(code, **actions):
    return models.ExitCodeMapping(code=code, exit_options=models.ExitOptions(**actions))


class Dependencies(Case):
    def test_a_diamond_with_ranges_runs_from_its_top_to_its_bottom(self):
        job_id = self.new_job(uses_task_dependencies=True)
        self.assertTrue(self.client.job.get(job_id).uses_task_dependencies)
        forgiven = models.ExitConditions(exit_codes=[exits(3, dependency_action="satisfy")])
        after = models.TaskDependencies
        self.add_task(job_id, "/bin/true", "end", depends_on=after(task_ids=["sum", "other"]))
        self.add_task(job_id, "/bin/true", "sum", depends_on=after(
            task_id_ranges=[models.TaskIdRange(start=1, end=3)]))
        self.add_task(job_id, "/bin/true", "other", depends_on=after(task_ids=["TOP"]))
        for number in ("1", "02", "3"):
            self.add_task(job_id, "/bin/sh -c 'exit 3'", number, depends_on=after(task_ids=["top"]),
                          exit_conditions=forgiven)
        counts = self.client.job.get_task_counts(job_id).task_counts
        self.assertEqual((counts.active, counts.running, counts.completed), (6, 0, 0))
        self.add_task(job_id, "/bin/true", "top")
        end = self.completed(job_id, "end")
        self.assertEqual(end.execution_info.exit_code, 0)
        self.assertEqual(end.depends_on.task_ids, ["sum", "other"])
        tasks = {task.id: task for task in self.client.task.list(job_id)}
        for earlier, later in (("top", "1"), ("top", "02"), ("top", "other"), ("02", "sum"), ("3", "sum"),
                               ("sum", "end"), ("other", "end")):
            self.assertLessEqual(tasks[earlier].execution_info.end_time, tasks[later].execution_info.start_time,
                                 f"{later} began before {earlier} had ended")
        self.assertEqual(tasks["02"].execution_info.result, "failure")
        options = tasks["02"].exit_conditions.exit_codes[0].exit_options
        self.assertEqual((options.dependency_action, options.job_action), ("satisfy", None))
        self.assertEqual((tasks["sum"].depends_on.task_id_ranges[0].start,
                          tasks["sum"].depends_on.task_id_ranges[0].end), (1, 3))

    def test_a_failure_blocks_what_depends_on_it_until_it_has_run_well(self):
        job_id = self.new_job(uses_task_dependencies=True)
        flag = os.path.join(self.server.directory, self.name("flag"))
        self.add_task(job_id, f"test -e {flag}", "parent")
        self.add_task(job_id, "/bin/true", "child", depends_on=models.TaskDependencies(task_ids=["parent"]))
        self.assertEqual(self.completed(job_id, "parent").execution_info.exit_code, 1)
        self.assertEqual(self.client.task.get(job_id, "child").state, "active")
        open(flag, "w").close()
        self.client.task.reactivate(job_id, "parent")
        self.completed(job_id, "child")
        with self.refused(400, "TaskDependenciesNotSpecifiedOnJob"):
            self.add_task(self.new_job(), "/bin/true", depends_on=models.TaskDependencies(task_ids=["parent"]))

    def test_exit_conditions_disable_and_terminate_the_job(self):
        job_id = self.new_job(on_task_failure="performexitoptionsjobaction")
        long = self.add_task(job_id, "sleep 600")
        self.task_in_state(job_id, long, "running")
        conditions = models.ExitConditions(
            exit_codes=[exits(5, job_action="disable")],
            exit_code_ranges=[models.ExitCodeRangeMapping(start=6, end=9, exit_options=models.ExitOptions(
                job_action="none"))],
            pre_processing_error=models.ExitOptions(job_action="none"), default=models.ExitOptions(
                job_action="terminate"))
        for line in ("/bin/sh -c 'exit 7'", "no-such-program"):
            self.completed(job_id, self.add_task(job_id, line, exit_conditions=conditions))
        self.assertEqual(self.client.job.get(job_id).state, "active")
        self.completed(job_id, self.add_task(job_id, "/bin/sh -c 'exit 5'", exit_conditions=conditions))
        self.job_in_state(job_id, "disabled")
        self.assertEqual(self.client.task.get(job_id, long).execution_info.requeue_count, 1)
        self.client.job.enable(job_id)
        self.completed(job_id, self.add_task(job_id, "/bin/sh -c 'exit 40'", exit_conditions=conditions))
        job = self.job_in_state(job_id, "completed")
        self.assertEqual(job.execution_info.terminate_reason, "TaskFailed")
        self.assertEqual(self.client.task.get(job_id, long).execution_info.failure_info.code, "TaskEnded")
        with self.refused(400, "InvalidPropertyValue", PropertyName="jobAction"):
            self.add_task(self.new_job(), "/bin/true", exit_conditions=conditions)
