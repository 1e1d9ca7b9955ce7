"""What goes wrong with nodes, made to happen by the command line, as a client sees it."""
import subprocess

from azure.batch import models

import emulator

from .case import Case

# Waits for the notice like a program on a spot machine, leaves a checkpoint, and is gone at the second start.
PATIENT = r"""
import json, os, pathlib, sys, time, urllib.request
mark = pathlib.Path(os.environ["MARK"])
if mark.exists():
    sys.exit(0)
request = urllib.request.Request(os.environ["BATCHITE_SCHEDULED_EVENTS_URL"], headers={"Metadata": "true"})
while True:
    events = json.load(urllib.request.urlopen(request))["Events"]
    if events:
        mark.write_text(json.dumps(events))
        time.sleep(600)
    time.sleep(0.05)
"""


class Faults(Case):
    def batchite(self, *words):
        return subprocess.run([emulator.program(), *words, "--ready-file", self.server.ready_file], check=False,
                              capture_output=True, text=True)

    def test_a_preempted_task_saves_its_work_and_runs_again_without_a_retry(self):
        pool_id = self.new_pool(target_low_priority_nodes=1)
        node = self.idle_nodes(pool_id, 1)[0]
        job_id = self.new_job(pool_id)
        task_id = self.add_task(
            job_id, """/usr/bin/python3 -c 'exec(__import__("os").environ["PATIENT"])'""",
            environment_settings=[
                models.EnvironmentSetting(name="PATIENT", value=PATIENT),
                models.EnvironmentSetting(name="MARK", value=f"{self.server.directory}/mark-{job_id}")],
            constraints=models.TaskConstraints(max_task_retry_count=0))
        self.task_in_state(job_id, task_id, "running")
        done = self.batchite("node", "preempt", pool_id, node.id, "--notice", "2s", "--away", "1s")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        task = self.completed(job_id, task_id)
        self.assertEqual((task.execution_info.exit_code, task.execution_info.retry_count), (0, 0))
        self.assertEqual(task.node_info.node_id, node.id)

    def test_a_broken_node_shows_its_error_and_recovers(self):
        pool_id = self.new_pool(target_dedicated_nodes=1)
        node = self.idle_nodes(pool_id, 1)[0]
        refused = self.batchite("node", "preempt", pool_id, node.id)
        self.assertEqual(refused.returncode, 6)
        self.assertIn("OperationNotValidOnNode", refused.stderr)
        self.batchite("node", "fail", pool_id, node.id, "--code", "DiskFull", "--message", "No room.")
        broken = self.client.compute_node.get(pool_id, node.id)
        self.assertEqual((broken.state, broken.errors[0].code), ("unusable", "DiskFull"))
        self.batchite("node", "recover", pool_id, node.id)
        self.node_in_state(pool_id, node.id, "idle")
