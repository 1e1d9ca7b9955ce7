"""What a client sees while time passes: pools that resize, nodes that boot, files that grow, jobs that end."""
import concurrent.futures
import datetime
import sys
import unittest

from azure.batch import models

from breadth import case
from breadth.case import eventually

PT = datetime.timedelta


class WithDelays(case.Case):
    def test_a_resize_is_watched_and_stopped_before_a_node_comes(self):
        pool_id = self.new_pool(target_low_priority_nodes=2, target_dedicated_nodes=1)
        pool = self.client.pool.get(pool_id)
        self.assertEqual((pool.allocation_state, pool.current_low_priority_nodes), ("resizing", 0))
        with self.refused(409, "PoolBeingResized"):
            self.client.pool.resize(pool_id, models.PoolResizeParameter(target_dedicated_nodes=3))
        self.client.pool.stop_resize(pool_id)
        self.assertIn(self.client.pool.get(pool_id).allocation_state, ("stopping", "steady"))
        pool = self.steady(pool_id)
        self.assertEqual({error.code for error in pool.resize_errors}, {"ResizeStopped"})
        self.assertIn("low priority", " ".join(error.message for error in pool.resize_errors))
        self.assertEqual((pool.target_low_priority_nodes, pool.current_low_priority_nodes), (2, 0))
        self.assertEqual(list(self.client.compute_node.list(pool_id)), [])

    def test_a_pool_gets_its_nodes_after_the_delay_and_they_boot(self):
        begun = datetime.datetime.now()
        pool_id = self.new_pool(target_dedicated_nodes=1)
        pool = self.steady(pool_id)
        self.assertGreater(datetime.datetime.now() - begun, PT(seconds=4.5))
        self.assertEqual((pool.current_dedicated_nodes, pool.resize_errors), (1, None))
        seen = set()

        def watched():
            nodes = list(self.client.compute_node.list(pool_id))
            seen.update(node.state for node in nodes)
            return nodes if nodes and nodes[0].state == "idle" else None
        node = eventually(watched, lambda: f"the node is idle; seen: {seen}")[0]
        self.assertTrue({"creating", "starting"} & seen, seen)
        self.client.compute_node.reboot(pool_id, node.id)
        eventually(lambda: self.client.compute_node.get(pool_id, node.id).last_boot_time > node.last_boot_time,
                   "the node has booted again")
        self.node_in_state(pool_id, node.id, "idle")

    def test_a_pool_without_nodes_is_steady_at_once(self):
        pool_id = self.new_pool()
        self.assertEqual(eventually(lambda: (lambda pool: pool if pool.allocation_state == "steady" else None)(
            self.client.pool.get(pool_id)), "steady", deadline=2).current_dedicated_nodes, 0)

    def test_a_waiting_start_task_is_seen_at_work(self):
        pool_id = self.new_pool(target_dedicated_nodes=1, start_task=models.StartTask(
            command_line="/bin/sh -c 'echo begun; sleep 2'", wait_for_success=True))
        node = eventually(lambda: list(self.client.compute_node.list(pool_id)), "a node")[0]
        node = self.node_in_state(pool_id, node.id, "waitingforstarttask")
        self.assertEqual((node.start_task_info.state, node.start_task_info.exit_code), ("running", None))
        node = self.node_in_state(pool_id, node.id, "idle")
        self.assertEqual((node.start_task_info.state, node.start_task_info.exit_code), ("completed", 0))

    def test_a_failed_start_task_says_so(self):
        pool_id = self.new_pool(target_dedicated_nodes=1, start_task=models.StartTask(
            command_line="/bin/sh -c 'echo no luck >&2; exit 5'", wait_for_success=True, max_task_retry_count=1))
        node = eventually(lambda: list(self.client.compute_node.list(pool_id)), "a node")[0]
        node = self.node_in_state(pool_id, node.id, "starttaskfailed")
        told = node.start_task_info
        self.assertEqual((told.exit_code, told.retry_count, told.result, told.failure_info.code),
                         (5, 1, "failure", "FailureExitCode"))
        error = self.read(self.client.file.get_from_compute_node(pool_id, node.id, "startup/stderr.txt"))
        self.assertEqual(error, b"no luck\n")

    def test_files_of_a_running_task_grow_until_it_is_told_to_stop(self):
        job_id = self.new_job()
        task_id = self.add_task(job_id, "/bin/sh -c 'n=0; while :; do n=$((n + 1)); echo line $n; sleep 0.02; done'")
        self.task_in_state(job_id, task_id, "running")

        def size():
            try:
                return int(self.client.file.get_properties_from_task(
                    job_id, task_id, "stdout.txt", raw=True).response.headers["Content-Length"])
            except models.BatchErrorException as refused:  # a task runs a moment before its process has its files
                if refused.response.status_code != 404:
                    raise
                return 0
        first = eventually(size, "something is in stdout.txt")
        eventually(lambda: size() > first + 20, "stdout.txt grows")
        text = self.read(self.client.file.get_from_task(job_id, task_id, "stdout.txt"))
        self.assertTrue(text.startswith(b"line 1\nline 2\n"), text[:40])
        tail = self.read(self.client.file.get_from_task(job_id, task_id, "stdout.txt", models.FileGetFromTaskOptions(
            ocp_range=f"bytes=7-{len(text) + 1000}")))
        self.assertTrue(tail.startswith(b"line 2\n"))
        self.client.task.terminate(job_id, task_id)
        self.completed(job_id, task_id)
        final = size()
        self.assertGreaterEqual(final, len(text))
        self.assertEqual(size(), final)

    def test_a_job_ends_at_its_time(self):
        self.idle_nodes("shared", 2)
        job_id = self.new_job(constraints=models.JobConstraints(max_wall_clock_time=PT(seconds=2)))
        task_id = self.add_task(job_id, "sleep 600")
        self.task_in_state(job_id, task_id, "running")
        job = self.job_in_state(job_id, "completed")
        self.assertEqual(job.execution_info.terminate_reason, "MaxWallClockTimeExpiry")
        self.assertEqual(self.completed(job_id, task_id).execution_info.result, "failure")

    def test_shrinking_with_a_running_task_waits_for_it_or_not(self):
        pool_id = self.new_pool(target_dedicated_nodes=1)
        self.idle_nodes(pool_id, 1)
        job_id = self.new_job(pool_id)
        task_id = self.add_task(job_id, "sleep 600")
        self.task_in_state(job_id, task_id, "running")
        self.client.pool.resize(pool_id, models.PoolResizeParameter(
            target_dedicated_nodes=0, node_deallocation_option="taskCompletion"))
        self.assertEqual(self.client.pool.get(pool_id).allocation_state, "resizing")
        self.assertEqual(self.client.task.get(job_id, task_id).state, "running")
        self.client.task.terminate(job_id, task_id)
        self.steady(pool_id)
        eventually(lambda: not list(self.client.compute_node.list(pool_id)), "the node is gone")


def run_at_once(suite):
    """Each test in a thread of its own: they mostly wait. Returns whether all were successful."""
    def run(test):
        result = unittest.TestResult()
        test.run(result)
        return test, result.errors + result.failures
    tests = list(suite)
    with concurrent.futures.ThreadPoolExecutor(len(tests)) as threads:
        outcomes = list(threads.map(run, tests))
    for test, complaints in outcomes:
        print(test.id(), "FAILED" if complaints else "ok")
        for _, text in complaints:
            print(text, file=sys.stderr)
    return not any(complaints for _, complaints in outcomes)


def main():
    case.Shared.open("--allocation-delay", "5s", "--node-start-delay", "1s")
    try:
        successful = run_at_once(unittest.defaultTestLoader.loadTestsFromTestCase(WithDelays))
    finally:
        case.Shared.server.stop()
    sys.exit(not successful)


if __name__ == "__main__":
    main()
