"""What `run` leaves on a service that is somewhere else (`--backend azure`, here an emulator's): nothing, or what it says,
with the command that takes it away."""
import json
import os
import re
import shlex
import signal
import subprocess
import tempfile
import unittest

import clients
import emulator
import templates


def setUpModule():
    global server, batch, scratch
    server = emulator.Emulator()
    batch = clients.batch(server)
    scratch = tempfile.TemporaryDirectory(prefix="batchite-remote-run-")
    write("pool.json", pool())
    write("long.json", job("long", "sleep 1000"))
    write("short.json", job("short", "true"))


def tearDownModule():
    server.stop()
    scratch.cleanup()


def pool(name="remote-pool", **settings):
    return templates.pool(name, **settings)


def job(name, command):
    return templates.job(name, "remote-pool", {"type": "taskCollection", "tasks": [{"id": "t", "commandLine": command}]})


def write(name, document):
    with open(os.path.join(scratch.name, name), "w") as file:
        json.dump(document, file)


def start(*words, backend="azure"):
    variables = {**os.environ, **server.variables}
    return subprocess.Popen([emulator.program(), *words, "--backend", backend], env=variables, cwd=scratch.name,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(*words, status=0):
    program = start(*words)
    out, err = program.communicate(timeout=120)
    if program.returncode != status:
        raise AssertionError(f"{words} ended with {program.returncode}, not {status}:\n{out}{err}")
    return out, err


class RemoteRun(unittest.TestCase):
    def there(self):
        return sorted([f"pool {one.id}" for one in batch.pool.list()] + [f"job {one.id}" for one in batch.job.list()])

    def assert_gone(self):
        emulator.eventually(lambda: not self.there(), lambda: f"gone: {self.there()}")

    def is_running(self):
        return any(task.state == "running" for one in batch.job.list() for task in batch.task.list(one.id))

    def test_nothing_is_left(self):
        run("run", "pool.json", "short.json")
        self.assertEqual(self.there(), [])

    def test_ctrl_c_takes_everything_away(self):
        program = start("run", "pool.json", "long.json")
        emulator.eventually(self.is_running, "the task runs")
        program.send_signal(signal.SIGINT)
        _, err = program.communicate(timeout=60)
        self.assertEqual(program.returncode, 128 + signal.SIGINT, err)
        self.assertIn("cancelled; what the run made was taken away", err)
        self.assertEqual(self.there(), [])

    def test_a_second_ctrl_c_names_what_takes_it_away(self):
        program = start("run", "pool.json", "long.json")
        emulator.eventually(self.is_running, "the task runs")
        batch.job.disable(next(batch.job.list()).id, "wait")  # a job that is not to go at once
        os.kill(program.pid, signal.SIGSTOP)
        program.send_signal(signal.SIGINT)
        program.send_signal(signal.SIGTERM)
        os.kill(program.pid, signal.SIGCONT)
        _, err = program.communicate(timeout=60)
        self.assertIn(program.returncode, (128 + signal.SIGINT, 128 + signal.SIGTERM), err)
        self.assertEqual(len(self.there()), 2)
        command = re.search(r"ended at once; `batchite (cleanup --backend azure --run \w+ --delete)` deletes", err)[1]
        listed, _ = run("cleanup", "--run", command.split()[4], "-o", "json")
        self.assertEqual(sorted(one["kind"] for one in json.loads(listed)), ["job", "pool"])
        run(*command.replace(" --backend azure", "").split())
        self.assert_gone()

    def test_what_is_kept_is_told_with_what_deletes_it(self):
        out, err = run("run", "pool.json", "short.json", "--keep")
        kept = re.findall(r"^kept (\S+ \S+)$", out, re.M)
        self.assertEqual(sorted(kept), self.there())
        commands = re.findall(r"stays; `batchite (.*?)` deletes it", err)
        self.assertEqual(len(commands), 2, err)
        for command in reversed(commands):  # the job goes before its pool
            run(*shlex.split(command.replace(" --backend azure", "")))
        self.assert_gone()

    def test_a_timeout_ends_it_and_takes_everything_away(self):
        _, err = run("run", "pool.json", "long.json", "--timeout", "3s", status=5)
        self.assertIn("1 of 1 tasks had not ended when the time was up", err)
        self.assertEqual(self.there(), [])

    def test_a_pool_that_differs_is_not_used(self):
        parameters = {"pool": {**pool()["pool"]}, "parameters": {"poolId": {"type": "string", "defaultValue": "mine"}}}
        parameters["pool"]["properties"]["id"] = "[parameters('poolId')]"
        write("chosen.json", parameters)
        write("chosen_job.json", job("chosen", "true"))
        document = job("chosen", "true")
        document["job"]["properties"]["poolInfo"]["poolId"] = "mine"
        write("chosen_job.json", document)
        run("run", "chosen.json", "chosen_job.json", "-P", "poolId=mine", "--keep")
        parameters["pool"]["properties"]["vmSize"] = "standard_d4s_v3"
        write("chosen.json", parameters)
        for one in batch.job.list():
            batch.job.delete(one.id)
        emulator.eventually(lambda: not list(batch.job.list()), "the job is gone")
        _, err = run("run", "chosen.json", "chosen_job.json", "-P", "poolId=mine", status=2)
        self.assertIn("pool 'mine' exists and differs from the template in vmSize", err)
        run("run", "chosen.json", "chosen_job.json", "-P", "poolId=mine", "--reuse")
        self.assertEqual(self.there(), ["pool mine"], "a pool that was there stays")
        run("pool", "delete", "mine")
        self.assert_gone()

    def test_an_image_that_is_not_offered_costs_nothing(self):
        write("odd.json", pool(sku="22_05-lts"))
        _, err = run("run", "odd.json", "short.json", status=2)
        self.assertIn("does not offer image canonical/0001-com-ubuntu-server-jammy/22_05-lts; nearest: "
                      "canonical/0001-com-ubuntu-server-jammy/22_04-lts", err)
        self.assertEqual(self.there(), [])

    def test_a_start_task_that_fails_is_told_with_the_nodes_own_words(self):
        write("broken.json", pool(start="/bin/sh -c 'echo no such package >&2; exit 7'"))
        _, err = run("run", "broken.json", "short.json", status=3)
        self.assertIn("the start task failed on all 1 nodes of pool remote-pool-", err)
        self.assertIn("    no such package", err)
        self.assertEqual(self.there(), [])


if __name__ == "__main__":
    unittest.main()
