"""task operations and the files of tasks."""
import datetime
import threading

from azure.batch import models

from .case import FOREVER, Case, eventually

PT = datetime.timedelta


class Tasks(Case):
    def test_a_task_comes_back_as_it_was_added_and_tells_how_it_went(self):
        job_id = self.new_job(common_environment_settings=[
            models.EnvironmentSetting(name="WHO", value="job"), models.EnvironmentSetting(name="JOB", value="yes")])
        task_id = self.add_task(
            job_id, "/bin/sh -c 'echo $WHO $JOB $AZ_BATCH_TASK_ID; echo oops >&2; exit 0'", display_name="Täsk",
            environment_settings=[models.EnvironmentSetting(name="WHO", value="task")], required_slots=2,
            constraints=models.TaskConstraints(max_wall_clock_time=PT(minutes=6), retention_time=PT(days=1),
                                               max_task_retry_count=1),
            user_identity=models.UserIdentity(auto_user=models.AutoUserSpecification(scope="task",
                                                                                     elevation_level="admin")))
        task = self.completed(job_id, task_id)
        self.assertEqual((task.id, task.display_name, task.required_slots), (task_id, "Täsk", 2))
        self.assertEqual(task.url, f"{self.server.batch_url}/jobs/{job_id}/tasks/{task_id}")
        self.assert_etag(task.e_tag)
        self.assertEqual((task.constraints.max_wall_clock_time, task.constraints.retention_time,
                          task.constraints.max_task_retry_count), (PT(minutes=6), PT(days=1), 1))
        self.assertEqual(task.user_identity.auto_user.scope, models.AutoUserScope.task)
        self.assertEqual(task.previous_state, models.TaskState.running)
        information = task.execution_info
        self.assertEqual((information.exit_code, information.result, information.retry_count,
                          information.requeue_count, information.failure_info), (0, "success", 0, 0, None))
        for moment in (task.creation_time, task.last_modified, task.state_transition_time,
                       task.previous_state_transition_time, information.start_time, information.end_time):
            self.assert_recent(moment)
        self.assertLessEqual(task.creation_time, information.start_time)
        self.assertLessEqual(information.start_time, information.end_time)
        place = task.node_info
        self.assertEqual((place.pool_id, place.affinity_id), ("shared", f"TVM:{place.node_id}"))
        self.assertEqual(place.task_root_directory, f"workitems/{job_id}/job-1/{task_id}")
        self.assertTrue(place.task_root_directory_url.endswith(f"/files/{place.task_root_directory}"))
        self.assertEqual(self.read(self.client.file.get_from_task(job_id, task_id, "stdout.txt")),
                         f"task yes {task_id}\n".encode())
        self.assertEqual(self.read(self.client.file.get_from_task(job_id, task_id, "stderr.txt")), b"oops\n")
        stats = self.client.task.get(job_id, task_id, models.TaskGetOptions(expand="stats")).stats
        self.assertIsInstance(stats.wall_clock_time, datetime.timedelta)
        self.assertIsInstance(stats.read_iops, int)
        recent = self.client.compute_node.get("shared", place.node_id).recent_tasks
        self.assertIn(task_id, [item.task_id for item in recent])

    def test_what_a_task_leaves_out_is_filled_in(self):
        job_id = self.new_job("nowhere", constraints=models.JobConstraints(max_task_retry_count=3))
        task = self.client.task.get(job_id, self.add_task(job_id, "/bin/true"))
        self.assertEqual((task.state, task.previous_state, task.required_slots), ("active", None, 1))
        self.assertEqual((task.constraints.max_wall_clock_time, task.constraints.retention_time,
                          task.constraints.max_task_retry_count), (FOREVER, PT(days=7), 3))
        self.assertEqual((task.user_identity.auto_user.scope, task.user_identity.auto_user.elevation_level),
                         ("pool", "nonadmin"))
        self.assertIsNone(task.execution_info.start_time)

    def test_a_failed_task_says_what_failed(self):
        job_id = self.new_job()
        exited = self.add_task(job_id, "/bin/sh -c 'exit 42'", constraints=models.TaskConstraints(max_task_retry_count=2))
        missing = self.add_task(job_id, "no-such-program --now", constraints=models.TaskConstraints(
            max_task_retry_count=2))
        late = self.add_task(job_id, "sleep 600", constraints=models.TaskConstraints(max_wall_clock_time=PT(seconds=1)))
        blob = self.add_task(job_id, "/bin/true", resource_files=[models.ResourceFile(
            http_url=f"{self.server.blob_account_url}/none/none.txt", file_path="none.txt")])
        information = self.completed(job_id, exited).execution_info
        self.assertEqual((information.exit_code, information.retry_count, information.result), (42, 2, "failure"))
        self.assertEqual((information.failure_info.category, information.failure_info.code),
                         (models.ErrorCategory.user_error, "FailureExitCode"))
        self.assert_recent(information.last_retry_time)
        information = self.completed(job_id, missing).execution_info
        self.assertEqual((information.exit_code, information.retry_count, information.failure_info.code),
                         (None, 0, "CommandProgramNotFound"))
        self.assertTrue(information.failure_info.message)
        information = self.completed(job_id, blob).execution_info
        self.assertIn(information.failure_info.code, ("BlobNotFound", "BlobAccessDenied"))
        self.assertIsNone(information.exit_code)
        information = self.completed(job_id, late).execution_info
        self.assertEqual((information.failure_info.code, information.result), ("TaskEnded", "failure"))

    def test_lists_come_in_pages_filtered_and_selected(self):
        job_id = self.new_job("nowhere")
        self.client.task.add_collection(job_id, [models.TaskAddParameter(id=f"t{number}", command_line="/bin/true")
                                                 for number in range(7)])
        pages = self.pages(self.client.task.list(job_id, models.TaskListOptions(
            max_results=3, filter="state eq 'active'", select="id,state")))
        self.assertEqual([len(page) for page in pages], [3, 3, 1])
        self.assertEqual(sorted(task.id for page in pages for task in page), [f"t{number}" for number in range(7)])
        self.assertIsNone(pages[0][0].command_line)
        self.assertEqual(list(self.client.task.list(job_id, models.TaskListOptions(filter="state eq 'completed'"))), [])

    def test_a_collection_larger_than_a_request_is_added_whole(self):
        job_id = self.new_job("nowhere")
        self.add_task(job_id, "/bin/true", "t17")
        tasks = [models.TaskAddParameter(id=f"t{number}", command_line="/bin/true") for number in range(250)]
        result = self.client.task.add_collection(job_id, tasks, threads=2)
        self.assertEqual(sorted(item.task_id for item in result.value), sorted(task.id for task in tasks))
        by_id = {item.task_id: item for item in result.value}
        self.assertEqual((by_id["t17"].status, by_id["t17"].error.code), ("clienterror", "TaskExists"))
        self.assertEqual(by_id["t17"].error.message.lang, "en-US")
        added = by_id["t18"]
        self.assertEqual(added.status, models.TaskAddStatus.success)
        self.assert_etag(added.e_tag)
        self.assert_recent(added.last_modified)
        self.assertEqual(added.location, f"{self.server.batch_url}/jobs/{job_id}/tasks/t18")
        self.assertEqual(len(list(self.client.task.list(job_id))), 250)
        self.assertEqual(self.client.job.get_task_counts(job_id).task_counts.active, 250)

    def test_a_collection_too_large_for_a_request_is_halved_by_the_client(self):
        job_id = self.new_job("nowhere")
        value = "x" * 20_000
        tasks = [models.TaskAddParameter(id=f"t{number}", command_line="/bin/true", environment_settings=[
            models.EnvironmentSetting(name="LONG", value=value)]) for number in range(100)]  # 2 MB
        result = self.client.task.add_collection(job_id, tasks)
        self.assertEqual({item.status for item in result.value}, {models.TaskAddStatus.success})
        self.assertEqual(len(list(self.client.task.list(job_id, models.TaskListOptions(select="id")))), 100)
        self.assertEqual(self.client.task.get(job_id, "t99").environment_settings[0].value, value)

    def test_bad_tasks_of_a_collection_are_told_apart_from_good_ones(self):
        job_id = self.new_job("nowhere")
        bad = models.TaskAddParameter(id="no blanks in ids", command_line="/bin/true")
        good = models.TaskAddParameter(id="good", command_line="/bin/true")
        with self.assertRaises(models.CreateTasksErrorException) as caught:
            self.client.task.add_collection(job_id, [good, bad])
        failures = caught.exception.failure_tasks
        self.assertEqual([(item.task_id, item.error.code) for item in failures],
                         [("no blanks in ids", "InvalidPropertyValue")], str(caught.exception))
        self.assertEqual(self.client.task.get(job_id, "good").state, "active")

    def test_one_task_too_large_for_any_request_is_refused(self):
        job_id = self.new_job("nowhere")
        huge = models.TaskAddParameter(id="huge", command_line="/bin/true", environment_settings=[
            models.EnvironmentSetting(name="LONG", value="x" * 1_500_000)])
        with self.assertRaises(models.CreateTasksErrorException) as caught:
            self.client.task.add_collection(job_id, [huge])
        self.assertEqual([error.error.code for error in caught.exception.errors], ["RequestBodyTooLarge"])
        self.assertEqual(caught.exception.errors[0].response.status_code, 413)

    def test_update_terminate_reactivate_delete(self):
        job_id = self.new_job()
        task_id = self.add_task(job_id, "sleep 600")
        running = self.task_in_state(job_id, task_id, "running")
        self.client.task.update(job_id, task_id, constraints=models.TaskConstraints(
            max_wall_clock_time=PT(hours=1), retention_time=PT(hours=2), max_task_retry_count=5),
            task_update_options=models.TaskUpdateOptions(if_match=running.e_tag))
        task = self.client.task.get(job_id, task_id)
        self.assertEqual((task.constraints.max_wall_clock_time, task.constraints.retention_time,
                          task.constraints.max_task_retry_count), (PT(hours=1), PT(hours=2), 5))
        with self.refused(409, "TaskNotCompleted"):
            self.client.task.reactivate(job_id, task_id)
        self.client.task.terminate(job_id, task_id)
        ended = self.completed(job_id, task_id)
        self.assertEqual(ended.execution_info.failure_info.code, "TaskEnded")
        self.assertNotEqual(ended.e_tag, task.e_tag)
        with self.refused(409, "TaskCompleted"):
            self.client.task.terminate(job_id, task_id)
        with self.refused(412, "ConditionNotMet"):
            self.client.task.reactivate(job_id, task_id, models.TaskReactivateOptions(if_match="0x1"))
        self.client.task.reactivate(job_id, task_id)
        again = self.task_in_state(job_id, task_id, "running")
        self.assertIsNone(again.execution_info.end_time)
        self.assertIsNone(again.execution_info.failure_info)
        self.assertGreater(again.execution_info.start_time, running.execution_info.start_time)
        self.client.task.delete(job_id, task_id)
        with self.refused(404, "TaskNotFound"):
            self.client.task.get(job_id, task_id)
        succeeded = self.add_task(job_id, "/bin/true")
        self.completed(job_id, succeeded)
        with self.refused(409, "TaskSucceeded"):
            self.client.task.reactivate(job_id, succeeded)

    def test_a_terminated_task_that_never_ran(self):
        job_id = self.new_job("nowhere")
        task_id = self.add_task(job_id, "/bin/true")
        self.client.task.terminate(job_id, task_id)
        information = self.client.task.get(job_id, task_id).execution_info
        self.assertEqual((information.start_time, information.exit_code, information.failure_info.code),
                         (None, None, "TaskEnded"))
        self.assert_recent(information.end_time)

    def test_an_ordinary_task_has_no_subtasks(self):
        job_id = self.new_job("nowhere")
        found = self.client.task.list_subtasks(job_id, self.add_task(job_id, "/bin/true"))
        self.assertFalse(found.value)


