"""Operations that are refused by name until they are there: 501 NotImplemented, saying which operation it was."""
import datetime

from azure.batch import models

from .case import Case


class Later(Case):
    def not_yet(self, operation, call, *words):
        with self.subTest(operation):
            with self.assertRaises(models.BatchErrorException) as caught:
                result = call(*words)
                if hasattr(result, "advance_page"):
                    list(result)
            error = caught.exception
            self.assertEqual(error.response.status_code, 501, f"the user sees: {error}")
            if error.response.request.method != "HEAD":
                self.check_refusal(error, 501, "NotImplemented")
                self.assertIn(operation, error.error.message.value)

    def test_autoscale(self):
        pool = self.client.pool
        self.not_yet("Pool_EnableAutoScale", pool.enable_auto_scale, "shared", "$TargetDedicatedNodes=1;",
                     datetime.timedelta(minutes=10))
        self.not_yet("Pool_EvaluateAutoScale", pool.evaluate_auto_scale, "shared", "$TargetDedicatedNodes=1;")
        self.not_yet("Pool_DisableAutoScale", pool.disable_auto_scale, "shared")

    def test_job_schedules(self):
        schedules = self.client.job_schedule
        specification = models.JobSpecification(pool_info=models.PoolInformation(pool_id="shared"))
        schedule = models.Schedule(recurrence_interval=datetime.timedelta(hours=1))
        self.not_yet("JobSchedule_Add", schedules.add, models.JobScheduleAddParameter(
            id="nightly", schedule=schedule, job_specification=specification))
        self.not_yet("JobSchedule_List", schedules.list)
        self.not_yet("JobSchedule_Get", schedules.get, "nightly")
        self.not_yet("JobSchedule_Exists", schedules.exists, "nightly")
        self.not_yet("JobSchedule_Patch", schedules.patch, "nightly", models.JobSchedulePatchParameter(schedule=schedule))
        self.not_yet("JobSchedule_Update", schedules.update, "nightly", models.JobScheduleUpdateParameter(
            schedule=schedule, job_specification=specification))
        self.not_yet("JobSchedule_Disable", schedules.disable, "nightly")
        self.not_yet("JobSchedule_Enable", schedules.enable, "nightly")
        self.not_yet("JobSchedule_Terminate", schedules.terminate, "nightly")
        self.not_yet("JobSchedule_Delete", schedules.delete, "nightly")
        self.not_yet("Job_ListFromJobSchedule", self.client.job.list_from_job_schedule, "nightly")
