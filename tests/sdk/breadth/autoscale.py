"""Pools that scale by a formula."""
import datetime
import json
import urllib.request

from azure.batch import models
from msrest.exceptions import ClientRequestError

from .case import Case, eventually, vm_configuration

FORMULA = "$TargetDedicatedNodes = 0; $TargetLowPriorityNodes = 1;"


class Autoscale(Case):
    def scaling_pool(self, formula=FORMULA):
        pool_id = self.name("scaling")
        self.addCleanup(self.forget, self.client.pool.delete, pool_id)
        self.client.pool.add(models.PoolAddParameter(
            id=pool_id, vm_size="standard_a1_v2", virtual_machine_configuration=vm_configuration(),
            enable_auto_scale=True, auto_scale_formula=formula,
            auto_scale_evaluation_interval=datetime.timedelta(minutes=5)))
        return pool_id

    def with_spot_node(self, pool_id):
        def pool():
            found = self.client.pool.get(pool_id)
            return found if found.current_low_priority_nodes == 1 else None
        return eventually(pool, "a spot node in the pool")

    def test_a_pool_scales_from_its_creation_on(self):
        pool_id = self.scaling_pool()
        pool = self.with_spot_node(pool_id)
        self.assertIs(pool.enable_auto_scale, True)
        self.assertEqual(pool.auto_scale_formula, FORMULA)
        self.assertEqual(pool.auto_scale_evaluation_interval, datetime.timedelta(minutes=5))
        self.assertEqual(pool.auto_scale_run.timestamp, pool.creation_time)
        self.assertEqual(pool.auto_scale_run.results,
                         "$TargetDedicatedNodes=0;$TargetLowPriorityNodes=1;$NodeDeallocationOption=requeue")
        self.assertIsNone(pool.auto_scale_run.error)
        with self.refused(409, "OperationInvalidForCurrentState"):
            self.client.pool.resize(pool_id, models.PoolResizeParameter(target_dedicated_nodes=2))

    def test_a_formula_is_tried_before_it_is_used(self):
        pool_id = self.scaling_pool()
        run = self.client.pool.evaluate_auto_scale(pool_id, "$TargetDedicatedNodes=3; x = $PendingTasks.GetSample(1);")
        self.assertEqual(run.results, "$TargetDedicatedNodes=3;$TargetLowPriorityNodes=1;"
                                      "$NodeDeallocationOption=requeue;x=[0]")
        self.assert_recent(run.timestamp)
        failed = self.client.pool.evaluate_auto_scale(pool_id, "$something_useless")
        self.assertEqual(failed.error.code, "AutoScalingFormulaEvaluationError")
        self.assertEqual([(value.name, value.value) for value in failed.error.values],
                         [("Message", "Line 1, Col 1: Undefined symbol: something_useless")])
        self.assertEqual(self.client.pool.get(pool_id).target_dedicated_nodes, 0)
        with self.refused(400, "AutoScalingFormulaSyntaxError"):
            self.client.pool.evaluate_auto_scale(pool_id, "$TargetDedicatedNodes = ;")

    def test_a_pool_is_switched_to_a_formula_and_back(self):
        pool_id = self.new_pool()
        self.steady(pool_id)
        with self.refused(409, "OperationInvalidForCurrentState"):
            self.client.pool.evaluate_auto_scale(pool_id, FORMULA)
        self.client.pool.enable_auto_scale(pool_id, FORMULA, datetime.timedelta(minutes=10))
        with self.assertRaisesRegex(ClientRequestError, "503"):  # the client is one that retries 503, were it allowed to
            self.client.pool.enable_auto_scale(pool_id, FORMULA)
        self.with_spot_node(pool_id)
        self.client.pool.disable_auto_scale(pool_id)
        pool = self.client.pool.get(pool_id)
        self.assertIs(pool.enable_auto_scale, False)
        self.assertIsNone(pool.auto_scale_run)
        self.assertEqual(pool.target_low_priority_nodes, 1)

    def test_its_samples_are_there_to_be_explained(self):
        pool_id = self.scaling_pool()
        with urllib.request.urlopen(f"{self.server.batch_url}/_batchite/samples/{pool_id}") as answer:
            samples = json.load(answer)
        self.assertEqual(samples[0]["$PendingTasks"], 0)
