"""Random sequences of blob operations on Azurite and on Batchite, which must answer alike but for what
comparison/allowed.py lists. A sequence that shows a difference is shrunk and printed.

    azurite_python_test.py [--seeds 100-199] [--steps 300] [--keep-going]
"""
import argparse
import collections
import os
import random
import re
import subprocess
import sys
import unittest
import urllib.parse

import emulator
from comparison import allowed, view, wire
from comparison.steps import CONTAINERS, Chooser

HERE = os.path.dirname(os.path.abspath(__file__))
AZURITE = os.path.join(HERE, "comparison", "node_modules", "azurite", "dist", "src", "blob", "main.js")
SEEDS, STEPS = range(1, 16), 150
LONGEST_SHRINKING = 400  # tries


class Azurite:
    def __init__(self):
        self.process = subprocess.Popen(
            ["node", AZURITE, "--blobPort", "0", "--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry",
             "--silent"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for line in self.process.stdout:
            if found := re.search(rb"successfully listens on (http://\S+)", line):
                self.url = found[1].decode()
                return
        raise AssertionError("Azurite did not start")

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


class Side:
    """One server and what it said so far in a sequence."""
    def __init__(self, server, prefix):
        self.server, self.prefix = server, prefix
        self.view = view.View()
        self.known = {}  # by reference: "etag:c0/a"

    def play(self, step):
        answer = self.server.send(step.method, self.prefix + step.path,
                                  {name: self.fill_in(value) for name, value in step.query.items()},
                                  {name: self.fill_in(value) for name, value in step.headers.items()}, step.body)
        if answer.ok:
            self.learn(step, answer)
        return answer, self.view.of(step, answer)

    def learn(self, step, answer):
        if "etag" in answer.headers and "snapshot" not in step.query and step.name != "SnapshotBlob":
            self.known["etag:" + step.path] = answer.headers["etag"]
        if "x-ms-snapshot" in answer.headers:
            self.known["snapshot:" + step.path] = answer.headers["x-ms-snapshot"]
        if found := re.search(rb"<NextMarker>(.+?)</NextMarker>", answer.body):
            self.known["marker:" + step.path] = found[1].decode()
        elif step.method not in ("GET", "HEAD"):  # what comes between two pages may be in the second or not
            self.known = {name: value for name, value in self.known.items() if not name.startswith("marker:")}

    def fill_in(self, text):
        def value(match):
            kind, _, path = match[1].partition(":")
            if kind == "url":
                return f"http://{self.server.host}/{self.server.account}/" + urllib.parse.quote(self.prefix + path)
            nothing = {"etag": '"0x3"', "snapshot": "2020-01-01T00:00:00.0000000Z", "marker": ""}
            return self.known.get(match[1], nothing[kind])
        return re.sub(r"\{(.*?)\}", value, text)

    def clear(self):
        """Whatever is leased is freed and all is deleted."""
        for name in CONTAINERS:
            query = {"restype": "container"}
            self.server.send("PUT", self.prefix + name, {**query, "comp": "lease"},
                             {"x-ms-lease-action": "break", "x-ms-lease-break-period": "0"})
            self.server.send("DELETE", self.prefix + name, query)


class Comparison:
    def __init__(self, azurite, batchite):
        self.servers = (azurite, batchite)
        self.rounds = 0
        self.steps = 0
        self.used = collections.Counter()  # reasons

    def run(self, steps):
        """None, or (number of the step, what each said, the differences that are not allowed)."""
        sides = self.begin()
        try:
            for number, step in enumerate(steps):
                (their_answer, theirs), (our_answer, ours) = (side.play(step) for side in sides)
                self.steps += 1
                bad = []
                for what, their_value, our_value in view.differences(theirs, ours):
                    why = allowed.reason(step, view.plain(what), their_value, our_value)
                    if why:
                        self.used[why] += 1
                    else:
                        bad.append((what, their_value, our_value))
                if bad:
                    return number, bad
                if their_answer.ok != our_answer.ok:  # an allowed one, after which they hold different things
                    for side in sides:
                        side.clear()
                    sides = self.begin()
            return None
        finally:
            for side in sides:
                side.clear()

    def begin(self):
        self.rounds += 1
        sides = [Side(server, f"r{self.rounds}-") for server in self.servers]
        for side in sides:
            for name in CONTAINERS:
                side.server.send("PUT", side.prefix + name, {"restype": "container"})
        return sides

    def shrink(self, steps, failure):
        """A shorter sequence that ends in the same difference."""
        number, bad = failure
        steps, kinds = steps[:number + 1], {view.plain(what) for what, *_ in bad}
        size, tries = max(1, len(steps) // 2), 0
        while size and tries < LONGEST_SHRINKING:
            start = 0
            while start < len(steps) - 1 and tries < LONGEST_SHRINKING:
                shorter = steps[:start] + steps[min(start + size, len(steps) - 1):]
                found = self.run(shorter)
                tries += 1
                if found and found[0] == len(shorter) - 1 and {view.plain(what) for what, *_ in found[1]} == kinds:
                    steps, failure = shorter, found
                else:
                    start += size
            size //= 2
        return steps, failure[1]


def story(seed, steps, bad):
    lines = [f"seed {seed}:", *(f"  {step}" for step in steps), "  differs in"]
    lines += [f"    {what}: Azurite {theirs!r}, Batchite {ours!r}" for what, theirs, ours in bad]
    return "\n".join(lines)


def compare(comparison, seed, count):
    chooser = Chooser(random.Random(seed))
    steps = [chooser.step() for _ in range(count)]
    failure = comparison.run(steps)
    return story(seed, *comparison.shrink(steps, failure)) if failure else None


class RandomOperations(unittest.TestCase):
    seeds, steps, keep_going = SEEDS, STEPS, False

    def test_are_answered_as_azurite_does(self):
        azurite, server = Azurite(), emulator.Emulator()
        try:
            comparison = Comparison(*(wire.Server(url, server.storage_account, server.storage_key)
                                      for url in (azurite.url, server.blob_url)))
            stories = []
            for seed in self.seeds:
                if told := compare(comparison, seed, self.steps):
                    stories.append(told)
                    if not self.keep_going:
                        break
            print(f"{comparison.steps} steps; allowed differences: {dict(comparison.used.most_common())}")
            if stories:
                self.fail("\n\n".join(stories))
        finally:
            server.stop()
            azurite.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", default=f"{SEEDS.start}-{SEEDS.stop - 1}")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--keep-going", action="store_true", help="tell of all seeds, not only of the first that fails")
    options = parser.parse_args()
    first, _, last = options.seeds.partition("-")
    RandomOperations.seeds = range(int(first), int(last or first) + 1)
    RandomOperations.steps, RandomOperations.keep_going = options.steps, options.keep_going
    unittest.main(argv=sys.argv[:1])


if __name__ == "__main__":
    main()
