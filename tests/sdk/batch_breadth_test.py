"""Every operation of the Python SDK's BatchServiceClient, with checks of what it makes of the answers."""
import sys
import unittest

from breadth import case
from breadth.autoscale import *  # noqa: F401,F403
from breadth.faults import *  # noqa: F401,F403
from breadth.dependencies import *  # noqa: F401,F403
from breadth.instances import *  # noqa: F401,F403
from breadth.jobs import *  # noqa: F401,F403
from breadth.nodes import *  # noqa: F401,F403
from breadth.pools import *  # noqa: F401,F403
from breadth.preparation import *  # noqa: F401,F403
from breadth.refusals import *  # noqa: F401,F403
from breadth.schedules import *  # noqa: F401,F403
from breadth.tasks import *  # noqa: F401,F403


def main():
    case.Shared.open()
    try:
        program = unittest.main(exit=False)
        missed = case.all_operations() - case.Shared.called
        if len(sys.argv) == 1 and missed:
            sys.exit(f"operations of the SDK that no test calls: {sorted(missed)}")
    finally:
        case.Shared.server.stop()
    sys.exit(not program.result.wasSuccessful())


if __name__ == "__main__":
    main()