class Files(Case):
    def test_files_of_a_task_are_listed_read_in_part_and_deleted(self):
        job_id = self.new_job()
        task_id = self.add_task(job_id, "/bin/sh -c 'echo 0123456789; mkdir -p \"sub dir\"; printf abc > \"sub dir/ä #1.txt\"'")
        self.completed(job_id, task_id)
        top = {item.name: item for item in self.client.file.list_from_task(job_id, task_id)}
        self.assertLessEqual({"stdout.txt", "stderr.txt", "wd"}, set(top))
        self.assertEqual((top["wd"].is_directory, top["stdout.txt"].properties.content_length), (True, 11))
        self.assertEqual(top["stdout.txt"].properties.content_type, "text/plain")
        self.assertTrue(top["stdout.txt"].url.endswith(f"/jobs/{job_id}/tasks/{task_id}/files/stdout.txt"))
        below = [item.name for item in self.client.file.list_from_task(
            job_id, task_id, recursive=True,
            file_list_from_task_options=models.FileListFromTaskOptions(filter="startswith(name,'wd/')"))]
        self.assertIn("wd/sub dir/ä #1.txt", below)
        self.assertNotIn("stdout.txt", below)
        pages = self.pages(self.client.file.list_from_task(
            job_id, task_id, recursive=True,
            file_list_from_task_options=models.FileListFromTaskOptions(max_results=2)))
        self.assertGreater(len(pages), 1)
        self.assertIn("wd/sub dir/ä #1.txt", [item.name for page in pages for item in page])

        self.assertEqual(self.read(self.client.file.get_from_task(job_id, task_id, "wd/sub dir/ä #1.txt")), b"abc")
        part = self.client.file.get_from_task(job_id, task_id, "stdout.txt", models.FileGetFromTaskOptions(
            ocp_range="bytes=2-5"))
        self.assertEqual(self.read(part), b"2345")
        beyond = self.client.file.get_from_task(job_id, task_id, "stdout.txt", models.FileGetFromTaskOptions(
            ocp_range="bytes=8-900"))
        self.assertEqual(self.read(beyond), b"89\n")
        with self.refused(416, "InvalidRange"):
            self.read(self.client.file.get_from_task(job_id, task_id, "stdout.txt", models.FileGetFromTaskOptions(
                ocp_range="bytes=100-200")))
        properties = self.client.file.get_properties_from_task(job_id, task_id, "stdout.txt", raw=True)
        self.assertEqual(properties.headers["Content-Length"], 11)
        self.assertRegex(properties.headers["ocp-batch-file-mode"], "^0o100")
        self.assert_recent(properties.headers["Last-Modified"])
        modified = properties.headers["Last-Modified"]
        with self.refused(304, None):
            self.client.file.get_from_task(job_id, task_id, "stdout.txt", models.FileGetFromTaskOptions(
                if_modified_since=modified))
        with self.refused(412, "ConditionNotMet"):
            self.client.file.get_from_task(job_id, task_id, "stdout.txt", models.FileGetFromTaskOptions(
                if_unmodified_since=modified - PT(seconds=10)))

        self.client.file.delete_from_task(job_id, task_id, "stdout.txt")
        self.assertNotIn("stdout.txt", [item.name for item in self.client.file.list_from_task(job_id, task_id)])
        with self.refused(404, "FileNotFound"):
            self.client.file.get_from_task(job_id, task_id, "stdout.txt")
        self.client.file.delete_from_task(job_id, task_id, "wd/sub dir", recursive=True)

    def test_a_large_file_streams_and_an_empty_one_is_empty(self):
        job_id = self.new_job()
        task_id = self.add_task(job_id, "/bin/sh -c 'head -c 20000000 /dev/zero > zeros; : > nothing'")
        self.completed(job_id, task_id)
        length, seen = 0, set()

        def progress(chunk, response):
            seen.add(len(chunk or b""))
        for chunk in self.client.file.get_from_task(job_id, task_id, "wd/zeros", callback=progress):
            length += len(chunk)
        self.assertEqual(length, 20_000_000)
        self.assertGreater(len(seen), 0)
        self.assertEqual(self.read(self.client.file.get_from_task(job_id, task_id, "wd/nothing")), b"")

    def test_many_clients_read_at_once(self):
        job_id = self.new_job()
        task_id = self.add_task(job_id, "/bin/sh -c 'seq 100000'")
        self.completed(job_id, task_id)
        wanted = b"".join(b"%d\n" % number for number in range(1, 100001))
        results = []

        def fetch():
            results.append(self.read(self.client.file.get_from_task(job_id, task_id, "stdout.txt")) == wanted)
        threads = [threading.Thread(target=fetch) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(results, [True] * 16)

    def test_a_file_of_a_waiting_task_is_not_there_yet(self):
        job_id = self.new_job("nowhere")
        task_id = self.add_task(job_id, "/bin/true")
        with self.refused(409, "OperationInvalidForCurrentState"):
            self.client.file.get_from_task(job_id, task_id, "stdout.txt")
