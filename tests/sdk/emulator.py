"""A `batchite start` of its own for a test file, and what every client test needs: addresses, keys, waiting."""
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

START_DEADLINE = 30.0
STOP_DEADLINE = 20.0


def program():
    """The batchite under test."""
    return os.environ.get("BATCHITE_PROGRAM") or shutil.which("batchite") or sys.exit("BATCHITE_PROGRAM is not set")


def eventually(condition, what, deadline=30.0, pause=0.02):
    """The first truthy value of condition(); fails with `what` (text, or a function that tells) when time is up."""
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"after {deadline:g} s still not: {what() if callable(what) else what}")
        time.sleep(pause)


def processes_below(directory):
    """Ids of the live processes that work in `directory` or were told about it: the emulator's and its tasks'."""
    found = []
    mark = os.fsencode(directory)
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        try:
            with open(f"/proc/{entry}/stat") as stat:
                if stat.read().rsplit(")", 1)[1].split()[0] == "Z":
                    continue
            with open(f"/proc/{entry}/environ", "rb") as environ:
                if mark in environ.read() or os.fsencode(os.readlink(f"/proc/{entry}/cwd")).startswith(mark):
                    found.append(int(entry))
        except (OSError, IndexError):
            continue  # it has just ended, or is not ours to look at
    return found


class Emulator:
    """Started in its constructor; stop() ends it by SIGTERM and checks that it leaves cleanly and whole."""

    def __init__(self, *flags, environment=None):
        self.directory = tempfile.mkdtemp(prefix="batchite-sdk-")
        self.ready_file = os.path.join(self.directory, "ready")
        self.log_path = os.path.join(self.directory, "log")
        self.data_home = os.path.join(self.directory, "home")
        variables = {**os.environ, "XDG_DATA_HOME": self.data_home, "TMPDIR": self.directory, **(environment or {})}
        command = [program(), "start", "--ephemeral", "--batch-port", "0", "--blob-port", "0", "--ready-file",
                   self.ready_file, "--isolation", "auto", *flags]
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=variables)
        try:
            eventually(self._is_ready, lambda: f"`{shlex.join(command)}` is ready. It says:\n{self.log()}",
                       START_DEADLINE)
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise
        with open(self.ready_file) as file:
            line = file.read()
        match = re.fullmatch(r"batchite ready batch=(\S+) blob=(\S+) pid=(\d+)\n", line)
        if not match:
            self.process.kill()
            raise AssertionError(f"unexpected ready line: {line!r}")
        self.batch_url, self.blob_url = match[1], match[2]
        if "--tls" in flags:  # on the same ports
            self.batch_url, self.blob_url = (url.replace("http:", "https:") for url in (match[1], match[2]))
        if int(match[3]) != self.process.pid:
            raise AssertionError(f"the ready line names pid {match[3]}, but the emulator is {self.process.pid}")
        self.variables = self._environment()
        self.batch_account = self.variables["AZURE_BATCH_ACCOUNT"]
        self.batch_key = self.variables["AZURE_BATCH_ACCESS_KEY"]
        self.storage_account = self.variables["AZURE_STORAGE_ACCOUNT"]
        self.storage_key = self.variables["AZURE_STORAGE_KEY"]
        self.connection_string = self.variables["AZURE_STORAGE_CONNECTION_STRING"]
        self.blob_account_url = f"{self.blob_url}/{self.storage_account}"

    def _is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the emulator ended with {self.process.returncode}:\n{self.log()}")
        return os.path.exists(self.ready_file)

    def _environment(self):
        """What `eval "$(batchite env ...)"` puts into a shell."""
        script = 'eval "$("$0" env --batch-url "$1" --blob-url "$2")" && env -0'
        shell = subprocess.run(["sh", "-c", script, program(), self.batch_url, self.blob_url],
                               env={"PATH": os.environ["PATH"]}, stdout=subprocess.PIPE, check=True)
        pairs = (entry.split("=", 1) for entry in shell.stdout.decode().split("\0") if entry)
        return {name: value for name, value in pairs if name.startswith("AZURE_")}

    @property
    def authority(self):
        """The generated CA's certificate, with --tls."""
        for folder, _, files in os.walk(self.data_home):
            for name in files:
                if name == "ca.pem":
                    return os.path.join(folder, name)
        raise AssertionError(f"no ca.pem below {self.data_home}; the emulator says:\n{self.log()}")

    def log(self):
        with open(self.log_path, errors="replace") as file:
            return file.read()

    def stop(self):
        """Ends it as an init system would. Complains about a bad exit status and about processes left behind."""
        complaints = []
        if self.process.poll() is not None:
            complaints.append(f"the emulator ended by itself with {self.process.returncode}")
        else:
            self.process.send_signal(signal.SIGTERM)
            try:
                status = self.process.wait(STOP_DEADLINE)
                if status != 0:
                    complaints.append(f"after SIGTERM the emulator ended with {status}, not 0")
            except subprocess.TimeoutExpired:
                complaints.append(f"the emulator still ran {STOP_DEADLINE:g} s after SIGTERM")
                self.process.kill()
                self.process.wait()
        try:
            eventually(lambda: not processes_below(self.directory), "gone", 5.0)
        except AssertionError:
            left = processes_below(self.directory)
            complaints.append("processes were left behind: " + ", ".join(map(describe_process, left)))
        if os.path.exists(self.ready_file):
            complaints.append("the ready file was left behind")
        if complaints:
            raise AssertionError("; ".join(complaints) + f"\nThe emulator said:\n{self.log()}")
        shutil.rmtree(self.directory, ignore_errors=True)


def describe_process(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return f"{pid} ({file.read().replace(bytes(1), b' ').decode(errors='replace').strip()})"
    except OSError:
        return str(pid)
