"""job_schedule, the jobs of schedules, and pools that come with their jobs."""
import datetime

from azure.batch import models

from .case import Case, eventually, vm_configuration

HOUR = datetime.timedelta(hours=1)


class Schedules(Case):
    def new_schedule(self, **wanted):
        schedule_id = self.name("schedule")
        self.client.job_schedule.add(models.JobScheduleAddParameter(
            id=schedule_id, schedule=models.Schedule(recurrence_interval=HOUR), **{
                "job_specification": models.JobSpecification(pool_info=models.PoolInformation(pool_id="shared")),
                **wanted}))
        return schedule_id

    def test_a_schedule_lives_with_its_jobs(self):
        schedules = self.client.job_schedule
        schedule_id = self.new_schedule(display_name="nightly")
        schedule = schedules.get(schedule_id)
        self.assertEqual((schedule.state, schedule.display_name), ("active", "nightly"))
        self.assertEqual(schedule.execution_info.recent_job.id, f"{schedule_id}:job-1")
        self.assertEqual(schedule.execution_info.next_run_time - schedule.creation_time, HOUR)
        self.assertEqual(schedule.job_specification.priority, 0)
        self.assertIn(schedule_id, [one.id for one in schedules.list()])
        self.assertTrue(schedules.exists(schedule_id))
        jobs = list(self.client.job.list_from_job_schedule(schedule_id))
        self.assertEqual([(job.id, job.state) for job in jobs], [(f"{schedule_id}:job-1", "active")])
        self.add_task(jobs[0].id, "/bin/sh -c 'pwd'", "t")
        self.assertEqual(self.completed(jobs[0].id, "t").node_info.task_root_directory,
                         f"workitems/{schedule_id}/job-1/t")
        schedules.delete(schedule_id)
        self.assertFalse(schedules.exists(schedule_id))

    def test_a_schedule_is_changed_stopped_and_ended(self):
        schedules = self.client.job_schedule
        schedule_id = self.new_schedule()
        schedules.patch(schedule_id, models.JobSchedulePatchParameter(
            schedule=models.Schedule(recurrence_interval=2 * HOUR)))
        self.assertEqual(schedules.get(schedule_id).schedule.recurrence_interval, 2 * HOUR)
        schedules.update(schedule_id, models.JobScheduleUpdateParameter(
            schedule=models.Schedule(recurrence_interval=HOUR),
            job_specification=models.JobSpecification(priority=3, pool_info=models.PoolInformation(pool_id="shared"))))
        self.assertEqual(schedules.get(schedule_id).job_specification.priority, 3)
        schedules.disable(schedule_id)
        self.assertEqual(schedules.get(schedule_id).state, "disabled")
        schedules.enable(schedule_id)
        self.assertEqual(schedules.get(schedule_id).state, "active")
        schedules.terminate(schedule_id)
        self.assertEqual(schedules.get(schedule_id).state, "completed")
        job = self.client.job.get(f"{schedule_id}:job-1")
        self.assertEqual(job.execution_info.terminate_reason, "TerminateWorkitem")
        with self.refused(409, "JobScheduleCompleted"):
            schedules.disable(schedule_id)
        schedules.delete(schedule_id)

    def test_a_pool_comes_and_goes_with_its_job(self):
        job_id = self.name("job")
        self.client.job.add(models.JobAddParameter(id=job_id, pool_info=models.PoolInformation(
            auto_pool_specification=models.AutoPoolSpecification(
                auto_pool_id_prefix="auto", pool_lifetime_option="job", pool=models.PoolSpecification(
                    vm_size="standard_a1_v2", virtual_machine_configuration=vm_configuration(),
                    target_dedicated_nodes=1)))))
        pool_id = self.client.job.get(job_id).execution_info.pool_id
        self.assertRegex(pool_id, "^auto_[0-9A-F-]{36}$")
        self.add_task(job_id, "/bin/true", "t")
        self.assertEqual(self.completed(job_id, "t").node_info.pool_id, pool_id)
        self.client.job.delete(job_id)
        eventually(lambda: not self.client.pool.exists(pool_id), f"pool {pool_id} is gone")
