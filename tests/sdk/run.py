"""Runs one file of client tests: run.py FILE, with the program under test in BATCHITE_PROGRAM.

*_test.py starts its emulator itself. *_test.js and *_test.sh are run beside one and see the variables of
`batchite env`; a name with `tls` in it means HTTPS.
Where the clients are missing it says so and ends with 77 (skipped), or with 1 if BATCHITE_SDK_TESTS=required.
"""
import importlib.util
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON_CLIENTS = {"azure.cli.core": "azure-cli", "azure.batch": "python3-azure", "azure.mgmt.batch": "python3-azure",
                  "azure.storage.blob": "python3-azure",
                  "azure.multiapi.storage": "python3-azure-multiapi-storage"}


def missing_module(name):
    try:
        return importlib.util.find_spec(name) is None
    except ModuleNotFoundError:
        return True


def missing_packages(folder, *names):
    """Of JavaScript, and what runs them."""
    lacking = [] if shutil.which("node") else ["nodejs"]
    return lacking + [f"node_modules/{name} (npm ci in tests/{folder})" for name in names
                      if not os.path.isdir(os.path.join(HERE, "..", folder, "node_modules", name))]


def missing_clients(name, kind):
    """What a test needs and this machine lacks; a shell script needs what it has its name from."""
    if kind == "py":
        packages = {package for module, package in PYTHON_CLIENTS.items() if missing_module(module)}
        if name.startswith("azurite"):
            return sorted(packages) + missing_packages("sdk/comparison", "azurite")
        return sorted(packages) + (missing_packages("sdk") if name.startswith("http2") else [])
    if kind == "js":
        return missing_packages("sdk", "@azure/batch", "@azure/storage-blob")
    return [command for command in (name.split("_")[0], "curl") if not shutil.which(command)]


def run_beside_emulator(command, tls):
    import emulator

    server = emulator.Emulator(*(["--tls"] if tls else []))
    scratch = os.path.join(server.directory, "scratch")
    os.mkdir(scratch)
    variables = {**os.environ, **server.variables, "BATCHITE_TEST_TMP": scratch, "BATCHITE_TEST_BLOB_URL": server.blob_url,
                 "AZURE_CONFIG_DIR": os.path.join(scratch, ".azure")}
    if tls:
        variables["NODE_EXTRA_CA_CERTS"] = server.authority
    status = subprocess.run(command, env=variables, cwd=scratch).returncode
    if status != 0:
        sys.stderr.write(f"The emulator said:\n{server.log()}")
    server.stop()
    return status


def main():
    path = os.path.abspath(sys.argv[1])
    name, kind = os.path.basename(path).rsplit(".", 1)
    lacking = missing_clients(name, kind)
    if lacking:
        print(f"SKIPPED: {name} needs {', '.join(lacking)}; `script/setup test` installs the clients")
        return 1 if os.environ.get("BATCHITE_SDK_TESTS") == "required" else 77
    if kind == "py":
        os.execv(sys.executable, [sys.executable, "-W", "ignore", path])
    return run_beside_emulator({"js": ["node", path], "sh": ["bash", path]}[kind], "tls" in name)


if __name__ == "__main__":
    sys.exit(main())
