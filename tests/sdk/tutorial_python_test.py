"""The tutorial's whole workflow by Python, by the blob SDK of 2018 and by today's."""
import os
import subprocess
import sys
import unittest

import clients
import emulator
import media

HERE = os.path.dirname(os.path.abspath(__file__))


def setUpModule():
    global server, folder, lengths
    server = emulator.Emulator()
    unittest.addModuleCleanup(server.stop)
    folder = os.path.join(server.directory, "work")
    lengths = media.make_videos(os.path.join(folder, "InputFiles"))


class Tutorial(unittest.TestCase):
    def run_with(self, sdk):
        """Runs the program in a folder of its own with nothing but its configuration changed."""
        place = os.path.join(folder, sdk)
        output = os.path.join(place, "OutputFiles")
        os.makedirs(output)
        with open(os.path.join(HERE, "tutorial", "config.py")) as original:
            config = original.read()
        config += "".join(f"{name} = {value!r}\n" for name, value in {
            "BATCH_ACCOUNT_NAME": server.batch_account, "BATCH_ACCOUNT_KEY": server.batch_key,
            "BATCH_ACCOUNT_URL": server.batch_url, "STORAGE_ACCOUNT_NAME": server.storage_account,
            "STORAGE_ACCOUNT_KEY": server.storage_key, "STORAGE_ACCOUNT_URL": server.blob_account_url,
            "STORAGE_SDK": sdk, "INPUT_FOLDER": os.path.join(folder, "InputFiles"), "OUTPUT_FOLDER": output,
        }.items())
        with open(os.path.join(place, "config.py"), "w") as file:
            file.write(config)
        code = (f"import sys, runpy; sys.path[:0] = [{place!r}, {os.path.join(HERE, 'tutorial')!r}]; "
                f"runpy.run_path({os.path.join(HERE, 'tutorial', 'convert_videos.py')!r}, run_name='__main__')")
        program = subprocess.run([sys.executable, "-P", "-c", code], cwd=place, text=True, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE)
        self.assertEqual(program.returncode, 0, f"the user sees:\n{program.stdout}\n{program.stderr}")
        self.assertEqual(sorted(os.listdir(output)), sorted(name + ".mp3" for name in lengths), program.stdout)
        for name, seconds in lengths.items():
            self.assertAlmostEqual(media.seconds_of_mp3(os.path.join(output, name + ".mp3")), seconds, delta=0.3)
        for number in range(len(lengths)):
            self.assertIn(f"Task{number} on tvmps_", program.stdout)
        self.assertEqual(program.stdout.count("exit code 0, stdout.txt"), len(lengths), program.stdout)

    def test_with_the_blob_sdk_of_2018(self):
        self.run_with("2018-11-09")

    def test_with_todays_blob_sdk(self):
        # The first run's containers, job and pool are gone or going, as on Azure: a new run needs its names again.
        client = clients.batch(server)
        emulator.eventually(lambda: not client.pool.exists("LinuxFfmpegPool"), "the first run's pool has been deleted")
        emulator.eventually(lambda: not list(client.job.list()), "the first run's job has been deleted")
        self.run_with("12")


if __name__ == "__main__":
    unittest.main()
