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
