"""`--backend azure` through a wire on which everything goes wrong: connections reset before, in the middle of and after
what they ask for, answers cut off or slow, services too busy. Nothing is lost, nothing is done twice, and who cannot go on
says why."""
import json
import os
import random
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest

import clients
import emulator
import templates

SEED = int(os.environ.get("BATCHITE_TEST_SEED", "1"))
BUSY = (b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nRetry-After: %d\r\n"
        b"Connection: close\r\n\r\n%s")


def busy(line, code, seconds):
    body = b'{"code":"%s","message":{"lang":"en-US","value":"Try again later."}}' % code
    return BUSY % (line, len(body), seconds, body)


def read_message(connection):
    """Head and body; a body without length ends with the connection."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return data
        data += piece
    head, body = data.split(b"\r\n\r\n", 1)
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
    if fields.get(b"expect") == b"100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    is_request = not head.startswith(b"HTTP/")
    length = int(fields.get(b"content-length", 0 if is_request else -1))
    while length < 0 or len(body) < length:
        piece = connection.recv(65536)
        if not piece:
            break
        body += piece
    return head + b"\r\n\r\n" + body


def without_line(head, name):
    return b"\r\n".join(line for line in head.split(b"\r\n") if not line.lower().startswith(name))


class Wire:
    """Listens on a port and passes each request on to another one, as `fault(number, request)` says: a name below."""
    def __init__(self, url, fault):
        host, _, port = url.split("/")[2].partition(":")
        self.address, self.fault = (host, int(port)), fault
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.lock, self.count, self.met = threading.Lock(), 0, []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection:
            try:
                request = read_message(connection)
                if not request:
                    return
                with self.lock:
                    self.count += 1
                    kind = self.fault(self.count, request)
                    self.met.append(kind)
                getattr(self, kind)(connection, request)
            except OSError:
                pass

    def pass_on(self, request):
        head, body = request.split(b"\r\n\r\n", 1)
        head = without_line(without_line(head, b"connection:"), b"expect:")
        with socket.create_connection(self.address) as upstream:
            upstream.sendall(head + b"\r\nConnection: close\r\n\r\n" + body)
            answer = b""
            while piece := upstream.recv(65536):
                answer += piece
        return answer

    def reset(self, connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    def fine(self, connection, request):
        connection.sendall(self.pass_on(request))

    def never_arrives(self, connection, _):
        self.reset(connection)

    def answer_lost(self, connection, request):
        self.pass_on(request)
        self.reset(connection)

    def broken_in_the_middle(self, connection, request):
        answer = self.pass_on(request)
        connection.sendall(answer[:len(answer) * 2 // 3])
        self.reset(connection)

    def cut_short(self, connection, request):
        connection.sendall(self.pass_on(request)[:-10])

    def slow(self, connection, request):
        answer = self.pass_on(request)
        size = max(1, len(answer) // 10)
        for at in range(0, len(answer), size):
            connection.sendall(answer[at:at + size])
            time.sleep(0.02)

    def too_busy(self, connection, _):
        connection.sendall(busy(b"503 The server is busy.", b"ServerBusy", 0))

    def too_many(self, connection, _):
        connection.sendall(busy(b"429 Too many requests.", b"TooManyRequests", 1))

    def busy_for_long(self, connection, _):
        connection.sendall(busy(b"429 Too many requests.", b"TooManyRequests", 300))

    def close(self):
        self.listener.close()


FAULTS = ["never_arrives", "answer_lost", "broken_in_the_middle", "cut_short", "slow", "too_busy", "too_many"]


def setUpModule():
    global server, scratch
    server = emulator.Emulator()
    scratch = tempfile.TemporaryDirectory(prefix="batchite-misbehaving-")
    write_workflow()


def tearDownModule():
    server.stop()
    scratch.cleanup()


def start(batch, blobs, *words):
    variables = {**os.environ, **server.variables, "AZURE_BATCH_ENDPOINT": batch}
    variables.pop("AZURE_STORAGE_CONNECTION_STRING")
    return subprocess.Popen([emulator.program(), *words, "--backend", "azure", "--storage-endpoint",
                             f"{blobs}/{server.storage_account}", "-o", "json"],
                            env=variables, cwd=scratch.name, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def write(name, text):
    with open(os.path.join(scratch.name, name), "w") as file:
        file.write(text)


def write_workflow():
    """Five files, each made upper-case by a task."""
    os.makedirs(os.path.join(scratch.name, "in"))
    for number in range(5):
        write(f"in/{number}.txt", f"number {number}\n" * 1000)
    write("pool.json", json.dumps(templates.pool("shaky-pool", 3)))
    write("job.json", json.dumps(templates.upper_case_job("shaky-job", "shaky-pool")))


class Misbehaving(unittest.TestCase):
    def test_a_run_gets_through_and_leaves_nothing(self):
        chance = random.Random(SEED)
        faults = []

        def fault(number, _):
            if number % 4 != 0:
                return "fine"
            if not faults:  # each of them once, before any comes again
                faults.extend(chance.sample(FAULTS, len(FAULTS)))
            return faults.pop()

        batch, blobs = Wire(server.batch_url, fault), Wire(server.blob_url, fault)
        try:
            run = start(batch.url, blobs.url, "run", "pool.json", "job.json", "--input", "in/*", "--output", "results")
            out, err = run.communicate(timeout=240)
        finally:
            batch.close()
            blobs.close()
        self.assertEqual(run.returncode, 0, f"seed {SEED}\n{err}")
        result = json.loads(out)
        self.assertEqual((result["outcome"], len(result["tasks"]), result["kept"]), ("succeeded", 5, []), err)
        for number in range(5):
            with open(os.path.join(scratch.name, "results", f"{number}.out")) as file:
                self.assertEqual(file.read(), f"NUMBER {number}\n" * 1000)
        met = set(batch.met + blobs.met)
        self.assertEqual(met, {"fine", *FAULTS}, f"seed {SEED}: {len(batch.met)} and {len(blobs.met)} requests")
        self.expect_nothing()

    def test_a_wait_that_the_service_asks_for_ends_with_ctrl_c(self):
        runs = []

        def fault(_, request):
            if b"/addtaskcollection" not in request:
                return "fine"
            runs[0].send_signal(signal.SIGINT)
            return "busy_for_long"

        batch = Wire(server.batch_url, fault)
        runs.append(start(batch.url, server.blob_url, "run", "pool.json", "job.json", "--input", "in/*"))
        out, err = runs[0].communicate(timeout=120)  # less than it was told to wait
        batch.close()
        self.assertEqual((runs[0].returncode, json.loads(out)["outcome"]), (130, "cancelled"), err)
        self.assertIn("TooManyRequests: Try again later.", err)
        self.assertIn("cancelled; what the run made was taken away", err)
        self.expect_nothing()

    def test_whoever_only_watches_ends_with_ctrl_c_too(self):
        for words in (["wait", "job", "none"], ["logs", "none", "none", "--follow"]):
            runs = []

            def fault(*_):
                emulator.eventually(lambda: runs, "it is started")[0].send_signal(signal.SIGINT)
                return "busy_for_long"

            batch = Wire(server.batch_url, fault)
            runs.append(start(batch.url, server.blob_url, *words))
            out, err = runs[0].communicate(timeout=120)
            batch.close()
            self.assertEqual((runs[0].returncode, out), (130, ""), err)

    def expect_nothing(self):
        self.assertEqual(list(clients.batch(server).pool.list()), [])
        self.assertEqual(list(clients.batch(server).job.list()), [])
        self.assertEqual(list(clients.blobs(server).list_containers()), [])

    def test_who_cannot_go_on_says_why(self):
        expected = {"never_arrives": r"ServiceUnreachable: GET http://127\.0\.0\.1:\d+/pools: .*, after 6 attempts",
                    "cut_short": r"ServiceUnreachable: GET http://127\.0\.0\.1:\d+/pools: .*, after 6 attempts",
                    "broken_in_the_middle": r"ServiceUnreachable: GET .*, after 6 attempts",
                    "too_busy": r"ServerBusy: Try again later\.", "too_many": r"TooManyRequests: Try again later\."}
        wires = {kind: Wire(server.batch_url, lambda *_, kind=kind: kind) for kind in expected}
        programs = {kind: start(wire.url, server.blob_url, "pool", "list") for kind, wire in wires.items()}
        for kind, program in programs.items():
            out, err = program.communicate(timeout=120)
            self.assertEqual((program.returncode, out), (6, ""), kind)
            self.assertRegex(err, r"\Abatchite: error: " + expected[kind] + r"\n\Z", kind)
            self.assertEqual(wires[kind].count, 6, kind)
            wires[kind].close()


if __name__ == "__main__":
    unittest.main()
