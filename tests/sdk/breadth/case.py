"""What the breadth tests share: one emulator, one recorded client, and checks that say what a user would see."""
import contextlib
import datetime
import inspect
import itertools
import os
import re
import sys
import unittest

from azure.batch import models, operations

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import clients
import emulator
from emulator import eventually

UBUNTU = dict(image_reference=models.ImageReference(publisher="Canonical", offer="0001-com-ubuntu-server-focal",
                                                    sku="20_04-lts", version="latest"),
              node_agent_sku_id="batch.node.ubuntu 20.04")
FOREVER = datetime.timedelta(days=10675199, hours=2, minutes=48, seconds=5, microseconds=477581)
_numbers = itertools.count(1)


class Recorded:
    """The client, noting which operations were called. It changes nothing."""

    def __init__(self, client, called):
        self._client, self._called = client, called

    def __getattr__(self, name):
        group = getattr(self._client, name)
        if type(group).__module__.startswith(operations.__name__):
            return _RecordedGroup(group, self._called)
        return group


class _RecordedGroup:
    def __init__(self, group, called):
        self._group, self._called = group, called

    def __getattr__(self, name):
        self._called.add((type(self._group).__name__, name))
        return getattr(self._group, name)


def all_operations():
    """Every (group, method) the SDK has."""
    return {(name, method) for name, group in inspect.getmembers(operations, inspect.isclass)
            for method, function in inspect.getmembers(group, inspect.isfunction) if not method.startswith("_")}


class Shared:
    """Set by the test program before its tests run."""
    server = None
    client = None
    called = set()

    @classmethod
    def open(cls, *flags):
        cls.server = emulator.Emulator(*flags)
        client = clients.batch(cls.server)
        client.config.retry_policy.retries = 0  # nothing may need a second try
        cls.client = Recorded(client, cls.called)
        cls.client.pool.add(models.PoolAddParameter(
            id="shared", vm_size="STANDARD_D2_v3", virtual_machine_configuration=vm_configuration(),
            target_dedicated_nodes=1, target_low_priority_nodes=1, task_slots_per_node=4))


def vm_configuration():
    return models.VirtualMachineConfiguration(**UBUNTU)


class Case(unittest.TestCase):
    maxDiff = None

    @property
    def server(self):
        return Shared.server

    @property
    def client(self):
        return Shared.client

    def name(self, stem):
        return f"{stem}-{next(_numbers)}"

    @contextlib.contextmanager
    def refused(self, status, code, **values):
        """The block is refused with this status and code, and these values among the error's."""
        with self.assertRaises(models.BatchErrorException) as caught:
            yield caught
        self.check_refusal(caught.exception, status, code, values)

    def check_refusal(self, exception, status, code, values=None):
        seen = exception.response.status_code
        error = exception.error
        self.assertEqual((seen, getattr(error, "code", None)), (status, code), f"the user sees: {exception}")
        if code is None:
            return
        lines = error.message.value.split("\n")
        self.assertEqual(error.message.lang, "en-US")
        self.assertRegex(lines[-2], r"^RequestId:[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$")
        self.assertRegex(lines[-1], r"^Time:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$")
        self.assertEqual(exception.response.headers["request-id"], lines[-2].split(":", 1)[1])
        told = {value.key: value.value for value in error.values or []}
        for key, value in (values or {}).items():
            self.assertEqual(told.get(key), value, f"values: {told}")

    def assert_recent(self, moment, seconds=120):
        """A UTC time between `seconds` ago and now."""
        self.assertIsInstance(moment, datetime.datetime)
        self.assertEqual(moment.utcoffset(), datetime.timedelta(0))
        age = (datetime.datetime.now(datetime.timezone.utc) - moment).total_seconds()
        self.assertTrue(-2 < age < seconds, f"{moment} is {age} s ago")

    def assert_etag(self, etag):
        self.assertRegex(etag, re.compile("^0x[0-9A-F]{15}$"))

    def pages(self, paged):
        """The lists of items, one a request."""
        pages = []
        while True:
            try:
                pages.append(list(paged.advance_page()))
            except StopIteration:
                return pages

    def new_pool(self, **wanted):
        pool_id = self.name("pool")
        self.client.pool.add(models.PoolAddParameter(**{
            "id": pool_id, "vm_size": "standard_a1_v2", "virtual_machine_configuration": vm_configuration(), **wanted}))
        self.addCleanup(self.forget, self.client.pool.delete, pool_id)
        return pool_id

    def steady(self, pool_id):
        def settled():
            pool = self.client.pool.get(pool_id)
            return pool if pool.allocation_state == models.AllocationState.steady else None
        return eventually(settled, f"pool {pool_id} is steady")

    def idle_nodes(self, pool_id, count):
        def ready():
            nodes = list(self.client.compute_node.list(pool_id))
            return nodes if len(nodes) == count and all(node.state in ("idle", "running") for node in nodes) else None
        return eventually(ready, lambda: f"{count} idle nodes in {pool_id}: " + str(
            [(node.id, node.state) for node in self.client.compute_node.list(pool_id)]))

    def node_in_state(self, pool_id, node_id, *states):
        def reached():
            node = self.client.compute_node.get(pool_id, node_id)
            return node if node.state in states else None
        return eventually(reached, lambda: f"{node_id} is {states}, it is " +
                          self.client.compute_node.get(pool_id, node_id).state)

    def new_job(self, pool_id="shared", **wanted):
        job_id = self.name("job")
        self.client.job.add(models.JobAddParameter(id=job_id, pool_info=models.PoolInformation(pool_id=pool_id),
                                                   **wanted))
        self.addCleanup(self.forget, self.client.job.delete, job_id)
        return job_id

    def add_task(self, job_id, command_line, task_id=None, **wanted):
        task_id = task_id or self.name("task")
        self.client.task.add(job_id, models.TaskAddParameter(id=task_id, command_line=command_line, **wanted))
        return task_id

    def task_in_state(self, job_id, task_id, state):
        def reached():
            task = self.client.task.get(job_id, task_id)
            return task if task.state == state else None
        return eventually(reached, lambda: f"task {task_id} is {state}, it is " +
                          self.client.task.get(job_id, task_id).state)

    def completed(self, job_id, task_id):
        return self.task_in_state(job_id, task_id, "completed")

    def job_in_state(self, job_id, state):
        def reached():
            job = self.client.job.get(job_id)
            return job if job.state == state else None
        return eventually(reached, lambda: f"job {job_id} is {state}, it is " + self.client.job.get(job_id).state)

    def forget(self, delete, *names):
        """Deletes what a test made, if it is still there."""
        try:
            delete(*names)
        except models.BatchErrorException as error:
            if error.error.code not in ("PoolNotFound", "PoolBeingDeleted", "JobNotFound", "JobBeingDeleted"):
                raise

    def read(self, stream):
        return b"".join(stream)
